"""The inbox: every upload as it was captured, once, in order of arrival.

Written by the capture process, the stand-in and `suntap import`, read by the supervisor process from a cursor on.
Each keeps who sent it (module senders). An upload's age, for pruning, is counted in hours that the capture process
ran after it arrived. Uploads are alike when path and body are: the SHA-256 of both makes a repeat change nothing.
The body's compression is an affair of this module and bodies.
"""
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from appliance.records.texts import storable
from appliance.store.bodies import pack, unpack
from appliance.store.database import explained, filename, open_database, transaction
from appliance.store.trust import IMPORTED, RESTORE, Arrival, Book, senders
from spcore.uploads import Upload

FILE = "inbox.sqlite3"
MAX_BATCH_BYTES = 4 << 20       # of bodies that after() gives at once, whatever its limit (but always one upload)


def connect(data_dir: str | Path, readonly: bool = False) -> sqlite3.Connection:
    """inbox.sqlite3 in `data_dir`, made and migrated where that is needed. Raises StoreError."""
    return open_database(Path(data_dir) / FILE, "inbox", readonly)


def digest(path: str, body: bytes) -> bytes:
    """What makes two uploads the same one."""
    return hashlib.sha256(path.encode("utf-8", "surrogateescape") + b"\n" + body).digest()


class Stored(NamedTuple):
    """An upload in the inbox: its id, who sent it (sender.id), what makes it this one, and itself."""

    id: int
    sender_id: int
    sha256: bytes
    upload: Upload


def append(conn: sqlite3.Connection, uploads: Iterable[Upload], arrival: Arrival | Sequence[Arrival] = IMPORTED,
           granted: tuple[str, str] | None = None, is_guess: bool = False) -> int:
    """Store `uploads` in one transaction, on disk when this returns; how many were new. Raises StoreError.

    The one way in. `arrival` says how they came, all of them or each: it decides with module senders whether they count
    or are kept aside. What a trusted sender sends takes the place of the same upload by another one. `is_guess`: the
    clock of their packet times was not set yet.
    """
    every = list(uploads)
    if not every:
        return 0
    with transaction(conn):
        book, newest = Book(conn), last_id(conn)
        new = sum(conn.execute(INSERT, row).rowcount
                  for row in _rows(conn, book, every, repeat(arrival) if isinstance(arrival, Arrival) else arrival,
                                   granted))
        if is_guess:
            conn.execute("INSERT OR IGNORE INTO guess SELECT id FROM upload WHERE id > ?", (newest,))
        return new - book.trim()


def guessed(conn: sqlite3.Connection, first: int, last: int) -> set[int]:
    """The ids from `first` to `last` of uploads whose packet times are a guess."""
    return {number for (number,) in conn.execute("SELECT id FROM guess WHERE id BETWEEN ? AND ?", (first, last))}


INSERT = ("INSERT OR IGNORE INTO upload (captured_us, source, destination, path, complete, sha256, body, sender_id,"
          " via) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")


def _rows(conn: sqlite3.Connection, book: Book, uploads: list[Upload], arrivals: Iterable[Arrival],
          granted: tuple[str, str] | None) -> Iterator[tuple[object, ...]]:
    for upload, arrival in zip(uploads, arrivals, strict=False):
        sender = book.sender(upload, arrival, granted)
        if sender is None:
            continue
        sha256 = digest(upload.path, upload.body)
        if sender.trusted:
            conn.execute("DELETE FROM upload WHERE sha256 = ? AND sender_id IN"
                         " (SELECT id FROM sender WHERE state <> 'trusted')", (sha256,))
        packed = pack(upload.body)
        book.added(sender, len(packed))
        yield (upload.captured_us, upload.source, upload.destination, storable(upload.path), upload.complete, sha256,
               packed, sender.id, arrival.via)


def copy(saved: sqlite3.Connection, target: sqlite3.Connection, batch: int) -> int:
    """Add the uploads of the inbox `saved` to `target` with their senders, `batch` in a transaction; how many were new.

    Senders that `target` does not know are there what they were in `saved`.
    """
    known = {sender.id: sender for sender in senders(saved)}
    added = cursor = 0
    while stored := arrivals(saved, cursor, batch):
        guesses = guessed(saved, stored[0].id, stored[-1].id)
        for sender_id, is_guess in {(one.sender_id, one.id in guesses) for one in stored}:
            sender = known.get(sender_id)
            if sender is not None:
                added += append(target, [_sent_by(sender.mac, one.upload) for one in stored
                                         if one.sender_id == sender_id and (one.id in guesses) == is_guess],
                                Arrival(RESTORE, sender.side, certain=False), (sender.state, sender.how), is_guess)
        cursor = stored[-1].id
    return added


