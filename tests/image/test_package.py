"""The package on a clean Debian 12 and 13: installed, used, upgraded, removed, installed again, purged.

One root file system per release tells the story in order. No systemd runs in it (test_boot.py boots one): checked is
what dpkg leaves on the disk, and that the compiled modules run under that release's Python. Each command runs in mount
and process namespaces of its own, so nothing stays mounted or running whatever fails. The clean root file systems are
kept between runs, as the builds' other slow parts are (image/lib.sh).
"""
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import __version__
from tests.image.conftest import TOP, build

pytestmark = [pytest.mark.image, pytest.mark.root]

CAPTURE = TOP / "tests/captures/plain_day.pcap"
WANTED = {f"suntap-{name}" for name in ("capture.service", "supervisor.service", "web.service", "web.socket",
                                        "collector.service", "redirect.service", "capture-settings.path",
                                        "restore.path")}
STATE = ("/var/lib/suntap", "/etc/suntap")
NOT_OURS = ("/var/lib/dpkg", "/var/log", "/var/cache", "/proc", "/dev", "/sys", "/run", "/tmp")
RELEASES = {"bookworm": "3.11", "trixie": "3.13"}     # and its Python
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
               "HOME": "/root"}
# SUITE ARCHITECTURE PACKAGES: prints the tar of a root file system with them, made where the cache has none.
CLEAN = """
. image/lib.sh
make_root() { quietly nice mmdebstrap --quiet --variant=minbase --format=tar --arch="$2" --include="$3" "$1" "$4"; }
kept "clean-$1-$2" "$(echo "$3" | hash)" make_root "$1" "$2" "$3"
"""


def output(*command: str | Path) -> str:
    return subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def architecture() -> str:
    return output("dpkg", "--print-architecture")


@pytest.fixture(scope="module")
def package() -> Path:
    """The .deb for this machine."""
    arch = architecture()
    if arch not in ("amd64", "arm64"):
        pytest.skip("only for amd64 and arm64: the package is made for these")
    build(["sh", "image/deb/build.sh", arch])
    return TOP / f"build/suntap_{__version__}_{arch}.deb"


@pytest.fixture(scope="module")
def older(package, tmp_path_factory) -> Path:
    """The same package with a lower version and one file more."""
    work = tmp_path_factory.mktemp("older")
    subprocess.run(["dpkg-deb", "--raw-extract", package, work / "tree"], check=True)
    control = work / "tree/DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 0.0.1", control.read_text()))
    (work / "tree/usr/lib/suntap/appliance/gone.py").write_text("")
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", work / "tree", work / "older.deb"],
                   check=True, stdout=subprocess.DEVNULL)
    return work / "older.deb"


class Root:
    """A root file system and what is done in it."""

    def __init__(self, path: Path, suite: str) -> None:
        self.path, self.suite = path, suite

    def run(self, *command: str) -> str:
        """A command inside; its output. Fails the test when it fails."""
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={self.path}",
                               "--mount-proc", *command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env=ENVIRONMENT)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def install(self, deb: Path) -> str:
        (self.path / "tmp/suntap.deb").write_bytes(deb.read_bytes())
        return self.run("dpkg", "--install", "/tmp/suntap.deb")

    def files(self) -> set[str]:
        """Every path that a package, or its scripts, could leave behind."""
        found = set()
        for folder, below, names in os.walk(self.path):
            inside = os.path.normpath("/" + os.path.relpath(folder, self.path))
            below[:] = [name for name in below if os.path.join(inside, name) not in NOT_OURS]
            found |= {os.path.join(inside, name) for name in (*below, *names)}
        return {path for path in found if "__pycache__" not in path or "suntap" in path}

    def state(self) -> dict[str, tuple[int, str, str]]:
        """Mode, owner and group of data and settings, by path."""
        text = self.run("find", *STATE, "-printf", "%p %m %u %g\n")
        return {path: (int(mode, 8), user, group) for path, mode, user, group in map(str.split, text.splitlines())}

    def enabled(self) -> set[str]:
        folder = self.path / "etc/systemd/system"
        return {link.name for link in folder.rglob("suntap*") if link.is_symlink()}


