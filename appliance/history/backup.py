"""One file that carries everything over to another box: inbox, history, settings, the page's password.

Theory: a backup is a gzipped tar with a manifest (version, hashes) in front. Databases are copied by SQLite itself, so
a backup of running processes is one consistent state. Restoring first checks everything and only then changes anything:
history and settings become those of the backup, and what they were is kept beside; uploads are added to the inbox, so
what was captured since stays and is derived next, because the ledger knows which inbox its cursor is of. Restoring
twice is the same as once.
Where the inbox is another user's (the installed services), the supervisor process restores the rest and asks that
user's own service, suntap-restore, to add the uploads: adding is all that the page can have done to the inbox.
The file holds the PVOutput key: mode 0600.
"""
import errno
import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from appliance import __version__, settings, store
from appliance.errors import SuntapError
from appliance.history import backup_check
from appliance.store import inbox
from appliance.system import plain_tar
from appliance.system.clock import Clock
from appliance.system.files import PRIVATE, adopt_owner, write_atomic
from appliance.system.handover import Handover, Owner, acting_as
from appliance.system.scratch import temporary_folder

if TYPE_CHECKING:
    from tarfile import TarInfo

FORMAT = 1
MANIFEST, SETTINGS, PASSWORD = "manifest.json", "suntap.toml", "web-auth.json"
INBOX, STORE = "inbox.sqlite3", "suntap.sqlite3"
BEFORE = "before-restore"       # folder in the data directory
FRESH = "fresh"                 # folder in the unpacked one: the history that is made of the backup's rows
BATCH = 500                     # uploads added in one transaction: the capture process writes in between
MAX_MANIFEST = 65536
MAX_PADDING = 65536             # of zeros behind the last file; tar writes up to 10 KiB
MAX_SMALL = 1 << 20             # settings and password file
LAST_MOMENT = 1 << 33           # seconds since 1970, in the year 2242
MAX_RATIO = 100                 # bytes unpacked for each byte of a backup larger than SMALL; real ones have about 5
SMALL = 64 << 20
HEADROOM = 64 << 20             # bytes that stay free on the disk beside the unpacked files


class _Frugal(gzip.GzipFile):
    """Unpacks in small reads only: the header of a made-up archive may claim a name of gigabytes."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MAX_SMALL:
            raise plain_tar.NoTar("a header in it is too large")
        return super().read(size)


@dataclass(frozen=True)
class Contents:
    """What a backup holds: when and by which version it was made, captured uploads, first and last local day."""

    created: int
    version: str
    uploads: int
    first_day: str | None
    last_day: str | None
    settings: bool
    password: bool


class BackupError(SuntapError):
    """The file is no backup that can be restored here, or there is no room. One line; `kind` says which, for words that
    name no part of suntap: foreign (no backup of ours), damaged, newer (of a newer suntap), settings, room."""

    http_status = 400

    def __init__(self, text: str, kind: str = "damaged") -> None:
        super().__init__(text)
        self.kind = kind


def create(target: Path, settings_path: Path, data_dir: Path, clock: Clock) -> None:
    """Write a backup to `target` (replaced in one step). Raises OSError, sqlite3.Error."""
    with temporary_folder(target.parent) as folder:
        _snapshot(inbox.connect(data_dir, readonly=True), folder / INBOX)
        _snapshot(store.connect(data_dir, readonly=True), folder / STORE)
        for source, name in ((settings_path, SETTINGS), (data_dir / PASSWORD, PASSWORD)):
            with suppress(FileNotFoundError):
                (folder / name).write_bytes(source.read_bytes())
        files = {path.name: {"size": path.stat().st_size, "sha256": _sha256(path)} for path in sorted(folder.iterdir())}
        manifest = {"format": FORMAT, "version": __version__, "created": int(clock.time()), "files": files}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
        packed = folder / "packed"
        import tarfile  # a megabyte of memory, and few ever pack anything
        with open(packed, "xb", opener=_private) as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as archive:
                for name in [MANIFEST, *files]:
                    archive.add(folder / name, name, filter=_anonymous)
            file.flush()
            os.fsync(file.fileno())
        os.replace(packed, target)


def restore(source: IO[bytes], settings_path: Path, data_dir: Path, page: Owner | None = None,
            capture: Owner | None = None) -> dict[str, Any]:
    """Check the backup `source` and put it back.

    → {"uploads": added to the inbox, None where this process may not write there, "created": when it was made}.

    What was there before stays in BEFORE, beside. Root acts as `page` and `capture`, the owners of history and inbox,
    so that no link in their folders leads it astray. The caller holds the supervisor's lock. Raises BackupError before
    anything was changed; OSError and sqlite3.Error when the disk fails on the way: then restoring again completes it.
    """
    with acting_as(page):
        data_dir.mkdir(parents=True, exist_ok=True)
        with temporary_folder(data_dir) as folder:
            contents = _unpack(source, folder)
            _keep_aside(settings_path, data_dir)
            (folder / FRESH).mkdir()
            with closing(store.connect(data_dir)) as target, closing(store.connect(folder / FRESH)) as fresh:
                backup_check.copy(folder, fresh, contents.created)
                backup_check.keep_own(target, fresh)
                fresh.backup(target)
            for name, place in ((SETTINGS, settings_path), (PASSWORD, data_dir / PASSWORD)):
                if (folder / name).exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    write_atomic(place.resolve(), (folder / name).read_bytes())
        adopt_owner(data_dir / STORE)
    with acting_as(capture):
        uploads = add_uploads(source, data_dir) if may_add_uploads(data_dir) else None
        adopt_owner(data_dir / INBOX)
    return {"uploads": uploads, "created": contents.created}


def may_add_uploads(data_dir: Path) -> bool:
    """Whether this process may write the inbox. In the installed services only the capture process's user may."""
    path = (data_dir / INBOX).resolve()
    return all(os.access(place, os.W_OK, effective_ids=True) for place in (path.parent, path) if place.exists())


