"""A new version is tried and kept or taken back, and a power cut at any point leaves one that works."""
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.store import inbox
from appliance.update import releases as module
from appliance.update.bundle import UpdateError
from spcore.uploads import Upload
from tests.update.conftest import Box

Make = Callable[..., Path]
Keys = tuple[Path, Path]


def test_a_healthy_version_is_kept(box: Box, make_bundle: Make, keys: Keys) -> None:
    assert box.releases().install(make_bundle("0.2.0"), keys[1], "0.1.0", "arm64") == "0.2.0"
    assert box.starts() == "0.2.0"
    assert box.processes.log == ["stop", "start"]
    assert sorted(path.name for path in box.root.iterdir()) == ["0.2.0", "current"]


def test_a_sick_version_is_taken_back_to_the_packaged_one(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.processes.sick = {"0.2.0"}
    with pytest.raises(UpdateError, match=r"back to 0\.1\.0"):
        box.releases().install(make_bundle("0.2.0"), keys[1], "0.1.0", "arm64")
    assert box.starts() == "packaged"
    assert list(box.root.iterdir()) == []


def test_a_sick_version_is_taken_back_to_the_one_installed_before(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.releases().install(make_bundle("0.2.0"), keys[1], "0.1.0", "arm64")
    box.processes.sick = {"0.3.0"}
    with pytest.raises(UpdateError):
        box.releases().install(make_bundle("0.3.0"), keys[1], "0.2.0", "arm64")
    assert box.starts() == "0.2.0"


def test_migrations_of_a_version_that_is_taken_back_are_undone(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.processes.sick = {"0.2.0"}
    with pytest.raises(UpdateError):
        box.releases().install(make_bundle("0.2.0", migrations=2), keys[1], "0.1.0", "arm64")
    assert box.history() == ["old"]


def test_what_was_captured_during_the_trial_stays_when_the_inbox_is_as_before(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    before, during = (Upload(at, "192.0.2.50:4000", "192.0.2.1:80", "/a", b"%d" % at, True) for at in (1, 2))
    with closing(inbox.connect(box.data)) as live:
        inbox.append(live, [before])
        version = live.execute("PRAGMA user_version").fetchone()[0]

    def migrate_and_capture() -> None:
        with closing(inbox.connect(box.data)) as live:
            if live.execute("PRAGMA user_version").fetchone()[0] == version and box.releases().current == "0.2.0":
                inbox.append(live, [during])
                live.execute("ALTER TABLE upload ADD COLUMN later TEXT")
                live.execute(f"PRAGMA user_version = {version + 1}")

    monkeypatch.setattr(box.processes, "start", migrate_and_capture)
    box.processes.sick = {"0.2.0"}
    with pytest.raises(UpdateError, match=r"back to 0\.1\.0"):
        box.releases().install(make_bundle("0.2.0", inbox_migrations=version + 1), keys[1], "0.1.0", "arm64")
    with closing(inbox.connect(box.data)) as live:
        assert live.execute("PRAGMA user_version").fetchone()[0] == version
        assert inbox.after(live, 0, 10) == [(1, before), (2, during)]


def test_where_a_database_cannot_be_given_back_the_services_run_and_the_next_boot_ends_the_trial(
        box: Box, make_bundle: Make, keys: Keys) -> None:
    """A link that leads out of the data directory, put there during the trial."""
    elsewhere, live = box.data.parent / "elsewhere.sqlite3", box.data / "suntap.sqlite3"

    def lead_away() -> bool:
        live.rename(elsewhere)
        live.symlink_to(elsewhere)
        return False

    box.processes.healthy = lead_away
    with pytest.raises(UpdateError, match="remove the link"):
        box.releases().install(make_bundle("0.2.0", migrations=2), keys[1], "0.1.0", "arm64")
    assert box.processes.log == ["stop", "start", "stop", "start"] and box.starts() == "packaged"
    live.unlink()
    elsewhere.rename(live)
    assert not box.releases().finish()
    assert box.history() == ["old"] and list(box.root.iterdir()) == []


def test_migrations_of_a_version_that_is_kept_stay(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.releases().install(make_bundle("0.2.0", migrations=2), keys[1], "0.1.0", "arm64")
    assert box.history() == ["old", "migrated"]


@pytest.mark.parametrize(("version", "architecture", "reason"), [
    ("0.1.0", "arm64", "already has 0.1.0"), ("0.0.9", "arm64", "already has"), ("0.1.0~rc1", "arm64", "already has"),
    ("0.2.0", "amd64", "for amd64"),
])
def test_an_older_same_or_foreign_version_is_refused_and_changes_nothing(
        box: Box, make_bundle: Make, keys: Keys, version: str, architecture: str, reason: str) -> None:
    with pytest.raises(UpdateError, match=reason):
        box.releases().install(make_bundle(version, architecture), keys[1], "0.1.0", "arm64")
    assert box.processes.log == [] and list(box.root.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_unpacked(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM_FACTOR", 10**15)
    with pytest.raises(UpdateError, match="room"):
        box.releases().install(make_bundle("0.2.0"), keys[1], "0.1.0", "arm64")
    assert box.processes.log == [] and list(box.root.iterdir()) == []


CHANGES = ["os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir", "open", "subprocess.Popen"]
CUT = f"""
import os, signal, sys
left = int(sys.argv[1])
def cut_after(event, arguments):
    global left
    if event in {CHANGES}:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
from pathlib import Path
from tests.update.conftest import Box
box = Box.__new__(Box)
box.root, box.data = Path(sys.argv[2]), Path(sys.argv[3])
from tests.update.conftest import Processes
box.processes = Processes(box)
box.processes.sick = set(sys.argv[5:])
sys.addaudithook(cut_after)
box.releases().install(Path(sys.argv[4]), Path(os.environ["KEY"]), "0.1.0", "arm64")
"""


@pytest.mark.parametrize("sick", [(), ("0.2.0",)])
def test_a_power_cut_at_any_step_leaves_a_version_that_works(
        tmp_path: Path, make_bundle: Make, keys: Keys, sick: tuple[str, ...]) -> None:
    """The process is really killed before every third change that it makes; then the boot finishes what it finds."""
    path, step, outcomes = make_bundle("0.2.0", migrations=2), 0, set()
    while True:
        folder = tmp_path / f"cut-{step}"
        folder.mkdir()
        box = Box(folder)
        box.processes.sick = set(sick)
        done = subprocess.run([sys.executable, "-c", CUT, str(step), str(box.root), str(box.data), str(path), *sick],
                              env={**os.environ, "KEY": str(keys[1])}, capture_output=True, check=False)
        assert box.starts() in ("packaged", "0.2.0")
        box.releases().finish()
        outcomes.add(box.starts())
        assert box.starts() == "packaged" or not sick
        assert box.history()[0] == "old" and (not sick or box.history() == ["old"])
        assert not (box.root / module.TRIAL).exists()
        if done.returncode != -signal.SIGKILL:
            break
        step += 3
    assert step > 10
    assert outcomes == ({"packaged"} if sick else {"packaged", "0.2.0"})
