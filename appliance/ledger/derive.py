"""Dirty days → slots, totals, notices: the second half of the ledger.

One transaction derives one local day, from the readings in it, the first reading behind it, and the rows in which the
days before ended. It replaces what the day had, marks the days that start from a changed end as dirty, and notes in
changed_day whether any slot became another. Days are taken in ascending order, so a stretch of dirty days is derived
once; since a changed end always dirties its follower, any other order would end in the same place.
"""
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from appliance.ledger.calendar import EARLIEST, Calendar
from appliance.ledger.counters import Folded, Point, Step, fold, power_limit
from appliance.ledger.roles import INVERTER, NET, PRODUCTION, role
from appliance.ledger.sign import choose
from appliance.ledger.sites import Start, Totals, book, source_of
from appliance.ledger.stale import COUNTED, calendar, horizon, mark_stale, settings
from appliance.store import state, transaction

SIGN = "net_sign"

_values = attrgetter("production_dwh", "net_dwh", "consumption_dwh", "day_production_dwh", "day_consumption_dwh",
                     "seconds", "hole")

Device = tuple[int, str, int]       # id, role, number of the record with its counter


def derive(store: sqlite3.Connection, progress: Callable[[int, int], object] | None = None,
           limit: int | None = None) -> int:
    """Derive dirty days, at most `limit`; how many. `progress(done, total)` is told of days. Raises StoreError."""
    done = 0
    while limit is None or done < limit:
        row = store.execute("SELECT min(day), count(*) FROM dirty_day").fetchone()
        if row[0] is None:
            if not _settle_sign(store):
                break
            continue
        with transaction(store):
            _derive_day(store, row[0])
        done += 1
        if progress:
            progress(done, done + row[1] - 1)
    return done


def changed(store: sqlite3.Connection) -> tuple[str, ...]:
    """The local days whose slots changed and that the outbox has not followed yet."""
    return tuple(day for (day,) in store.execute("SELECT day FROM changed_day ORDER BY day"))


def followed(store: sqlite3.Connection, days: Iterable[str]) -> None:
    """The outbox agrees with the slots of these days; part of the caller's transaction."""
    store.executemany("DELETE FROM changed_day WHERE day = ?", [(day,) for day in days])


def device_steps(store: sqlite3.Connection, device: int, day: str) -> list[Step]:
    """What one device counted on a local day: (start, end, energy in 0.1 Wh), ascending."""
    for known in _devices(store):
        if known[0] == device:
            days = calendar(store)
            folded = _fold(store, known, day, *days.bounds(day), horizon(store), settings(store)["size_w"])[1]
            return folded.steps if folded else []
    return []


def _devices(store: sqlite3.Connection) -> list[Device]:
    """The devices that count energy, in an order that does not depend on who came first."""
    return [(number, role(kind, serial, model), COUNTED[kind]) for number, kind, serial, model in store.execute(
        "SELECT id, kind, serial, model FROM counted_device WHERE kind IN ('inverter', 'meter')"
        " ORDER BY kind, serial")]


def _derive_day(store: sqlite3.Connection, day: str) -> None:
    """Derive one local day. In a transaction of the caller's."""
    days, made_with, until = calendar(store), settings(store), horizon(store)
    start, end = days.bounds(day)
    store.execute("DELETE FROM dirty_day WHERE day = ?", (day,))
    store.execute("DELETE FROM notice WHERE day = ?", (day,))
    found: dict[str, list[Folded]] = {INVERTER: [], PRODUCTION: [], NET: []}
    alive = False
    for device in _devices(store):
        before, folded, behind = _fold(store, device, day, start, end, until, made_with["size_w"])
        _end_device(store, days, device[0], day, before, folded, behind)
        if folded is None:
            continue
        found[device[1]].append(folded)
        alive |= device[1] == PRODUCTION and before is not None and before[1] != 0
        _note(store, day, device[0], folded)
    source = source_of(made_with["production"], alive)
    production = found[PRODUCTION if source == "meter" else INVERTER]
    row = store.execute("SELECT net_active, balance_dwh FROM site_day WHERE day < ? ORDER BY day DESC LIMIT 1",
                        (day,)).fetchone()
    sign = -1 if state.get(store, SIGN) == "-" else 1
    slots, totals = book(production, found[NET], start, days.slot_seconds, sign, Start(*(row or (0, 0))))
    _end_site(store, day, totals if any(found.values()) else None, source)
    _replace_slots(store, day, start, end, slots)