def add_uploads(source: IO[bytes], data_dir: Path) -> int:
    """Add the uploads of the backup `source` to the inbox of `data_dir`, beside a running capture process; how many
    were new. Nothing in the inbox changes. Raises BackupError, OSError, sqlite3.Error."""
    home = (data_dir / INBOX).resolve().parent
    with temporary_folder(home) as folder:
        _unpack(source, folder)
        with closing(inbox.connect(home)) as target, closing(inbox.connect(folder)) as saved:
            return inbox.copy(saved, target, BATCH)


def check(source: Path, scratch_dir: Path) -> Contents:
    """Check that `source` is a backup that can be restored here; what is in it. Raises BackupError, OSError."""
    with open(source, "rb") as file, temporary_folder(scratch_dir) as folder:
        return _unpack(file, folder)


def handover(data_dir: Path) -> Handover:
    """The folder by which the page hands over a backup, and asks the capture process's user to add its uploads."""
    return Handover(data_dir, "restore", "backup.tar.gz")


def _keep_aside(settings_path: Path, data_dir: Path) -> None:
    """History, settings and password as they are now, in the folder BEFORE; one restore back, no further."""
    folder = data_dir / BEFORE
    folder.mkdir(mode=0o700, exist_ok=True)
    if (data_dir / STORE).exists():
        part = folder / f"{STORE}.part"
        part.unlink(missing_ok=True)
        _snapshot(store.connect(data_dir), part)
        os.replace(part, folder / STORE)
    for source, name in ((settings_path, SETTINGS), (data_dir / PASSWORD, PASSWORD)):
        with suppress(FileNotFoundError):
            write_atomic(folder / name, source.read_bytes())


