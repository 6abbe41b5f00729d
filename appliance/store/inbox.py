"""The inbox: every upload as it was captured, once, in order of arrival.

Written by the capture process and `suntap import`, read by the supervisor process from a cursor on. An upload's age,
for pruning, is counted in hours that the capture process ran after it arrived. Uploads are alike
when path and body are: the SHA-256 of both makes a repeat change nothing. The body's compression is an affair of
this module and bodies.
"""
import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.records.texts import storable
from appliance.store.bodies import pack, unpack
from appliance.store.database import explained, filename, open_database, transaction
from spcore.uploads import Upload

FILE = "inbox.sqlite3"
MAX_BATCH_BYTES = 4 << 20       # of bodies that after() gives at once, whatever its limit (but always one upload)


def connect(data_dir: str | Path, readonly: bool = False) -> sqlite3.Connection:
    """inbox.sqlite3 in `data_dir`, made and migrated where that is needed. Raises StoreError."""
    return open_database(Path(data_dir) / FILE, "inbox", readonly)


def digest(path: str, body: bytes) -> bytes:
    """What makes two uploads the same one."""
    return hashlib.sha256(path.encode("utf-8", "surrogateescape") + b"\n" + body).digest()


def append(conn: sqlite3.Connection, uploads: Iterable[Upload], is_guess: bool = False) -> int:
    """Store `uploads` in one transaction, on disk when this returns; how many were new. Raises StoreError.

    `is_guess`: the clock that their packet times are of was not set yet.
    """
    rows = [(upload.captured_us, upload.source, upload.destination, storable(upload.path), upload.complete,
             digest(upload.path, upload.body), pack(upload.body)) for upload in uploads]
    if not rows:
        return 0
    with transaction(conn):
        before, newest = conn.total_changes, last_id(conn) if is_guess else 0
        conn.executemany("INSERT OR IGNORE INTO upload (captured_us, source, destination, path, complete, sha256, body)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        added = conn.total_changes - before
        if is_guess:
            conn.execute("INSERT OR IGNORE INTO guess SELECT id FROM upload WHERE id > ?", (newest,))
        return added


def guessed(conn: sqlite3.Connection, first: int, last: int) -> set[int]:
    """The ids from `first` to `last` of uploads whose packet times are a guess."""
    return {number for (number,) in conn.execute("SELECT id FROM guess WHERE id BETWEEN ? AND ?", (first, last))}


def after(conn: sqlite3.Connection, cursor: int, limit: int) -> list[tuple[int, Upload]]:
    """The uploads that arrived after the one with id `cursor`, at most `limit`, with their ids, ascending.

    Ends early after MAX_BATCH_BYTES of bodies. A body that is damaged on disk comes out empty and incomplete.
    Raises StoreError.
    """
    found = []
    size = 0
    try:
        for number, *row in conn.execute("SELECT id, captured_us, source, destination, path, complete, body FROM upload"
                                         " WHERE id > ? ORDER BY id LIMIT ?", (cursor, limit)):
            upload = _upload(*row)
            found.append((number, upload))
            size += len(upload.body)
            if size >= MAX_BATCH_BYTES:
                break
    except sqlite3.Error as error:
        raise explained(error, filename(conn)) from error
    return found


def newest(conn: sqlite3.Connection, limit: int) -> list[tuple[int, Upload]]:
    """The last `limit` uploads with their ids, newest first."""
    rows = conn.execute("SELECT id, captured_us, source, destination, path, complete, body FROM upload"
                        " ORDER BY id DESC LIMIT ?", (limit,))
    return [(number, _upload(*row)) for number, *row in rows]


@dataclass(frozen=True, slots=True)
class Extent:
    """How many uploads there are, the newest one's id (0 in an empty inbox) and packet time in UTC seconds."""

    uploads: int
    last_id: int
    last_captured_s: int | None


def extent(conn: sqlite3.Connection) -> Extent:
    """What the inbox holds. Ids are not reused, so counting needs no look at the rows."""
    first, last = conn.execute("SELECT min(id), max(id) FROM upload").fetchone()
    if last is None:
        return Extent(0, 0, None)
    (captured_us,) = conn.execute("SELECT captured_us FROM upload WHERE id = ?", (last,)).fetchone()
    return Extent(last - first + 1, last, captured_us // 1_000_000)


def last_id(conn: sqlite3.Connection) -> int:
    """The id of the newest upload, 0 in an empty inbox."""
    return int(conn.execute("SELECT coalesce(max(id), 0) FROM upload").fetchone()[0])


def count_after(conn: sqlite3.Connection, cursor: int) -> int:
    """How many uploads wait behind `cursor`."""
    return int(conn.execute("SELECT count(*) FROM upload WHERE id > ?", (cursor,)).fetchone()[0])


def prune(conn: sqlite3.Connection, keep_hours: int, ingested: int, limit: int) -> int:
    """Count one more hour, and delete uploads that arrived more than `keep_hours` such hours ago; how many.

    Called once an hour by the process that captures. At most the `limit` oldest go at once, and none behind the id
    `ingested`. The clock has no say: one that steps by a year deletes nothing early.
    """
    with transaction(conn):
        now = conn.execute("INSERT INTO hour (last_id) VALUES (?)", (last_id(conn),)).lastrowid or 0
        row = conn.execute("SELECT last_id FROM hour WHERE number = ?", (now - keep_hours,)).fetchone()
        conn.execute("DELETE FROM hour WHERE number < ?", (now - keep_hours,))
        if row is None:
            return 0
        return conn.execute("DELETE FROM upload WHERE id IN (SELECT id FROM upload WHERE id <= ? ORDER BY id LIMIT ?)",
                            (min(row[0], ingested), limit)).rowcount


def identity(conn: sqlite3.Connection) -> tuple[str, str]:
    """(which inbox this is, why it was made): a cursor holds only for the inbox it was taken from."""
    value, note = conn.execute("SELECT value, note FROM identity").fetchone()
    return value.hex(), note


def _upload(captured_us: int, source: str, destination: str, path: str, complete: int, body: bytes) -> Upload:
    try:
        return Upload(captured_us, source, destination, path, unpack(body), bool(complete))
    except ValueError:
        return Upload(captured_us, source, destination, path, b"", False)
