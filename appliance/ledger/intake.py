"""Uploads → readings, devices and dirty days: the first half of the ledger.

One transaction takes a batch of uploads: after it, readings, devices, cursor, horizon, counts and dirty days
all know of the batch, or none does. A day is dirty when a counter reading in it is new or changed; when that reading is
its device's first of the day, the day of the reading before is dirty too, because a decision looks one reading ahead.

Lines that are unknown or cannot be read are counted as their uploads are taken in: uploads that a restore brings back
after pruning count again, everything else about them changes nothing.

Horizon: one day after the newest packet time seen. A record from beyond it has a clock that is ahead: it is kept, and
counted once the horizon has passed it.
"""
import json
import sqlite3
from collections import defaultdict
from operator import itemgetter
from typing import Any
from zlib import crc32

from appliance import records
from appliance.ledger import clocks
from appliance.ledger.calendar import EARLIEST, Calendar
from appliance.ledger.devices import Devices
from appliance.ledger.dirty_days import COUNTED, calendar, horizon, mark_stale
from appliance.ledger.folded import LOOK_AHEAD_S
from appliance.ledger.senders import Counted
from appliance.ledger.upload_times import Frame, frame_of, learn
from appliance.records import Header, Malformed, Reading, Unknown, storable
from appliance.store import inbox as uploads
from appliance.store import state, transaction
from appliance.store.state import Key
from spcore.lines import records as lines

HEARTBEAT = "/Command/"      # uploads that are sent when they are made, so that their time tells the PVS's clock
MOVED, HELD = "readings put right", "readings held"
COUNTING = (130, 140)       # records with a counter, which is worth a notice when it is no number
UNREADABLE_LINES, UNREADABLE_WORDS = "unreadable counters", "unreadable words"
MAX_WORDS = 200             # characters of a line that the owner is shown
HORIZON_S = 86400
MAX_UNKNOWN = 50            # message numbers nobody knows that are counted one by one

KINDS = {120: "pvs", 122: "pvs", 130: "inverter", 131: "inverter", 140: "meter", 141: "meter"}
LEAST = -(1 << 63)
UPSERT = f"""
INSERT INTO reading (device, number, time, part, energy_dwh, power_dw, fields, sender) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET energy_dwh = excluded.energy_dwh, power_dw = excluded.power_dw, fields = excluded.fields
WHERE (coalesce(excluded.energy_dwh, {LEAST}), coalesce(excluded.power_dw, {LEAST}), excluded.fields)
    > (coalesce(energy_dwh, {LEAST}), coalesce(power_dw, {LEAST}), fields) AND excluded.sender = sender
"""

KEY = itemgetter(0, 1, 2, 3)

Row = tuple[int, int, int, int, int | None, int | None, str, int]


def cursor(store: sqlite3.Connection) -> int:
    """The id of the last upload taken in."""
    return int(state.get(store, Key.INBOX_CURSOR) or 0)


def put_cursor(store: sqlite3.Connection, number: int) -> None:
    """The upload with the id `number` is behind us. In a transaction of the caller's."""
    state.put(store, Key.INBOX_CURSOR, str(number))


def ingested(store: sqlite3.Connection) -> list[str | int]:
    """[identity of the inbox, id of the last upload that was taken in from it]."""
    return [state.get(store, Key.INBOX_IDENTITY) or "", cursor(store)]


def reset_cursor_if_other_inbox(inbox: sqlite3.Connection, store: sqlite3.Connection) -> None:
    """Start from the beginning when the inbox is another one than the cursor's: a repeat changes nothing."""
    identity, note = uploads.identity(inbox)
    if state.get(store, Key.INBOX_IDENTITY) == identity and cursor(store) <= uploads.last_id(inbox):
        return
    with transaction(store):
        state.put(store, Key.INBOX_IDENTITY, identity)
        state.put(store, Key.INBOX_CURSOR, "0")
        state.drop(store, Key.LINES)
        if note:
            state.put(store, Key.INBOX_NOTE, note)