def after(conn: sqlite3.Connection, cursor: int, limit: int) -> list[tuple[int, Upload]]:
    """arrivals() without their senders: (id, upload)."""
    return [(stored.id, stored.upload) for stored in arrivals(conn, cursor, limit)]


def arrivals(conn: sqlite3.Connection, cursor: int, limit: int) -> list[Stored]:
    """The uploads that arrived after the one with id `cursor`, at most `limit`, ascending by id.

    Ends early after MAX_BATCH_BYTES of bodies. A body that is damaged on disk comes out empty and incomplete.
    Raises StoreError.
    """
    found = []
    size = 0
    try:
        for number, sender_id, sha256, *row in conn.execute(
                "SELECT id, sender_id, sha256, captured_us, source, destination, path, complete, body FROM upload"
                " WHERE id > ? ORDER BY id LIMIT ?", (cursor, limit)):
            upload = _upload(*row)
            found.append(Stored(number, sender_id, sha256, upload))
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
    """How many uploads there are, the newest one's id (0 in an empty inbox), and the packet time in UTC seconds of the
    newest one whose sender counts: a stranger's say nothing about the owner's PVS."""

    uploads: int
    last_id: int
    last_captured_s: int | None


def extent(conn: sqlite3.Connection) -> Extent:
    """What the inbox holds. Ids are not reused, so counting needs no look at the rows."""
    first, last = conn.execute("SELECT min(id), max(id) FROM upload").fetchone()
    if last is None:
        return Extent(0, 0, None)
    counted = conn.execute(
        "SELECT captured_us FROM upload WHERE id = (SELECT max("
        "(SELECT max(id) FROM upload WHERE sender_id = sender.id)) FROM sender WHERE state = 'trusted')").fetchone()
    return Extent(last - first + 1, last, counted[0] // 1_000_000 if counted else None)


def last_id(conn: sqlite3.Connection) -> int:
    """The id of the newest upload that was ever stored, 0 in an inbox that never had one."""
    row = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'upload'").fetchone()
    return int(row[0]) if row else 0


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


def sizes(conn: sqlite3.Connection) -> tuple[int, int]:
    """(bytes in use, bytes of the file that are free for new uploads)."""
    page, pages, free = (int(conn.execute(f"PRAGMA {name}").fetchone()[0])
                         for name in ("page_size", "page_count", "freelist_count"))
    return (pages - free) * page, free * page


def drop(conn: sqlite3.Connection, ingested: int, limit: int) -> int:
    """Delete at most `limit` uploads, the least useful first: those of senders that are not trusted, on the router's
    side before others, then the oldest with an id up to `ingested`. How many went."""
    with transaction(conn):
        gone = conn.execute(
            "DELETE FROM upload WHERE id IN (SELECT upload.id FROM upload JOIN sender ON sender.id = sender_id"
            " WHERE state <> 'trusted' ORDER BY side DESC, upload.id LIMIT ?)", (limit,)).rowcount
        return gone or conn.execute(
            "DELETE FROM upload WHERE id IN (SELECT id FROM upload WHERE id <= ? ORDER BY id LIMIT ?)",
            (ingested, limit)).rowcount


def identity(conn: sqlite3.Connection) -> tuple[str, str]:
    """(which inbox this is, why it was made): a cursor holds only for the inbox it was taken from."""
    value, note = conn.execute("SELECT value, note FROM identity").fetchone()
    return value.hex(), note


def pruned_us(conn: sqlite3.Connection) -> int:
    """The packet time up to which uploads may have been deleted; 0 if none was."""
    return int(conn.execute("SELECT pruned_us FROM identity").fetchone()[0])


def first_of(conn: sqlite3.Connection, sender: int) -> int | None:
    """The id of a sender's first upload; None if it has none."""
    first: int | None = conn.execute("SELECT min(id) FROM upload WHERE sender_id = ?", (sender,)).fetchone()[0]
    return first


def find(conn: sqlite3.Connection, sha256: bytes) -> tuple[int, str, int] | None:
    """(id, source, capture in µs) of the upload with this digest; None if the inbox does not have it."""
    found: tuple[int, str, int] | None = conn.execute(
        "SELECT id, source, captured_us FROM upload WHERE sha256 = ?", (sha256,)).fetchone()
    return found


def _sent_by(mac: str, one: Upload) -> Upload:
    return Upload(one.captured_us, one.source, one.destination, one.path, one.body, one.complete, mac)


def _upload(captured_us: int, source: str, destination: str, path: str, complete: int, body: bytes) -> Upload:
    try:
        return Upload(captured_us, source, destination, path, unpack(body), bool(complete))
    except ValueError:
        return Upload(captured_us, source, destination, path, b"", False)
