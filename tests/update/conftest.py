"""Keys, update files and a box for the update tests: real openssl, real SQLite, the real choice of the slot on a card
of three megabytes, an invented RAUC and invented services."""
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.health import news
from appliance.system.clock import Clock
from appliance.update import boot_choice, bundle, fixes, index, trial
from appliance.update.bundle import Manifest, UpdateError
from appliance.update.install import Installer
from appliance.update.trial import Folder, Trial

RUNNING = "0.1.0+20260401"
PORTS = 2


def make_key(folder: Path, name: str) -> tuple[Path, Path]:
    """An ed25519 key pair: (private, public) PEM files."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(private)], check=True)
    subprocess.run(["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)], check=True)
    return private, public


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_key(tmp_path_factory.mktemp("keys"), "maker")


@pytest.fixture
def make_bundle(tmp_path: Path, keys: tuple[Path, Path]) -> Callable[..., Path]:
    """make_bundle("0.2.0", architecture="arm64", key=..., migrations=1): an update file with a system of that version.

    Its content is what the invented RAUC writes to the slot: the version, and how many migrations its history has.
    `migrations`, `inbox_migrations`: how many its history and its inbox have in all.
    """
    def make(version: str, architecture: str = "arm64", key: Path | None = None, migrations: int = 1,
             inbox_migrations: int = 0) -> Path:
        system = tmp_path / f"{version}-{architecture}.raucb"
        system.write_bytes(f"{version} {migrations} {inbox_migrations}\n".encode() + bytes(3000))
        bundle.write(target := tmp_path / f"{version}-{architecture}.bundle", system, Manifest(
            version, architecture, 0, "0" * 64, {"store": migrations, "inbox": inbox_migrations}), key or keys[0])
        return target
    return make


NOON = 1_778_342_400.0      # 2026-05-09 16:00 UTC
MADE = int(NOON) - 86400
STATUS = """Package: openssl
Status: install ok installed
Version: 3.5.4-1
Architecture: arm64

Package: libssl3t64
Status: install ok installed
Source: openssl
Version: 3.5.4-1
Conffiles:
 /etc/x 1

Package: base-files
Status: install ok installed
Version: 13.8

Package: gone
Status: deinstall ok config-files
Version: 1.0
"""
LISTED = {"openssl": "3.5.4-1+deb13u1", "libssl3t64": "3.5.4-1+deb13u1", "gone": "2.0", "absent": "1.0"}


@pytest.fixture
def clock() -> Clock:
    """Stands still."""
    return Clock(0.0, NOON, 0.0)


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This system is a box with Debian 13 that lacks one fix; returns its dpkg status."""
    status = tmp_path / "dpkg-status"
    status.write_text(STATUS)
    monkeypatch.setattr(fixes, "suite", lambda: "trixie")
    monkeypatch.setattr(fixes, "architecture", lambda: "arm64")
    monkeypatch.setattr(news, "STATUS", status)
    return status


@pytest.fixture
def make_index(tmp_path: Path, keys: tuple[Path, Path]) -> Callable[..., Path]:
    """make_index(version="0.9.0", made=..., key=...): a signed index with LISTED, or with `listed`."""
    def make(version: str = "0.9.0", listed: dict[str, str] | None = None, key: Path | None = None,
             **more: object) -> Path:
        facts: dict[str, object] = {"version": version, "bundle": f"suntap-{version}-arm64.suntap-update",
                                    "architecture": "arm64", "suite": "trixie", "debian": "2026-05-08", "made": MADE,
                                    "size": 0, "sha256": ""}
        target = tmp_path / "suntap-arm64.index"
        index.write(target, LISTED if listed is None else listed, index.Index(**{**facts, **more}), key or keys[0])
        return target
    return make