def ingest_batch(inbox: sqlite3.Connection, store: sqlite3.Connection, batch: list[uploads.Stored],
                 counted: Counted) -> int:
    """Take in what counts of a batch of uploads (at least one) in one transaction; how many readings were new or
    changed. Where it shows that uploads of before were judged wrongly, the inbox is read from its beginning next."""
    guessed = uploads.guessed(inbox, batch[0].id, batch[-1].id)
    with transaction(store):
        taken = [(counted.senders[one.sender_id], frame_of(one.upload, one.id in guessed)) for one in batch
                 if one.sender_id in counted.senders and one.sha256 not in counted.left_out]
        if learn(store, [frame for _, frame in taken]):
            clear_readings(inbox, store)
            state.put(store, Key.REBUILDING, "1")
            return 0
        days = calendar(store)
        devices = Devices(store)
        until = _reveal(store, days, max((frame.captured for _, frame in taken), default=0) + HORIZON_S)
        counts = json.loads(state.get(store, Key.LINES) or "{}")
        clock = json.loads(state.get(store, Key.PVS_CLOCK) or "[0, 0]")
        by_day: dict[str, list[Row]] = defaultdict(list)
        for devices.sender, frame in taken:
            if frame.sent and (frame.is_off or frame.upload.path.startswith(HEARTBEAT)):
                clock = max(clock, [frame.captured, frame.sent - frame.captured])
            _read(frame, devices, days, until, by_day, counts)
        devices.write()
        changed = sum(_write(store, days, day, rows) for day, rows in by_day.items())
        state.put(store, Key.LINES, json.dumps(counts))
        state.put(store, Key.PVS_CLOCK, json.dumps(clock))
        state.put(store, Key.INBOX_CURSOR, str(batch[-1].id))
    return changed


def _put_right(frame: Frame) -> dict[int, int]:
    """Claimed time → the right one (clocks.HELD: not known) of the readings that a wrong clock stamped."""
    times = {record.time for fields in lines(frame.upload.body) if isinstance(record := records.parse(fields), Reading)}
    if frame.is_lost:
        return {time: clocks.HELD for time in times if time <= frame.sent + clocks.WRONG_S}
    return clocks.put_right(times, frame.sent, frame.captured)


def _read(frame: Frame, devices: Devices, days: Calendar, until: int, by_day: dict[str, list[Row]],
          counts: dict[str, int]) -> None:
    """Sort an upload's lines into rows by local day ("" for those that count no energy)."""
    captured, pvs = frame.captured, frame.pvs
    latest, oldest = captured + HORIZON_S, captured - clocks.MEMORY_S
    moved = _put_right(frame) if frame.is_off else None
    parse, day, find, sender = records.parse, days.day, devices.find, devices.sender
    if not frame.upload.body:
        _count(counts, "damaged uploads")
    for fields in lines(frame.upload.body):
        record = parse(fields)
        if isinstance(record, Reading):
            if moved is not None or record.time < oldest:
                record = _in_time(record, moved or {}, oldest, counts)
            number, time, serial, part, model, energy, power_dw, raw = record
            seen = time if time >= oldest else 0        # an unknown time tells nothing of when a device was there
            device = find(KINDS[number], serial, model, seen, latest, pvs)
            if device is None:
                _count(counts, "devices beyond the limit")
            elif energy is None:
                if number in COUNTING and len(raw) > 5 and raw[5].strip():
                    _note_unreadable(counts, record)
                by_day[""].append(
                    (device, number, time, part, None, power_dw, _rest(number, None, power_dw, raw), sender))
            else:
                by_day[day(time) if EARLIEST <= time <= until else ""].append(
                    (device, number, time, 0, energy, power_dw, _rest(number, energy, power_dw, raw), sender))
        elif isinstance(record, Header):
            if record.time is not None:
                find("pvs", record.serial, "", captured if frame.is_off else record.time, latest)
        elif isinstance(record, Unknown):
            _count_unknown(counts, record)
            if record.time is not None and record.serial:
                device = find("other", record.serial, "", record.time, latest)
                if device is not None:
                    text = storable("\t".join(fields[3:]))
                    part = crc32(text.encode())
                    by_day[""].append((device, record.number, record.time, part, None, None, text, sender))
        elif isinstance(record, Malformed):
            _count(counts, "malformed")


def _in_time(record: Reading, moved: dict[int, int], oldest: int, counts: dict[str, int]) -> Reading:
    """A reading at the time that is known of it (see _put_right); one whose time is not known, or that is older than
    any PVS keeps, is held."""
    right = moved.get(record.time)
    if right == clocks.HELD or (right is None and EARLIEST <= record.time < oldest):
        return _held(record, counts)
    if right is None:
        return record
    _tally(counts, MOVED)
    return record._replace(time=right)


def _held(record: Reading, counts: dict[str, int]) -> Reading:
    """A reading of an unknown time: kept as it came, and not counted."""
    if record.energy_dwh is not None:
        _tally(counts, HELD)
    return record._replace(energy_dwh=None, power_dw=None)


