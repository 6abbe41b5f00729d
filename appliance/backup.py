"""One file that carries everything over to another box: inbox, history, settings, the page's password.

Theory: a backup is a gzipped tar with a manifest (version, hashes) in front. Databases are copied by SQLite itself, so
a backup of running processes is one consistent state. Restoring first checks everything and only then changes anything:
history and settings become those of the backup; uploads are added to the inbox, so what was captured since stays and
is derived next, because the ledger knows which inbox its cursor is of. Restoring twice is the same as once.
The file holds the PVOutput key: mode 0600.
"""
import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from appliance import __version__, settings, store
from appliance.clock import Clock
from appliance.files import PRIVATE, adopt_owner, write_atomic
from appliance.store import inbox

FORMAT = 1
MANIFEST, SETTINGS, PASSWORD = "manifest.json", "suntap.toml", "web-auth.json"
INBOX, STORE = "inbox.sqlite3", "suntap.sqlite3"
MAX_MANIFEST = 65536
MAX_SMALL = 1 << 20             # settings and password file
HEADROOM = 64 << 20             # bytes that stay free on the disk beside the unpacked files


class _Frugal(gzip.GzipFile):
    """Unpacks in small reads only: the header of a made-up archive may claim a name of gigabytes."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MAX_SMALL:
            raise tarfile.ReadError("a header in it is too large")
        return super().read(size)


class BackupError(Exception):
    """The file is no backup that can be restored here, or there is no room. One line."""


def create(target: Path, settings_path: Path, data_dir: Path, clock: Clock) -> None:
    """Write a backup to `target` (replaced in one step). Raises OSError, sqlite3.Error."""
    with tempfile.TemporaryDirectory(prefix=".suntap-backup-", dir=target.parent) as scratch:
        folder = Path(scratch)
        _snapshot(inbox.connect(data_dir, readonly=True), folder / INBOX)
        _snapshot(store.connect(data_dir, readonly=True), folder / STORE)
        for source, name in ((settings_path, SETTINGS), (data_dir / PASSWORD, PASSWORD)):
            with suppress(FileNotFoundError):
                (folder / name).write_bytes(source.read_bytes())
        files = {path.name: {"size": path.stat().st_size, "sha256": _sha256(path)} for path in sorted(folder.iterdir())}
        manifest = {"format": FORMAT, "version": __version__, "created": int(clock.time()), "files": files}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
        packed = folder / "packed"
        with open(packed, "xb", opener=_private) as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as archive:
                for name in [MANIFEST, *files]:
                    archive.add(folder / name, name, filter=_anonymous)
            file.flush()
            os.fsync(file.fileno())
        os.replace(packed, target)


def restore(source: Path, settings_path: Path, data_dir: Path) -> dict[str, Any]:
    """Check the backup `source` and put it back.

    → {"uploads": added to the inbox, "created": when it was made, "note": "" or why uploads were not added}.

    The caller holds the supervisor's lock. Raises BackupError before anything was changed; OSError and sqlite3.Error
    when the disk fails on the way: then restoring again completes it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".suntap-restore-", dir=data_dir) as scratch:
        folder = Path(scratch)
        created = _unpack(source, folder)
        with closing(store.connect(data_dir)) as target, closing(store.connect(folder)) as saved:
            saved.backup(target)
        try:
            uploads, note = _add_uploads(folder / INBOX, data_dir), ""
        except sqlite3.Error as error:  # the services may read the inbox only: the history is whole without it
            uploads, note = 0, f"the uploads were not added to the inbox: {error}"
        for name, place in ((SETTINGS, settings_path), (PASSWORD, data_dir / PASSWORD)):
            if (folder / name).exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(place.resolve(), (folder / name).read_bytes())
        for name in (INBOX, STORE):
            adopt_owner(data_dir / name)
    return {"uploads": uploads, "created": created, "note": note}


def check(source: Path, scratch_dir: Path) -> int:
    """Check that `source` is a backup that can be restored here; when it was made. Raises BackupError, OSError."""
    with tempfile.TemporaryDirectory(prefix=".suntap-check-", dir=scratch_dir) as scratch:
        return _unpack(source, Path(scratch))


