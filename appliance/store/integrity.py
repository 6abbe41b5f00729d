"""Check of a database at start: a damaged file is set aside and a new one is made from the readable data.

So damage never causes a crash loop. Each process that writes a database calls its function here before it opens the
file. A damaged file is renamed, with its -wal and -shm, to <name>.damaged-<UTC time>. The readable uploads of the inbox
are copied, each checked against its SHA-256 (damage to the root of the table's tree loses them all; the history stays).
The derived database starts empty; the ledger fills it from the inbox, and readings that the inbox no longer has are
copied from the damaged file. The outbox starts empty: posting a status again is safe. The new file holds a note for the
owner.

The check is SQLite's integrity_check, not quick_check: quick_check does not compare indexes with their tables, so it
would pass a file on which the next write fails, start after start. Neither finds a flipped bit inside a value, since
SQLite's pages have no checksums. In the inbox such a bit loses its upload, whose SHA-256 differs (counted, notice:
malformed). In the history it is a wrong number until its day is derived again: `suntap rebuild` derives all days, and
the next start does if suntap.sqlite3 was moved away.
"""
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import gmtime, strftime
from typing import Any

from appliance import store
from appliance.store import inbox, state, trust
from appliance.store.bodies import unpack
from appliance.store.database import StoreError, explained, transaction
from appliance.store.state import Key
from appliance.system.clock import Clock

MAX_WORDS = 160             # characters of SQLite's text about the damage, which may quote a whole table
MAX_ASIDE = 3               # damaged files of one kind that are kept; more would fill up a failing card
STEP = 200                  # rows read at once from a damaged file
PATIENCE = 500              # keys that are tried one by one behind an unreadable place

DECISIONS = (               # (query for the damaged history, statement for the new one)
    ("SELECT mac, serial, side, decision FROM known_sender WHERE decision <> ''",
     "INSERT INTO known_sender (mac, serial, side, decision) VALUES (?, ?, ?, ?)"
     " ON CONFLICT DO UPDATE SET decision = excluded.decision"),
    ("SELECT sha256, created, reason FROM upload_aside", "INSERT OR IGNORE INTO upload_aside VALUES (?, ?, ?)"),
    ("SELECT kind, serial FROM device WHERE aside = 1",
     "INSERT INTO device (kind, serial, first_seen, last_seen, aside) VALUES (?, ?, 0, 0, 1)"
     " ON CONFLICT DO UPDATE SET aside = 1"),
)

log = logging.getLogger(__name__)


def check_inbox(data_dir: Path, clock: Clock) -> str:
    """Set inbox.sqlite3 aside if it is damaged, and save its readable uploads. Call it before the file is written.

    Returns the note for the owner; "" if the file is whole. Raises StoreError if no new file can be written.
    """
    path = data_dir / inbox.FILE
    problem = damage(path)
    if not problem:
        return ""
    aside = _set_aside(path, clock)
    with closing(inbox.connect(data_dir)) as target:
        saved, lost = _save_uploads(aside, target)
        note = (f"The inbox was damaged ({problem}). It was set aside as {aside.name}; "
                f"{saved} uploads were saved{f', at least {lost} were lost' if lost else ''}.")
        target.execute("UPDATE identity SET note = ?", (note,))
    log.error("%s", note)
    return note


def check_store(data_dir: Path, clock: Clock) -> str:
    """Set suntap.sqlite3 aside if it is damaged; the next ingest derives it again. Call it before the file is written.

    Returns the note for the owner; "" if the file is whole. Raises StoreError if no new file can be written.
    """
    path = data_dir / store.FILE
    problem = damage(path)
    if not problem:
        return ""
    aside = _set_aside(path, clock)
    with closing(store.connect(data_dir)) as target:
        saved = _save_readings(aside, target, _pruned_until(data_dir))
        _save_decisions(aside, target)
        older = f"; {saved} older readings were saved from it" if saved else ""
        note = f"The history was damaged ({problem}). It was set aside as {aside.name} and is derived again{older}."
        state.put(target, Key.STORE_NOTE, note)
    log.error("%s", note)
    return note


def damage(path: Path) -> str:
    """Return the damage of the database file `path` in SQLite's words; "" if it is whole or missing."""
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            return "" if found == "ok" else " ".join(found.split())[:MAX_WORDS]
    except sqlite3.Error as error:
        return " ".join(str(error).split())[:MAX_WORDS] if explained(error, path).damaged else ""