def _note_unreadable(counts: dict[str, Any], record: Reading) -> None:
    """Count a counter field that is no number, and keep the newest line's own words."""
    if record.fields[5] and records.parse_decimal(record.fields[5], 4) is not None:
        return                  # held, not unreadable
    _tally(counts, UNREADABLE_LINES)
    words = [record.time, storable("\t".join(record.fields))[:MAX_WORDS]]
    counts[UNREADABLE_WORDS] = max(counts.get(UNREADABLE_WORDS, [0, ""]), words)


def _rest(number: int, energy_dwh: int | None, power_dw: int | None, raw: list[str]) -> str:
    """The fields after the serial; empty where a column holds them."""
    rest = raw[3:]
    if number in COUNTING:
        rest[0] = ""
        if energy_dwh is not None:
            rest[2] = ""
        if power_dw is not None:
            rest[3] = ""
    text = "\t".join(rest)
    return text if text.isascii() else storable(text)


def _tally(counts: dict[str, int], what: str) -> None:
    """Count what has a notice of its own."""
    counts[what] = counts.get(what, 0) + 1


def _count(counts: dict[str, int], what: str) -> None:
    counts[what] = counts.get(what, 0) + 1


def _count_unknown(counts: dict[str, int], record: Unknown) -> None:
    name = f"unknown {record.number}"
    _count(counts, name if name in counts or len(counts) < MAX_UNKNOWN else "unknown others")


def _write(store: sqlite3.Connection, days: Calendar, day: str, rows: list[Row]) -> int:
    """Write the rows of a local day and mark what became stale; how many were new or changed."""
    before = store.total_changes
    rows.sort(key=KEY)      # neighbours in the table are written together
    store.executemany(UPSERT, rows)
    changed = store.total_changes - before
    if changed and day:
        first = {row[0]: row for row in reversed(rows)}     # of each device
        mark_stale(store, {day}.union(*(_looking(store, days, device, number, day, time)
                                        for device, number, time, *_ in first.values())))
    return changed


def _looking(store: sqlite3.Connection, days: Calendar, device: int, number: int, day: str, time: int) -> set[str]:
    """The days before `day` whose derivation looked at readings of `time` and later: the one before, and those with
    something undecided. Where none is counted, the device's first one, which may have been left out."""
    if not store.execute("SELECT 1 FROM device_day WHERE device = ? AND day < ? LIMIT 1", (device, day)).fetchone():
        (first,) = store.execute("SELECT min(time) FROM reading WHERE device = ? AND number = ? AND time >= ?"
                                 " AND energy_dwh NOT NULL", (device, number, EARLIEST)).fetchone()
        return set() if first is None else {days.day(first)} - {day}
    return {found for (found,) in store.execute(
        "SELECT day FROM device_day WHERE device = ?1 AND day < ?2 AND until >= ?3 AND day >= coalesce("
        " min((SELECT max(day) FROM device_day WHERE device = ?1 AND day < ?2), ?4), ?4)",
        (device, day, time, days.day(time - LOOK_AHEAD_S - 2 * 86400)))}


def _reveal(store: sqlite3.Connection, days: Calendar, to: int) -> int:
    """Move the horizon to `to`, if that is later; days of readings that it passes become dirty. The new horizon."""
    old = horizon(store)
    if to <= old:
        return old
    state.put(store, Key.HORIZON, str(to))
    for device, kind in store.execute("SELECT id, kind FROM device").fetchall():
        number = COUNTED.get(kind)
        if number is None:
            continue
        for (time,) in store.execute("SELECT time FROM reading WHERE device = ? AND number = ? AND time > ?"
                                     " AND time <= ? AND time >= ? AND energy_dwh NOT NULL",
                                     (device, number, old, to, EARLIEST)).fetchall():
            day = days.day(time)
            mark_stale(store, {day} | _looking(store, days, device, number, day, time))
    return to


def clear_readings(inbox: sqlite3.Connection, store: sqlite3.Connection) -> None:
    """Drop the readings that the inbox can give again, and start reading it from the beginning."""
    if pruned_us := uploads.pruned_us(inbox):
        store.execute("DELETE FROM reading WHERE time > ?", (pruned_us // 1_000_000 + HORIZON_S,))
    else:
        store.execute("DELETE FROM reading")
    state.put(store, Key.INBOX_CURSOR, "0")
    state.drop(store, Key.LINES)