class Card:
    """The two slots, by their files, and the card's first megabytes, on which U-Boot's choice is. RAUC of a box."""

    def __init__(self, folder: Path, booted: str = "A") -> None:
        self.folder, self.booted, self.other = folder, booted, "B" if booted == "A" else "A"
        self.device, self.restarts = folder / "card", 0

    def make(self) -> None:
        """As flashed: a system in slot A, none in B."""
        self.device.write_bytes(bytes(3 << 20))
        (self.folder / "A").write_text(f"{RUNNING} 1 0")
        (self.folder / "B").write_text("")

    def write(self, bundle: Path, tell: Callable[[int], None]) -> None:
        tell(0)
        content = bundle.read_bytes().partition(b"\n")[0].decode()
        if content.startswith("0.6.6"):
            raise UpdateError("the system could not be written to the card: no such luck")
        (self.folder / self.other).write_text("half of it")
        (self.folder / self.other).write_text(content)
        tell(100)

    def try_other(self) -> None:
        self._choose(boot_choice.read(self.device).start_next(self.other))

    def stay(self) -> None:
        self._choose(boot_choice.read(self.device).start_next(self.booted))

    def keep(self) -> None:
        self._choose(boot_choice.read(self.device).judge(self.booted, good=True))

    def give_up(self) -> None:
        self._choose(boot_choice.read(self.device).judge(self.booted, good=False))

    def restart(self) -> None:
        self.restarts += 1

    def _choose(self, choice: boot_choice.Choice) -> None:
        boot_choice.write(self.device, choice)

    def start(self) -> "Card":
        """As U-Boot does it: count a try down, then start. The card as the slot sees it that runs then."""
        choice = boot_choice.read(self.device)
        if choice.trial and choice.tries:
            self._choose(boot_choice.Choice(choice.kept, choice.trial, choice.tries - 1))
        return Card(self.folder, choice.primary)

    @property
    def version(self) -> str:
        """Of the system that runs."""
        return (self.folder / self.booted).read_text().split()[0]


class Processes:
    """Services that are as healthy as `sick` (versions that do not work) says, and migrate like the real ones."""

    def __init__(self, box: "Box") -> None:
        self.box, self.log = box, []
        self.sick: set[str] = set()

    def stop(self) -> None:
        self.log.append("stop")

    def start(self) -> None:
        self.log.append("start")
        steps = int((self.box.card.folder / self.box.card.booted).read_text().split()[1])
        with closing(sqlite3.connect(self.box.data / "suntap.sqlite3")) as store:
            if steps > store.execute("PRAGMA user_version").fetchone()[0]:
                store.execute(f"PRAGMA user_version = {steps}")
                store.execute("INSERT INTO t VALUES ('migrated')")
                store.commit()

    def healthy(self, ports: int) -> bool:
        self.log.append(f"healthy {ports}")
        return self.box.card.version not in self.sick


class Box:
    """A card, root's folder, and a data folder with a history at migration 1."""

    def __init__(self, folder: Path) -> None:
        self.root, self.data = folder / "update", folder / "data"
        self.card, self.processes = Card(folder), Processes(self)
        if not self.root.exists():
            self.root.mkdir()
            self.data.mkdir()
            self.card.make()
            with closing(sqlite3.connect(self.data / "suntap.sqlite3")) as store:
                store.executescript("PRAGMA user_version = 1; CREATE TABLE t (x); INSERT INTO t VALUES ('old')")

    @property
    def folder(self) -> Folder:
        return Folder(self.root)

    def installer(self) -> Installer:
        return Installer(self.folder, self.data, self.card, self.processes, lambda: PORTS)

    def install(self, path: Path, public_key: Path, running: str = RUNNING, architecture: str = "arm64") -> str:
        with open(path, "rb") as source:
            return self.installer().install(source, public_key, running, architecture)

    def restart(self, tell: Callable[[str], None] = lambda text: None) -> Trial | None:
        """A start from power-on on, until nothing happens by itself any more; the trial that ended."""
        ended = None
        while True:
            self.card = self.card.start()
            ended = trial.begin(self.folder, self.data, self.card) or ended
            self.processes.start()
            try:
                return trial.finish(self.folder, self.card, self.processes, tell) or ended
            except UpdateError:
                assert self.card.restarts

    def history(self) -> list[str]:
        with closing(sqlite3.connect(self.data / "suntap.sqlite3")) as store:
            return [row[0] for row in store.execute("SELECT x FROM t")]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)
