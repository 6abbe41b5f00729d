"""Opening of suntap's SQLite files: pragmas, numbered migrations, transactions, and one-line errors.

The numbered files below sql/<schema>/ make a database; each is applied in one transaction under PRAGMA user_version. A
file from a newer suntap is refused. A read-only connection works beside a writer, without a writer, and for a user who
may write neither the file nor its folder.
"""
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from appliance.errors import SuntapError

BUSY_S = 15.0                   # wait for another process's write before giving up
READER_CACHE_KIB = 256          # a reader's own pages: the kernel has them as well, and the page has many readers
WAL_BYTES = 16 << 20            # the write-ahead log is truncated to this size after a large transaction

HINTS = {                       # what to do, by SQLite's primary result code
    "SQLITE_FULL": "free some space or use a larger card",
    "SQLITE_READONLY": "check the file's owner, and whether the disk can only be read",
    "SQLITE_CANTOPEN": "check that the folder exists and its permissions",
    "SQLITE_IOERR": "check the disk and its free space",
    "SQLITE_CORRUPT": "restart suntap: it sets a damaged file aside and rebuilds it",
    "SQLITE_NOTADB": "restart suntap: it sets a damaged file aside and rebuilds it",
    "SQLITE_BUSY": "another process writes for long: try again",
}

NO_RIGHT = ("SQLITE_READONLY", "SQLITE_CANTOPEN")   # errors of a user who may only read


COPIED = ("store",)     # schemas whose files are copied before a migration

log = logging.getLogger(__name__)


class Connection(sqlite3.Connection):
    """A connection in autocommit mode. `with connection:` is a transaction, as with sqlite3's own connections.

    `strangers`: uploads of senders that are not trusted, and their bytes, stored since they were last counted (module
    senders); None: not counted yet.
    """

    strangers: tuple[int, int] | None = None

    def __enter__(self) -> "Connection":
        if not self.in_transaction:
            self.execute("BEGIN IMMEDIATE")
        super().__enter__()
        return self


class StoreError(SuntapError, sqlite3.Error):
    """A database cannot be opened, read or written. The text is one line: which file, why, what to do.

    A subclass of sqlite3.Error, so that one except clause catches both. `damaged`: the file is broken. `waiting`: the
    process that writes the file has not opened, made or migrated it yet, and this process may not.
    """

    http_status = 503

    def __init__(self, text: str, damaged: bool = False, waiting: bool = False) -> None:
        super().__init__(text)
        self.damaged = damaged
        self.waiting = waiting


def open_database(path: Path, schema: str, readonly: bool = False) -> sqlite3.Connection:
    """Open the database file `path` of `schema` (a folder below sql/) and return the connection.

    A missing file is made first, also for a reader; an older file is migrated. Raises StoreError.
    """
    refused = False
    try:
        if readonly and path.exists():
            with suppress(sqlite3.OperationalError):
                return _reader(path, schema)
            refused = True
        connection = _writer(path, schema)
        if not readonly:
            return connection
        connection.close()
        return _reader(path, schema)
    except sqlite3.Error as error:
        met = getattr(error.__cause__ or error, "sqlite_errorname", None) or ""
        if refused and met.startswith(NO_RIGHT) and os.access(path, os.R_OK):
            raise StoreError(f"{path}: waits for the process that writes it: start the services",
                             waiting=True) from error
        raise explained(error, path) from error


def explained(error: sqlite3.Error, path: Path | str) -> StoreError:
    """Return `error` as a StoreError: one line that says what to do."""
    if isinstance(error, StoreError):
        return error
    name = getattr(error, "sqlite_errorname", None) or ""
    primary = next((code for code in HINTS if name.startswith(code)), "")
    hint = f": {HINTS[primary]}" if primary else ""
    return StoreError(f"{path}: {error}{hint}", damaged=primary in ("SQLITE_CORRUPT", "SQLITE_NOTADB"))


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """Run the block in a transaction; inside another transaction, in a savepoint of it. Raises StoreError."""
    nested = conn.in_transaction
    try:
        conn.execute("SAVEPOINT part" if nested else "BEGIN IMMEDIATE")
        try:
            yield
            conn.execute("RELEASE part" if nested else "COMMIT")
        except BaseException:
            if conn.in_transaction:  # SQLite itself rolls back on some errors
                if nested:
                    conn.execute("ROLLBACK TO part")
                    conn.execute("RELEASE part")
                else:
                    conn.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise explained(error, filename(conn)) from error