def _unpack(source: Path, folder: Path) -> int:
    """Unpack `source` into the empty `folder`, checking everything; when it was made (seconds since 1970 UTC)."""
    try:
        with _Frugal(source, "rb") as plain, tarfile.open(fileobj=plain, mode="r:") as archive:
            manifest = _manifest(archive, source)
            files = manifest["files"]
            if sum(facts["size"] for facts in files.values()) + HEADROOM > shutil.disk_usage(folder).free:
                raise BackupError(f"{source}: not enough free space in {folder.parent} to unpack it")
            while (member := archive.next()) is not None:
                if not member.isreg() or files.get(member.name, {}).get("size") != member.size:
                    raise BackupError(f"{source}: holds {ascii(member.name)[:60]}, which a suntap backup does not")
                content = archive.extractfile(member)
                assert content is not None
                with open(folder / member.name, "xb", opener=_private) as file:
                    shutil.copyfileobj(content, file)
                if _sha256(folder / member.name) != files.pop(member.name)["sha256"]:
                    raise BackupError(f"{source}: {member.name} is damaged: take another backup")
            if files:
                raise BackupError(f"{source}: {next(iter(files))} is missing: take another backup")
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.filename and Path(error.filename) == source:
            raise
        raise BackupError(f"{source}: not a whole suntap backup ({error})") from error
    _check_content(source, folder)
    return int(manifest["created"])


def _manifest(archive: tarfile.TarFile, source: Path) -> dict:
    """The manifest in front, its shape checked."""
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > MAX_MANIFEST:
        raise BackupError(f"{source}: not a suntap backup")
    content = archive.extractfile(first)
    assert content is not None
    manifest = json.loads(content.read())
    try:
        if manifest["format"] != FORMAT:
            raise BackupError(f"{source}: made by suntap {manifest['version']}: update suntap before restoring it")
        int(manifest["created"])
        for name, facts in manifest["files"].items():
            if name not in (INBOX, STORE, SETTINGS, PASSWORD) or (
                    not isinstance(facts["size"], int) or facts["size"] < 0):
                raise KeyError(name)
            if name in (SETTINGS, PASSWORD) and facts["size"] > MAX_SMALL:
                raise KeyError(name)
        if not {INBOX, STORE} <= set(manifest["files"]):
            raise KeyError(INBOX)
    except (KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{source}: its manifest is damaged: take another backup") from error
    return dict(manifest)


def _check_content(source: Path, folder: Path) -> None:
    """Databases that open, are whole and not from a newer suntap; settings that are valid."""
    try:
        for connect in (inbox.connect, store.connect):
            with closing(connect(folder)) as database:
                found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
                if found != "ok":
                    raise BackupError(f"{source}: a database in it is damaged ({found}): take another backup")
    except sqlite3.Error as error:
        raise BackupError(f"{source}: a database in it cannot be read: {error}") from error
    if (folder / SETTINGS).exists():
        try:
            settings.load(folder / SETTINGS)
        except settings.SettingsError as error:
            raise BackupError(f"{source}: its settings are not valid: {error}") from error


def _add_uploads(source: Path, data_dir: Path) -> int:
    """Add the uploads in the inbox file `source` to the inbox of `data_dir`; how many were new."""
    with closing(inbox.connect(data_dir)) as target:
        target.execute("ATTACH DATABASE ? AS saved", (str(source),))
        columns = "captured_us, source, destination, path, complete, sha256, body"
        with store.transaction(target):
            added = target.execute(
                f"INSERT OR IGNORE INTO main.upload ({columns}) SELECT {columns} FROM saved.upload ORDER BY id")
        target.execute("DETACH DATABASE saved")
        return added.rowcount


def _snapshot(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database in use: one consistent state of it."""
    with closing(source), closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    target.chmod(PRIVATE)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names and numbers of this machine's users."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = PRIVATE
    return member


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