def _set_aside(path: Path, clock: Clock) -> Path:
    """Rename a database with its -wal and -shm. Deletes the oldest damaged files beyond MAX_ASIDE."""
    aside = path.with_name(f"{path.name}.damaged-{strftime('%Y%m%dT%H%M%SZ', gmtime(clock.time()))}")
    try:
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                os.replace(path.with_name(path.name + suffix), aside.with_name(aside.name + suffix))
        for old in sorted(path.parent.glob(f"{path.name}.damaged-*Z"))[:-MAX_ASIDE]:
            for suffix in ("-wal", "-shm", ""):
                old.with_name(old.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: damaged, and cannot be set aside ({error.strerror}): check the disk") from error
    return aside


def _save_uploads(aside: Path, target: sqlite3.Connection) -> tuple[int, int]:
    """Copy the uploads that are readable and match their hash, with their ids. Returns (saved, seen but invalid)."""
    saved = lost = 0
    columns = "id, captured_us, source, destination, path, complete, sha256, body"
    if _save_senders(aside, target):
        columns += ", sender_id, via"
    for rows in _rows(aside, f"SELECT {columns} FROM upload WHERE id > ? ORDER BY id LIMIT ?", "upload", 0):
        whole = [row for row in rows if _is_whole(row)]
        lost += len(rows) - len(whole)
        with transaction(target):
            saved += target.executemany(f"INSERT OR IGNORE INTO upload ({columns})"
                                        f" VALUES ({', '.join('?' * len(columns.split(',')))})", whole).rowcount
    return saved, lost


def _save_senders(aside: Path, target: sqlite3.Connection) -> bool:
    """Copy the senders of the uploads. Returns False if they are unreadable or from before senders were recorded: then
    all uploads get one trusted sender, since an untrusted one would leave the history empty."""
    try:
        with closing(sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True)) as source:
            source.execute("SELECT sender_id, via FROM upload LIMIT 1").fetchone()
            rows = source.execute(f"SELECT {trust.COLUMNS} FROM sender").fetchall()
        with transaction(target):
            target.executemany(f"INSERT INTO sender ({trust.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        return True
    except sqlite3.Error:
        target.execute("INSERT INTO sender (id, mac, serial, side, state, how, first_us, last_us)"
                       " VALUES (0, ?, '', '', 'trusted', 'earlier', 0, 0)", (trust.NONE,))
        return False


def _is_whole(row: tuple[Any, ...]) -> bool:
    """Return True if an upload is unchanged since it was written."""
    try:
        number, captured_us, source, destination, path, complete, sha256, body = row[:8]
        return (all(isinstance(value, int) for value in (number, captured_us, complete)) and complete in (0, 1)
                and all(isinstance(value, str) for value in (source, destination, path))
                and inbox.digest(path, unpack(body)) == sha256)
    except (ValueError, TypeError, AttributeError):
        return False


def _pruned_until(data_dir: Path) -> int:
    """Return the packet time up to which the inbox may have been pruned, in UTC seconds; 0 if nothing was deleted."""
    try:
        with closing(inbox.connect(data_dir, readonly=True)) as connection:
            return inbox.pruned_us(connection) // 1_000_000
    except sqlite3.Error:
        return 0


def _save_decisions(aside: Path, target: sqlite3.Connection) -> None:
    """Copy the owner's readable decisions about senders, devices and uploads."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True)) as source:
        for query, insert in DECISIONS:
            rows = source.execute(query).fetchall()
            with transaction(target):
                target.executemany(insert, rows)


def _save_readings(aside: Path, target: sqlite3.Connection, until: int) -> int:
    """Copy the readings up to `until` (UTC seconds), which the inbox may no longer have, and their devices."""
    if not until:
        return 0
    saved = 0
    with transaction(target):
        for rows in _rows(aside, "SELECT id, kind, serial, model, first_seen, last_seen, model_time FROM device"
                                 " WHERE id > ? ORDER BY id LIMIT ?", "device", 0):
            target.executemany("INSERT OR IGNORE INTO device (id, kind, serial, model, first_seen, last_seen,"
                               " model_time) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    for (device,) in target.execute("SELECT id FROM device").fetchall():
        saved += _save_device(aside, target, device, until)
    return saved


def _save_device(aside: Path, target: sqlite3.Connection, device: int, until: int) -> int:
    saved = 0
    for number in (120, 122, 130, 131, 140, 141):
        query = (f"SELECT time, device, number, part, energy_dwh, power_dw, fields FROM reading WHERE device = {device}"
                 f" AND number = {number} AND time > ? AND time <= {until} ORDER BY time LIMIT ?")
        for rows in _rows(aside, query, "", 0):
            typed = [row for row in rows if isinstance(row[0], int) and isinstance(row[4], int | None)
                     and isinstance(row[5], int | None) and isinstance(row[6], str)]
            with transaction(target):
                saved += target.executemany("INSERT OR IGNORE INTO reading (time, device, number, part, energy_dwh,"
                                            " power_dw, fields) VALUES (?, ?, ?, ?, ?, ?, ?)", typed).rowcount
    return saved


def _rows(path: Path, query: str, table: str, after: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a query by its first column, in steps. Skips unreadable rows, in steps that grow after PATIENCE
    failures."""
    size, failures = STEP, 0
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
        source.text_factory = lambda raw: raw.decode("utf-8", "replace")
        last = _last(source, table)
        while True:
            try:
                rows = source.execute(query, (after, size)).fetchall()
            except sqlite3.Error:
                if size > 1:
                    size = 1            # find the readable ones before the damage one by one
                    continue
                failures += 1
                after += 1 << max(0, failures - PATIENCE)
                if after > last:
                    return
                continue
            if not rows:
                return
            yield rows
            if not isinstance(rows[-1][0], int) or rows[-1][0] <= after:
                return
            after, size, failures = rows[-1][0], STEP, 0


def _last(source: sqlite3.Connection, table: str) -> int:
    """Return the largest key of the table, or an upper bound for it."""
    if table:
        with suppress(sqlite3.Error):
            return int(source.execute(f"SELECT max(id) FROM {table}").fetchone()[0] or 0)
        with suppress(sqlite3.Error):
            return int(source.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()[0])
    return 1 << 40