def _unpack(source: IO[bytes], folder: Path) -> Contents:
    """Unpack `source` into the empty `folder`, checking everything."""
    shown = Path(source.name).name
    source.seek(0)
    try:
        with _Frugal(fileobj=source, mode="rb") as plain:
            archive = plain_tar.members(plain)
            manifest = _manifest(archive, shown)
            files = manifest["files"]
            size = sum(facts["size"] for facts in files.values())
            if size > max(SMALL, MAX_RATIO * os.fstat(source.fileno()).st_size):
                raise BackupError(f"{shown}: claims more than it can hold: not a suntap backup", "foreign")
            if size + HEADROOM > shutil.disk_usage(folder).free:
                raise BackupError(f"{shown}: not enough free space in {folder.parent} to unpack it", "room")
            for member in archive:
                if files.get(member.name, {}).get("size") != member.size:
                    raise BackupError(f"{shown}: holds {ascii(member.name)[:60]}, which a suntap backup does not",
                                      "foreign")
                with open(folder / member.name, "xb", opener=_private) as file:
                    while piece := member.read(MAX_SMALL):
                        file.write(piece)
                if _sha256(folder / member.name) != files.pop(member.name)["sha256"]:
                    raise BackupError(f"{shown}: {member.name} is damaged: take another backup")
            if files:
                raise BackupError(f"{shown}: {next(iter(files))} is missing: take another backup")
            if len(plain.read(MAX_PADDING)) == MAX_PADDING:  # at its end gzip checks its own sum
                raise BackupError(f"{shown}: goes on behind its end: not a suntap backup", "foreign")
    except (plain_tar.NoTar, zlib.error, EOFError, OSError, ValueError, RecursionError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        kind = _cut(error)
        raise BackupError(f"{shown}: {NOT_WHOLE[kind]}", kind) from error
    return _check_content(manifest, shown, folder)


NOT_WHOLE = {
    "foreign": "not a suntap backup: give a file that `suntap backup` or the page's Settings › Backup made",
    "damaged": "only a part of a suntap backup, or a damaged one: take it again from where it came, or another one",
}


def _cut(error: Exception) -> str:
    """A file that ends too early, or whose sum is wrong, was a backup once; everything else never was."""
    is_cut = isinstance(error, EOFError | zlib.error) or "CRC" in str(error)
    return "damaged" if is_cut else "foreign"


def _manifest(archive: Iterator[plain_tar.Member], source: str) -> dict[str, Any]:
    """The manifest in front, its shape checked."""
    first = next(archive, None)
    if first is None or first.name != MANIFEST or first.size > MAX_MANIFEST:
        raise BackupError(f"{source}: not a suntap backup", "foreign")
    text = b""
    while piece := first.read():
        text += piece
    manifest = json.loads(text)
    try:
        if manifest["format"] != FORMAT:
            raise BackupError(f"{source}: made by suntap {manifest['version']}: update suntap before restoring it",
                              "newer")
        if not 0 <= int(manifest["created"]) < LAST_MOMENT:
            raise KeyError("created")
        for name, facts in manifest["files"].items():
            if name not in (INBOX, STORE, SETTINGS, PASSWORD) or (
                    not isinstance(facts["size"], int) or facts["size"] < 0):
                raise KeyError(name)
            if name in (SETTINGS, PASSWORD) and facts["size"] > MAX_SMALL:
                raise KeyError(name)
        if not {INBOX, STORE} <= set(manifest["files"]):
            raise KeyError(INBOX)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise BackupError(f"{source}: its manifest is damaged: take another backup") from error
    return dict(manifest)


def _check_content(manifest: dict[str, Any], source: str, folder: Path) -> Contents:
    """Databases that open, are whole and not from a newer suntap; settings that are valid. → what is in them."""
    try:
        backup_check.check_schema(folder / INBOX, "inbox")
        backup_check.check_schema(folder / STORE, "store")
        with closing(inbox.connect(folder)) as received, closing(store.connect(folder)) as derived:
            for database in (received, derived):
                database.execute("PRAGMA trusted_schema = OFF")
                found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
                if found != "ok":
                    raise BackupError(f"{source}: a database in it is damaged ({found}): take another backup")
            backup_check.check_uploads(received)
            days = derived.execute("SELECT min(day), max(day) FROM site_day WHERE date(day) IS day").fetchone()
            contents = Contents(int(manifest["created"]), str(manifest["version"])[:40], inbox.count_after(received, 0),
                                days[0], days[1], (folder / SETTINGS).exists(), (folder / PASSWORD).exists())
    except backup_check.NotBelieved as error:
        raise BackupError(f"{source}: {error}", error.kind) from error
    except sqlite3.Error as error:
        raise BackupError(f"{source}: a database in it cannot be read: {error}") from error
    if contents.settings:
        try:
            settings.load(folder / SETTINGS)
        except settings.SettingsError as error:
            raise BackupError(f"{source}: its settings are not valid: {error}", "settings") from error
    return contents


def _snapshot(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database in use: one consistent state of it."""
    with closing(source), closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    target.chmod(PRIVATE)


def _anonymous(member: "TarInfo") -> "TarInfo":
    """Without the names and numbers of this machine's users."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = PRIVATE
    member.mtime = int(member.mtime)    # a fraction would need an extended header
    return member


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


