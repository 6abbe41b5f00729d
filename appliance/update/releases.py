"""The releases folder: versions side by side, the link to the current one, the trial of a new one.

Every step is durable before the next one begins (see the package's theory). Removing and copying may be cut short: what
is half done carries the suffix .part and is swept away by the next install.
"""
import json
import logging
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from appliance.system.files import write_atomic
from appliance.update import bundle
from appliance.update.bundle import UpdateError

CURRENT, TRIAL = "current", "trial.json"
PACKAGED = ""                           # the name of the version that came with the image
TREE = Path("usr/lib/suntap")           # inside a release: where the package puts its modules
DATABASES = {"inbox": "inbox.sqlite3", "store": "suntap.sqlite3"}   # by schema (folder below appliance/store/sql)
ROOM_FACTOR = 8                         # an unpacked package with byte code takes less than this times its size

log = logging.getLogger(__name__)


class Services(Protocol):
    """The three processes, as systemd or a test runs them."""

    def stop(self) -> None: ...
    def start(self) -> None: ...
    def healthy(self) -> bool:
        """Wait, two minutes at most, until they have worked for a while; False when they do not."""
        ...


class Releases:
    """The folder `root`; `data_dir` has the databases that a new version may migrate."""

    def __init__(self, root: Path, data_dir: Path, services: Services) -> None:
        self.root, self.data_dir, self.services = root, data_dir, services

    @property
    def current(self) -> str:
        """The version that `current` names, or PACKAGED."""
        try:
            return os.readlink(self.root / CURRENT)
        except FileNotFoundError:
            return PACKAGED

    def install(self, path: Path, public_key: Path, running: str, architecture: str,
                tell: Callable[[str], None] = lambda text: None) -> str:
        """Install the bundle at `path` and try it; its version. It must be newer than `running` and fit `architecture`.

        `tell` hears what is done next. Raises UpdateError when it is refused, or was tried and taken back.
        """
        tell("Checking the file.")
        if (self.root / TRIAL).exists():
            raise UpdateError("another update is being tried: wait two minutes")
        package = self.root / "package.part"
        try:
            manifest = bundle.read(path, public_key, package)
            if manifest.architecture != architecture:
                raise UpdateError(
                    f"the update is for {manifest.architecture}, this box is {architecture}: take the other file")
            if not _newer(manifest.version, running):
                raise UpdateError(f"the update has version {manifest.version}, this box already has {running}")
            tell(f"Installing version {manifest.version} beside {running}.")
            self._place(package, manifest.version)
            tell(f"Version {manifest.version} is on trial: it has two minutes to show that it works.")
            self._begin(manifest.version)
        except BaseException:
            self._sweep()
            raise
        if not self.finish():
            raise UpdateError(f"version {manifest.version} did not work: back to {running}")
        return manifest.version

    def finish(self) -> bool:
        """End a trial that is under way: keep the version when it is healthy, else go back. True when it was kept.

        Also called at boot, by the packaged version, after a power cut during a trial.
        """
        try:
            trial = json.loads((self.root / TRIAL).read_text())
        except FileNotFoundError:
            return True
        if self.current == trial["version"] and self.services.healthy():
            (self.root / TRIAL).unlink()
            _sync(self.root)
            self._sweep()
            return True
        self.services.stop()
        try:
            self._point(trial["previous"])
            self._give_back(trial["version"])
            (self.root / TRIAL).unlink()
            _sync(self.root)
            self._sweep()
        finally:  # a database that cannot be given back (full disk) ends no capturing; the next boot tries again
            self.services.start()
        return False

    def _place(self, package: Path, version: str) -> None:
        """Unpack into a folder of its own, complete and on the disk before it gets its name."""
        size = package.stat().st_size
        if shutil.disk_usage(self.root).free < ROOM_FACTOR * size:
            raise UpdateError(f"not enough room on the data partition: {ROOM_FACTOR * size >> 20} MiB are needed")
        target, part = self.root / version, self.root / f"{version}.part"
        shutil.rmtree(target, ignore_errors=True)
        _run("dpkg-deb", "--extract", str(package), str(part))
        if not (part / TREE / "appliance/cli/__main__.py").exists():
            raise UpdateError("the package in the update is not suntap's")
        _run("python3", "-m", "compileall", "-q", str(part / TREE))
        package.unlink()
        os.sync()
        part.rename(target)
        _sync(self.root)

    def _begin(self, version: str) -> None:
        """Stop, keep the databases that the new version will migrate, write down the trial, switch, start."""
        self.services.stop()
        try:
            self._keep(version)
            trial = {"version": version, "previous": self.current}
            write_atomic(self.root / TRIAL, json.dumps(trial).encode())
            self._point(version)
        finally:
            self.services.start()

    def _point(self, version: str) -> None:
        link = self.root / f"{CURRENT}.part"
        link.unlink(missing_ok=True)
        if version == PACKAGED:
            (self.root / CURRENT).unlink(missing_ok=True)
        else:
            link.symlink_to(version)
            link.rename(self.root / CURRENT)
        _sync(self.root)

    def _keep(self, version: str) -> None:
        """Copy each database whose schema the new version has more migrations for than were applied."""
        for schema, name in DATABASES.items():
            source = self._live(name)
            steps = list((self.root / version / TREE / "appliance/store/sql" / schema).glob("*.sql"))
            newest = max((int(step.name.split("_")[0]) for step in steps), default=0)
            if not source.exists() or newest <= _user_version(source):
                continue
            with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(self._kept(version, name))) as kept:
                live.backup(kept)
        _sync(self.root)

    def _give_back(self, version: str) -> None:
        """Undo migrations of a version that is taken back: where a copy was kept, and only if the file was migrated.

        What was captured during the trial was sent once only: it is added to the copy before that becomes the inbox.
        """
        for schema, name in DATABASES.items():
            kept, target = self._kept(version, name), self._live(name)
            if kept.exists() and _user_version(kept) != _user_version(target):
                if schema == "inbox":
                    _add_uploads(target, kept)
                with closing(sqlite3.connect(kept)) as source, closing(sqlite3.connect(target)) as live:
                    source.backup(live)

    def _live(self, name: str) -> Path:
        """The database in use. The page's user owns the data directory: a link that leads out of it is not followed."""
        home = self.data_dir.resolve()
        path = (home / name).resolve()
        if path not in (home / name, home / "inbox" / name):
            raise UpdateError(f"{self.data_dir / name} leads to {path}, no database of suntap: remove the link")
        return path

    def _kept(self, version: str, name: str) -> Path:
        return self.root / f"before-{version}-{name}"

    def _sweep(self) -> None:
        """Remove what no step needs any more: unfinished folders, versions that are not current, kept databases.

        While a trial is under way (a power cut will end it) everything may be needed.
        """
        if (self.root / TRIAL).exists():
            return
        for path in self.root.iterdir():
            if path.name in (CURRENT, TRIAL, self.current):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _add_uploads(source: Path, target: Path) -> None:
    """Add the uploads of `source` to `target`, an inbox of an earlier schema, as far as that knows their columns."""
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as inbox:
            columns = ", ".join('"' + row[1].replace('"', '""') + '"'
                                for row in inbox.execute("PRAGMA table_info(upload)"))
            inbox.execute("ATTACH ? AS newer", (str(source),))
            inbox.execute(f"INSERT OR IGNORE INTO main.upload ({columns}) SELECT {columns} FROM newer.upload")
    except sqlite3.Error as error:
        log.warning("uploads captured during the trial cannot be kept: %s", error)


def _newer(version: str, than: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", version, "gt", than], check=False).returncode == 0


def _user_version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UpdateError(f"{command[0]}: {done.stderr.strip() or 'failed'}")
