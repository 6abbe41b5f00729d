"""Whose uploads count, and what the owner took back.

Theory: each sender of the inbox counts when the owner trusts it or, as long as the owner said nothing, when the inbox
does (store.trust: trust on first use). counted() compares that with what was counted so far and makes up for the
difference: a sender that counts now is read from its own first upload on; of one that does not, the readings move to
reading_aside, every day becomes stale, and the inbox is read again from its beginning, because another sender's line
may have been passed over for one of those. Kill -9 anywhere costs repeated work only.

The other way to take back: a device that is set aside keeps its readings but is not derived from; a single upload that
is set aside loses its readings until it is restored.
"""
import sqlite3
from dataclasses import dataclass

from appliance import records
from appliance.errors import SuntapError
from appliance.ledger.calendar import EARLIEST
from appliance.ledger.dirty_days import mark_all_stale
from appliance.records import Reading
from appliance.settings.serials import spelled
from appliance.store import inbox as uploads
from appliance.store import state, transaction, trust
from appliance.store.state import Key
from appliance.store.trust import ASIDE, TRUSTED
from spcore.lines import records as lines
from spcore.uploads import Upload

MAX_DECIDED = trust.MAX_TRUSTED + trust.MAX_STRANGERS   # senders that the owner decided about
MAX_UPLOADS_ASIDE = 1000        # single uploads, the owner's and those that cannot be taken in: so many of each
BY_OWNER, BY_SENDERS = 1, 2     # why a device is set aside
ENDS = ("min", "max")
NUMBERS = (120, 122, 130, 131, 140, 141)
COLUMNS = "device, number, time, part, energy_dwh, power_dw, fields"

Identity = tuple[str, str, str]      # mac, serial, side


class SenderError(SuntapError):
    """What the owner named is not there, or there are too many of it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What of the inbox counts: the store's number of each sender, by the inbox's; uploads that are left out."""

    senders: dict[int, int]
    left_out: frozenset[bytes]


def counted(inbox: sqlite3.Connection, store: sqlite3.Connection) -> Counted:
    """Bring the history in line with who is trusted now, and say what counts. Raises StoreError."""
    numbers = {}
    there = {sender.key: sender for sender in trust.senders(inbox)}
    known = {(mac, serial, side): (number, decision, bool(before)) for number, mac, serial, side, decision, before in
             store.execute("SELECT id, mac, serial, side, decision, counted FROM known_sender").fetchall()}
    for key in [*there, *(key for key in known if key not in there)]:
        sender = there.get(key)
        number, decision, before = known.get(key, (0, "", False))
        wanted = (decision or sender.state) == TRUSTED if sender else before and decision != ASIDE
        if wanted and key not in known:
            number = _added(store, key)
        if wanted and sender:
            numbers[sender.id] = number
        if wanted != before:
            with transaction(store):
                if wanted:
                    _count(inbox, store, number, sender.id if sender else -1)
                else:
                    _take_back(store, number)
    return Counted(numbers, frozenset(sha256 for (sha256,) in store.execute("SELECT sha256 FROM upload_aside")))


def decisions(store: sqlite3.Connection) -> list[list[str]]:
    """[mac, serial, side, state] of each sender that the owner decided about, for the process that fills the inbox."""
    return [list(row) for row in store.execute(
        "SELECT mac, serial, side, decision FROM known_sender WHERE decision <> '' ORDER BY id LIMIT ?",
        (MAX_DECIDED,))]


def decide(store: sqlite3.Connection, key: Identity, decision: str) -> None:
    """Trust a sender or set it aside; the next ingest follows. Raises SenderError, StoreError."""
    if decision not in (TRUSTED, ASIDE):
        raise SenderError(f"{decision!r} is neither {TRUSTED} nor {ASIDE}")
    with transaction(store):
        row = store.execute("SELECT id, decision FROM known_sender WHERE mac = ? AND serial = ? AND side = ?",
                            key).fetchone()
        decided = store.execute("SELECT count(*) FROM known_sender WHERE decision <> ''").fetchone()[0]
        if decided >= MAX_DECIDED and not (row and row[1]):
            raise SenderError(f"{MAX_DECIDED} senders were decided about already")
        number = row[0] if row else _added(store, key)
        store.execute("UPDATE known_sender SET decision = ? WHERE id = ?", (decision, number))


def decide_by_number(inbox: sqlite3.Connection, store: sqlite3.Connection, number: int, decision: str) -> None:
    """decide() for the sender with the inbox's id `number`. Raises SenderError, StoreError."""
    key = next((sender.key for sender in trust.senders(inbox) if sender.id == number), None)
    if key is None:
        raise SenderError(f"the inbox has no sender {number}: `suntap senders` lists them")
    decide(store, key, decision)


def devices_named(store: sqlite3.Connection, serial: str) -> list[int]:
    """The numbers of the devices with this serial number."""
    return [number for (number,) in store.execute("SELECT id FROM device WHERE serial = ? ORDER BY kind",
                                                  (spelled(serial),))]


def set_device_aside(store: sqlite3.Connection, device: int, aside: bool) -> None:
    """Leave a device out of the history, or take it in again. Raises SenderError, StoreError."""
    with transaction(store):
        if not store.execute("UPDATE device SET aside = ? WHERE id = ? AND aside <> ?",
                             (BY_OWNER if aside else 0, device, BY_SENDERS)).rowcount:
            raise SenderError(f"no device has the number {device}, or its sender is set aside")
        mark_all_stale(store)
        if aside:
            _forget_days(store, device)


