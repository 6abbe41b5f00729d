"""The releases folder: versions side by side, the link to the current one, the trial of a new one.

Every step is durable before the next one begins (see the package's theory). Removing and copying may be interrupted:
unfinished files carry the suffix .part, and the next install removes them.
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
PACKAGED = ""                           # stands for the version that came with the image
TREE = Path("usr/lib/suntap")           # folder of the modules inside a release
DATABASES = {"inbox": "inbox.sqlite3", "store": "suntap.sqlite3"}   # by schema (folder below appliance/store/sql)
ROOM_FACTOR = 8                         # free space needed to unpack and compile a package, in package sizes

log = logging.getLogger(__name__)


class Services(Protocol):
    """The service processes, run by systemd or by a test."""

    def stop(self) -> None: ...
    def start(self) -> None: ...
    def healthy(self) -> bool:
        """Wait, at most two minutes, until they have worked for a while. Returns False if they have not."""
        ...


class Releases:
    """The releases folder `root`. `data_dir` holds the databases that a new version may migrate."""

    def __init__(self, root: Path, data_dir: Path, services: Services) -> None:
        self.root, self.data_dir, self.services = root, data_dir, services

    @property
    def current(self) -> str:
        """The version that the link `current` names; PACKAGED without the link."""
        try:
            return os.readlink(self.root / CURRENT)
        except FileNotFoundError:
            return PACKAGED

    def install(self, path: Path, public_key: Path, running: str, architecture: str,
                tell: Callable[[str], None] = lambda text: None) -> str:
        """Install the bundle at `path`, try it and return its version.

        The version must be newer than `running` and fit `architecture`. `tell` receives a sentence before each step.
        Raises UpdateError if the bundle is refused, or if the version did not work and was taken back.
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
        """End a trial that is under way: keep the version if it is healthy, else go back.

        Returns True if the version was kept or no trial was under way. The packaged version also calls this at boot,
        after a power cut during a trial.
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
        finally:  # if a database cannot be restored (full disk), capturing goes on; the next boot tries again
            self.services.start()
        return False

    def _place(self, package: Path, version: str) -> None:
        """Unpack into a separate folder. It gets its final name only when it is complete and on the disk."""
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
        """Stop the services, copy the databases that the new version will migrate, record the trial, switch, start."""
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
        """Copy each database that the new version will migrate: it has newer migrations than the database."""
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
        """Undo the migrations of a version that is taken back. Restores a copy only if its database was migrated.

        The PVS does not send the uploads of the trial again: they are added to the copy before it becomes the inbox.
        """
        for schema, name in DATABASES.items():
            kept, target = self._kept(version, name), self._live(name)
            if kept.exists() and _user_version(kept) != _user_version(target):
                if schema == "inbox":
                    _add_uploads(target, kept)
                with closing(sqlite3.connect(kept)) as source, closing(sqlite3.connect(target)) as live:
                    source.backup(live)

    def _live(self, name: str) -> Path:
        """Return the path of the database in use. Raises UpdateError if a link leads out of the data directory.

        The page's user owns that directory, so a link in it cannot be trusted.
        """
        home = self.data_dir.resolve()
        path = (home / name).resolve()
        if path not in (home / name, home / "inbox" / name):
            raise UpdateError(f"{self.data_dir / name} leads to {path}, no database of suntap: remove the link")
        return path

    def _kept(self, version: str, name: str) -> Path:
        return self.root / f"before-{version}-{name}"

    def _sweep(self) -> None:
        """Remove unfinished folders, versions that are not current, and copied databases.

        Removes nothing while a trial is under way: finish() needs all of it after a power cut.
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
    """Add the uploads of `source` to `target`, an inbox of an earlier schema. Columns new in `source` are dropped."""
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