def _fold(store: sqlite3.Connection, device: Device, day: str, start: int, end: int, until: int,
          size_w: int) -> tuple[Point | None, Folded | None, Point | None]:
    """(counter before the day, what the day gave or None without readings, first reading behind the day)."""
    number, part, message = device
    points = store.execute("SELECT time, energy_dwh FROM reading WHERE device = ? AND number = ? AND time >= ?"
                           " AND time < ? AND time <= ? AND energy_dwh NOT NULL ORDER BY time",
                           (number, message, max(start, EARLIEST), end, until)).fetchall()
    before = store.execute("SELECT time, counter_dwh FROM device_day WHERE device = ? AND day < ?"
                           " ORDER BY day DESC LIMIT 1", (number, day)).fetchone()
    behind = store.execute("SELECT time, energy_dwh FROM reading WHERE device = ? AND number = ? AND time >= ?"
                           " AND time <= ? AND energy_dwh NOT NULL ORDER BY time LIMIT 1",
                           (number, message, max(end, EARLIEST), until)).fetchone()
    folded = fold(before, points, behind, part == NET, power_limit(size_w)) if points else None
    return before, folded, behind


def _end_device(store: sqlite3.Connection, days: Calendar, device: int, day: str, before: Point | None,
                folded: Folded | None, behind: Point | None) -> None:
    """Write where the device's counter stands at the day's end; a change makes the day of its next reading dirty."""
    old = store.execute("SELECT time, counter_dwh, energy_dwh FROM device_day WHERE device = ? AND day = ?",
                        (device, day)).fetchone()
    new = None
    if folded is not None and folded.state is not None:
        new = (*folded.state, sum(energy for _, _, energy in folded.steps))
    if new == old:
        return
    if new is None:
        store.execute("DELETE FROM device_day WHERE device = ? AND day = ?", (device, day))
    else:
        store.execute("INSERT OR REPLACE INTO device_day VALUES (?, ?, ?, ?, ?)", (device, day, *new))
    if behind is not None and (old or (before or (None,)))[:2] != (new or (before or (None,)))[:2]:
        mark_stale(store, [days.day(behind[0])])


def _end_site(store: sqlite3.Connection, day: str, totals: Totals | None, source: str) -> None:
    """Write the day's totals; what the next day starts from makes that one dirty when it changed."""
    def start_of_next() -> tuple:
        return store.execute("SELECT net_active, balance_dwh FROM site_day WHERE day <= ? ORDER BY day DESC LIMIT 1",
                             (day,)).fetchone() or (0, 0)
    old = start_of_next()
    store.execute("DELETE FROM site_day WHERE day = ?", (day,))
    if totals is not None:
        store.execute("INSERT INTO site_day (day, production_dwh, consumption_dwh, import_dwh, export_dwh, slots,"
                      " holes, peak_w, source, net_active, balance_dwh, against_plus_dwh, against_minus_dwh)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      (day, totals.production_dwh, totals.consumption_dwh, totals.import_dwh, totals.export_dwh,
                       totals.slots, totals.holes, totals.peak_w, source, totals.end.net_active, totals.end.balance_dwh,
                       totals.against_plus_dwh, totals.against_minus_dwh))
    if start_of_next() != old:
        (following,) = store.execute("SELECT min(day) FROM site_day WHERE day > ?", (day,)).fetchone()
        if following is not None:
            mark_stale(store, [following])


def _replace_slots(store: sqlite3.Connection, day: str, start: int, end: int, slots: Sequence) -> None:
    """Write the slots of the day that differ from what is stored, so that a day that stays writes nothing."""
    old = {row[0]: row for row in store.execute(
        "SELECT time, day, production_dwh, net_dwh, consumption_dwh, day_production_dwh, day_consumption_dwh, seconds,"
        " hole FROM slot WHERE time >= ? AND time < ?", (start, end))}
    new = {slot.time: (slot.time, day, *_values(slot)) for slot in slots}
    gone = [(time,) for time in old if time not in new]
    different = [row for time, row in new.items() if old.get(time) != row]
    store.executemany("DELETE FROM slot WHERE time = ?", gone)
    store.executemany("INSERT OR REPLACE INTO slot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", different)
    if gone or different:
        others = {row[1] for row in old.values()} | {day}
        store.executemany("INSERT OR IGNORE INTO changed_day VALUES (?)", ((name,) for name in others))


def _note(store: sqlite3.Connection, day: str, device: int, folded: Folded) -> None:
    """One row per kind of event, of the first one, with their number."""
    first: dict[str, list] = {}
    for event in folded.events:
        known = first.setdefault(event.kind, [event.time, 0, event.before_dwh, event.after_dwh])
        known[1] += 1
    store.executemany("INSERT INTO notice (day, device, kind, time, count, before_dwh, after_dwh)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?)",
                      [(day, device, kind, *row) for kind, row in first.items()])


def _settle_sign(store: sqlite3.Connection) -> bool:
    """Let the evidence of all days choose the sign of the net counter; whether that made days dirty."""
    plus, minus = store.execute("SELECT coalesce(sum(against_plus_dwh), 0), coalesce(sum(against_minus_dwh), 0)"
                                " FROM site_day").fetchone()
    sign = choose(settings(store)["net_sign"], plus, minus)
    if sign == (state.get(store, SIGN) or "+"):
        return False
    with transaction(store):
        state.put(store, SIGN, sign)
        mark_stale(store, [day for (day,) in store.execute("SELECT day FROM site_day WHERE import_dwh NOT NULL")])
    return True