def set_upload_aside(inbox: sqlite3.Connection, store: sqlite3.Connection, number: int, aside: bool, now: int) -> None:
    """Leave the upload with the inbox's id `number` out of the history, or take it in again. Raises SenderError."""
    found = uploads.arrivals(inbox, number - 1, 1)
    if not found or found[0].id != number:
        raise SenderError(f"the inbox has no upload {number}")
    one = found[0]
    with transaction(store):
        if aside:
            leave_out(store, one.sha256, now)
            _drop_readings(store, one.upload)
            _read_again(store, 0)
        elif store.execute("DELETE FROM upload_aside WHERE sha256 = ?", (one.sha256,)).rowcount:
            _read_again(store, number - 1)
        mark_all_stale(store)


def leave_out(store: sqlite3.Connection, sha256: bytes, now: int, reason: str = "") -> None:
    """Step over an upload from now on; `reason`: why it cannot be taken in, "" for the owner's wish.

    Raises SenderError when the owner set MAX_UPLOADS_ASIDE aside already. Of those that cannot be taken in, the oldest
    makes room: they must not stop the ledger, and that one is found again if the inbox is read again.
    """
    before = store.execute("SELECT count(*) FROM upload_aside WHERE (reason = '') = ?", (reason == "",)).fetchone()[0]
    if before >= MAX_UPLOADS_ASIDE:
        if not reason:
            raise SenderError(f"{MAX_UPLOADS_ASIDE} uploads are set aside already: set their sender aside")
        store.execute("DELETE FROM upload_aside WHERE sha256 IN (SELECT sha256 FROM upload_aside WHERE reason <> ''"
                      " ORDER BY created, sha256 LIMIT ?)", (before - MAX_UPLOADS_ASIDE + 1,))
    store.execute("INSERT OR IGNORE INTO upload_aside (sha256, created, reason) VALUES (?, ?, ?)",
                  (sha256, now, reason[:200]))


def _added(store: sqlite3.Connection, key: Identity) -> int:
    return store.execute("INSERT INTO known_sender (mac, serial, side) VALUES (?, ?, ?)", key).lastrowid or 0


def _count(inbox: sqlite3.Connection, store: sqlite3.Connection, number: int, there: int) -> None:
    """Take a sender's uploads in from its first one on; what was set aside of it comes back."""
    store.execute("UPDATE known_sender SET counted = 1 WHERE id = ?", (number,))
    back = store.execute(f"INSERT OR REPLACE INTO reading ({COLUMNS}, sender) SELECT {COLUMNS}, sender"
                         " FROM reading_aside WHERE sender = ?", (number,)).rowcount
    store.execute("DELETE FROM reading_aside WHERE sender = ?", (number,))
    first = uploads.first_of(inbox, there)
    if first is not None:
        _read_again(store, first - 1)
    store.execute("UPDATE device SET aside = 0 WHERE aside = ? AND sender = ?", (BY_SENDERS, number))
    if back:
        _look_at_devices(store)
        mark_all_stale(store)


def _take_back(store: sqlite3.Connection, number: int) -> None:
    store.execute("UPDATE known_sender SET counted = 0 WHERE id = ?", (number,))
    store.execute(f"INSERT OR REPLACE INTO reading_aside (sender, {COLUMNS}) SELECT sender, {COLUMNS} FROM reading"
                  " WHERE sender = ?", (number,))
    store.execute("DELETE FROM reading WHERE sender = ?", (number,))
    store.execute("UPDATE device SET model_time = 0, pvs_time = 0")     # what it said of them yields to the others
    _look_at_devices(store, number)
    _read_again(store, 0)
    mark_all_stale(store)


def _look_at_devices(store: sqlite3.Connection, gone: int | None = None) -> None:
    """When each device was seen, by the readings that are left of it; one that only the sender `gone` spoke of is left
    out."""
    for device, aside, sender in store.execute("SELECT id, aside, sender FROM device").fetchall():
        ends = [store.execute(f"SELECT {which}(time) FROM reading WHERE device = ? AND number = ? AND time >= ?",
                              (device, number, EARLIEST)).fetchone()[0] for which in ENDS for number in NUMBERS]
        times = [time for time in ends if time is not None]
        left = times or store.execute("SELECT 1 FROM reading WHERE device = ? LIMIT 1", (device,)).fetchone()
        if left:
            store.execute("UPDATE device SET first_seen = ?, last_seen = ?, aside = ? WHERE id = ?",
                          (min(times, default=0), max(times, default=0), aside if aside == BY_OWNER else 0, device))
        elif aside == 0 and (sender == gone or store.execute(
                "SELECT 1 FROM reading_aside WHERE sender = ? AND device = ? LIMIT 1", (gone, device)).fetchone()):
            store.execute("UPDATE device SET aside = ? WHERE id = ?", (BY_SENDERS, device))
            _forget_days(store, device)


def _forget_days(store: sqlite3.Connection, device: int) -> None:
    store.execute("DELETE FROM device_day WHERE device = ?", (device,))
    store.execute("DELETE FROM notice WHERE device = ?", (device,))


def _drop_readings(store: sqlite3.Connection, upload: Upload) -> None:
    """Delete the readings of an upload's lines; what else says the same of them is read again."""
    for fields in lines(upload.body):
        record = records.parse(fields)
        if isinstance(record, Reading):
            store.execute("DELETE FROM reading WHERE device IN (SELECT id FROM device WHERE serial = ?)"
                          " AND number = ? AND time = ?",
                          (records.storable(record.serial), record.number, record.time))


def _read_again(store: sqlite3.Connection, after: int) -> None:
    """Read the inbox again behind the id `after`: a repeat changes nothing."""
    if after < int(state.get(store, Key.INBOX_CURSOR) or 0):
        state.put(store, Key.INBOX_CURSOR, str(max(0, after)))
    if after <= 0:
        state.drop(store, Key.LINES)
