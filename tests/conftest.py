"""What holds for every test: what a machine cannot run is skipped with its reason, and in CI that is a failure.

The last line of a run is its count: "N passed, N failed, N skipped", and "; N attacks withstood" if tests/attack ran.
With CI=true a test may be skipped only for a reason in ALLOWED: a tool that was not installed must not hide behind a
green run. With several workers (`./run test` runs four) the process that started them counts, and gets what they note
for the end of the run.
"""
import os
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from tests.folders import keep_in_memory
from tests.notes import notes

settings.register_profile("suntap", deadline=None)  # a busy machine is no failure
settings.load_profile("suntap")
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it, and pass that on

IMAGE, CONTAINER = Path(__file__).parent / "image", Path(__file__).parent / "container"
SANITIZERS = Path(__file__).parent / "spcore/test_fuzz.py"
CI = os.environ.get("CI") == "true"
ALLOWED = ("only for ",)    # "only for arm64": another architecture's or kernel's test

counts = {"passed": 0, "failed": 0, "skipped": 0}
attacks: set[str] = set()   # node ids of attacks that passed
left_out: list[str] = []    # node ids of tests that nobody asked for
seen: set[str] = set()


def pytest_configure(config: pytest.Config) -> None:
    """Folders in memory, but for the tests whose folders hold whole cards or containers."""
    if not asked(config, IMAGE) and not asked(config, CONTAINER):
        keep_in_memory()


def asked(config: pytest.Config, folder: Path) -> bool:
    """Whether tests in `folder` were named to be run."""
    chosen = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    return any(path == folder or folder in path.parents for path in chosen)


@pytest.fixture(autouse=True)
def temporary_folder_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page and the stand-in's listener choose a folder for temporary files: for their process, not for ours."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)


@cache
def lacks_root() -> str:
    """Why tests that need root are skipped here; "" where they can run. `ip netns` mounts, and so do the tests of full
    disks and power cuts: in a container or chroot without mount namespaces neither works."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return "needs root and iproute2: run it with sudo"
    probe = ["unshare", "--mount", "--net", "mount", "--make-rslave", "/"]
    if subprocess.run(probe, check=False, stderr=subprocess.DEVNULL).returncode:
        return "needs mount namespaces, which this container or chroot does not allow"
    return ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Markers become skips where the machine lacks something; image tests, those with Home Assistant, those of the
    container and those under the sanitizers run only when they are asked for."""
    markers = {name for name, is_asked in {
        "image": asked(config, IMAGE), "homeassistant": "SUNTAP_HOMEASSISTANT" in os.environ,
        "container": "SUNTAP_CONTAINER" in os.environ}.items() if not is_asked}
    unasked = [item for item in items if any(marker.name in markers for marker in item.iter_markers())
               or (item.path == SANITIZERS and not asked(config, SANITIZERS))]
    left_out[:] = [item.nodeid for item in unasked]
    config.hook.pytest_deselected(items=unasked)
    items[:] = [item for item in items if item not in unasked]
    lacking = {
        "root": lacks_root(),
        "browser": "" if shutil.which("chromium") or shutil.which("chromium-browser") else "needs Debian's chromium",
    }
    for item in items:
        for marker, reason in lacking.items():
            if reason and marker in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """In CI a skip without an allowed reason is a failure."""
    report = (yield).get_result()
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        if not reason.startswith(ALLOWED):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count each test once: by its call, or by the phase that failed or skipped it."""
    if report.when == "call" or not report.passed:
        if report.passed and report.nodeid in seen:
            return
        outcome = report.outcome
        if report.nodeid in seen and outcome == "failed":  # passed, then its teardown failed
            counts["passed"] -= 1
        seen.add(report.nodeid)
        counts[outcome] += 1
        if report.nodeid.startswith("tests/attack/"):
            (attacks.add if outcome == "passed" else attacks.discard)(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A file that cannot be collected is a failure, in CI also one that skips itself."""
    if report.failed or (report.skipped and CI):
        counts["failed"] += 1
    elif report.skipped:
        counts["skipped"] += 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """What this file counted as failed decides as well."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput.update(notes=notes, left_out=left_out)
    elif counts["failed"] and session.exitstatus == 0:
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """A worker of pytest-xdist ends: take over what it noted."""
    output = getattr(node, "workeroutput", {})
    notes.extend(output.get("notes", []))
    left_out[:] = output.get("left_out", left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests noted, such as what was hit by kills and the seed that hits it again."""
    if notes:
        terminalreporter.section("noted")
        for line in notes:
            terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The closing line, after pytest's own."""
    if hasattr(config, "workerinput"):
        return
    if left_out:
        print(f"{len(left_out)} tests were not asked for: `./run test image` builds and boots the image, "
              "`./run test outputs` installs Home Assistant, `./run test container` builds and starts the container, "
              "`./run test sanitizers` compiles the core for them")
    if not config.option.collectonly:
        withstood = f"; {len(attacks)} attacks withstood" if attacks else ""
        print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts) + withstood)