@pytest.fixture(scope="module", params=RELEASES)
def root(request, package, tmp_path_factory) -> Iterator[Root]:
    """A clean root file system with what the package depends on, and nothing of it yet."""
    depends = output("dpkg-deb", "--field", package, "Depends")
    names = ",".join(sorted({re.split(r"[\s:(|]", entry.strip())[0] for entry in depends.split(",")} | {"systemd"}))
    made = output("sh", "-c", CLEAN, "-", request.param, architecture(), names)
    path = tmp_path_factory.mktemp(request.param)
    subprocess.run(["tar", "-xpf", made, "--numeric-owner", "--exclude=./dev/*", "-C", path], check=True)
    policy = path / "usr/sbin/policy-rc.d"      # nothing may start here
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    os.mknod(path / "dev/null", 0o666 | 0o020000, os.makedev(1, 3))
    (path / "dev/null").chmod(0o666)
    os.mknod(path / "dev/urandom", 0o666 | 0o020000, os.makedev(1, 9))
    yield Root(path, request.param)
    subprocess.run(["rm", "-rf", "--one-file-system", path], check=True)


@pytest.fixture(scope="module")
def before(root) -> set[str]:
    return root.files()


def test_it_is_installed_with_users_folders_and_units_and_without_complaint(root, before, older):
    said = root.install(older)
    assert not re.search(r"(?i)warning|error|fail", said), said
    assert root.run("dpkg", "--verify", "suntap") == ""
    state = root.state()
    assert state["/etc/suntap"] == (0o750, "suntap", "suntap")
    assert state["/var/lib/suntap"] == (0o770, "root", "suntap")
    assert state["/var/lib/suntap/inbox"] == (0o2750, "suntap-capture", "suntap-capture")
    assert state["/var/lib/suntap/inbox/inbox.sqlite3"] == (0o640, "suntap-capture", "suntap-capture")
    assert state["/var/lib/suntap/suntap.sqlite3"] == (0o600, "suntap", "suntap")
    assert root.enabled() == WANTED
    for user in ("suntap", "suntap-capture", "suntap-redirect"):
        entry = root.run("getent", "passwd", user)
        assert entry.strip().endswith("nologin") and root.run("passwd", "--status", user).split()[1] in ("L", "LK")


def test_its_compiled_modules_run_and_take_in_a_day(root):
    assert root.run("python3", "--version").startswith(f"Python {RELEASES[root.suite]}.")
    (root.path / "tmp/day.pcap").write_bytes(CAPTURE.read_bytes())
    (root.path / "etc/suntap/suntap.toml").write_text('[site]\ntimezone = "Europe/Berlin"  # mine\n')
    root.run("sh", "-c", "cd /etc/suntap; chown suntap: suntap.toml; chmod 600 suntap.toml")   # as the page writes it
    root.run("suntap", "import", "/tmp/day.pcap")
    assert len(root.run("suntap", "export", "days").splitlines()) > 1
    assert "ok       pcapy-ng" in root.run("sh", "-c", "suntap doctor || true")


def test_an_upgrade_keeps_data_and_settings_and_drops_what_the_new_version_lacks(root, package):
    days, settings = root.run("suntap", "export", "days"), (root.path / "etc/suntap/suntap.toml").read_text()
    assert (root.path / "usr/lib/suntap/appliance/gone.py").exists()
    said = root.install(package)
    assert not re.search(r"(?i)warning|error|fail|conffile", said), said
    assert root.run("dpkg", "--verify", "suntap") == ""
    assert not (root.path / "usr/lib/suntap/appliance/gone.py").exists()
    assert root.run("suntap", "export", "days") == days
    assert (root.path / "etc/suntap/suntap.toml").read_text() == settings
    assert root.enabled() == WANTED
    state = root.state()    # what root made becomes the services' again
    assert state["/var/lib/suntap/suntap.sqlite3"] == (0o600, "suntap", "suntap")
    assert state["/etc/suntap/suntap.toml"] == (0o600, "suntap", "suntap")


def test_removed_it_keeps_data_and_settings_only_and_installed_again_they_are_there(root, before, package):
    days = root.run("suntap", "export", "days")
    root.run("dpkg", "--remove", "suntap")
    left = {path for path in root.files() - before if not path.startswith(STATE) and "deb-systemd-helper" not in path}
    assert {path for path in left if not path.startswith("/etc/systemd/system")} == set()
    assert (root.path / "etc/suntap/suntap.toml").exists()
    root.install(package)
    assert root.run("suntap", "export", "days") == days
    assert root.enabled() == WANTED


def test_purged_it_leaves_nothing_but_the_users(root, before):
    root.run("dpkg", "--purge", "suntap")
    assert root.files() - before == set()
    assert root.enabled() == set()
    for user in ("suntap", "suntap-capture", "suntap-redirect"):
        root.run("getent", "passwd", user)


def test_after_all_that_it_can_be_installed_once_more(root, package):
    root.install(package)
    assert root.enabled() == WANTED
    assert root.run("suntap", "--version").split()[-1] in package.name