def filename(conn: sqlite3.Connection) -> str:
    """Return the path of a connection's file, for messages; "database" if it is not known."""
    with suppress(sqlite3.Error):
        return next((row[2] for row in conn.execute("PRAGMA database_list") if row[1] == "main"), "") or "database"
    return "database"


def signature(path: Path) -> tuple[tuple[int, int, int], ...]:
    """What every commit changes of a database: inode, size and time of its file and of its write-ahead log."""
    found = []
    for part in (path, path.with_name(path.name + "-wal")):
        with suppress(OSError):
            status = part.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


@cache
def migrations(schema: str) -> tuple[tuple[int, str], ...]:
    """Return the numbered files of a schema as (number, SQL), ascending."""
    folder = Path(__file__).with_name("sql") / schema
    found = [(int(item.name.split("_")[0]), item.read_text("utf-8"))
             for item in folder.iterdir() if item.name.endswith(".sql")]
    return tuple(sorted(found))


def version_of(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration applied to a database."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@cache
def schema_at(schema: str, version: int) -> frozenset[tuple[str, str, str, str | None]]:
    """Return (type, name, table, SQL) of everything that the migrations up to `version` make.

    Empty if there is no migration of that number.
    """
    numbers = [number for number, _ in migrations(schema)]
    if version not in numbers:
        return frozenset()
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for number, script in migrations(schema):
            if number <= version:
                for statement in _statements(script):
                    connection.execute(statement)
        return frozenset(connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'").fetchall())
    finally:
        connection.close()


def _writer(path: Path, schema: str) -> sqlite3.Connection:
    connection = _open(path, "rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def _reader(path: Path, schema: str) -> sqlite3.Connection:
    """Open the file read only.

    Without a writer and without write access to the folder, SQLite cannot make its shared memory. The file cannot
    change then, so it is opened as immutable.
    """
    try:
        return _checked(_open(path, "ro"), path, schema)
    except sqlite3.OperationalError:
        if os.access(path.parent, os.W_OK) or path.with_name(path.name + "-wal").exists():
            raise
        return _checked(_open(path, "ro", "&immutable=1"), path, schema)


def _checked(connection: sqlite3.Connection, path: Path, schema: str) -> sqlite3.Connection:
    """Return a reader's connection if this version can read the file. Raises StoreError for a newer schema, and
    OperationalError for an older one, which the caller migrates if it may."""
    try:
        version = _version(connection, path, schema)
        if version < migrations(schema)[-1][0]:
            raise sqlite3.OperationalError("made by an older suntap: start the services once to bring it up to date")
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path, mode: str, more: str = "") -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}{more}", uri=True, timeout=BUSY_S,
                                 isolation_level=None, check_same_thread=False, factory=Connection)
    if mode == "ro":
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
    return connection


def _version(connection: sqlite3.Connection, path: Path, schema: str) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > migrations(schema)[-1][0]:
        raise StoreError(f"{path}: made by a newer suntap: update this one, or restore an older backup")
    return version


def _migrate(connection: sqlite3.Connection, path: Path, schema: str) -> None:
    """Apply the migrations that are new, each in one transaction. Another process may do the same at the same time.
    An existing history is copied first."""
    version = _version(connection, path, schema)
    if schema in COPIED and 0 < version < migrations(schema)[-1][0]:
        _copy(connection, path, version)
    for number, script in migrations(schema):
        if _version(connection, path, schema) >= number:
            continue
        with transaction(connection):
            if _version(connection, path, schema) < number:
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def _copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy the file to <name>.before-<its version>. If there is no room for the copy, only log a warning.

    SQLite reads it: a process that opens and closes the file itself loses the locks of all its connections to it
    (POSIX). Another one then deletes the write-ahead log under them, and what they write is seen by nobody.
    """
    aside = path.with_name(f"{path.name}.before-{version}")
    if aside.exists():
        return
    part = aside.with_name(aside.name + ".part")
    try:
        _drop(part)                         # what a cut left
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if shutil.disk_usage(path.parent).free < 2 * path.stat().st_size:
            raise OSError(f"no room for {path.stat().st_size >> 20} MiB")
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)         # one step: one state, on the disk when it ends
        os.replace(part, aside)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            _drop(part)
        log.warning("%s: brought up to date without a copy of before (%s)", path, error)


def _drop(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of an SQL file."""
    text = ""
    for piece in script.split(";"):
        text += piece + ";"
        if sqlite3.complete_statement(text):
            yield text
            text = ""
