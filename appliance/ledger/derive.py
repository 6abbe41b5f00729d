"""Dirty days → slots, totals, notices: the second half of the ledger.

One transaction derives one local day, from the readings in it, those behind it that decide about them, and the rows in
which the days before ended. It replaces what the day had, marks the days that start from a changed end as dirty, and
notes in changed_day whether any slot became another. Days are taken in ascending order, so a stretch of dirty days is
derived once; since a changed end always dirties its follower, any other order would end in the same place. When no day
is dirty any more, what all days together say (sign and kind of the meter, full power of a device) may make some so.
"""
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from statistics import median_low

from appliance.ledger import devices as table
from appliance.ledger import hours, roofs
from appliance.ledger.cadence import usual
from appliance.ledger.calendar import EARLIEST, Calendar
from appliance.ledger.counters import LOOK_AHEAD_S, Folded, Point, State, Step, fold, steep
from appliance.ledger.devices import Device
from appliance.ledger.limits import limit_of
from appliance.ledger.roles import INVERTER, NET, PRODUCTION
from appliance.ledger.settle import meter_is_gross, settle
from appliance.ledger.sites import Start, Totals, book
from appliance.ledger.slot import Slot
from appliance.ledger.stale import calendar, horizon, mark_stale, settings
from appliance.store import state, transaction
from appliance.store.state import Key

SUNNY_W = 1_000             # of a slot: on such a day a net meter runs down
LATELY_S = 3 * 86400        # an inverter heard within this time is there: the sum without it is not complete

_values = attrgetter("production_dwh", "net_dwh", "consumption_dwh", "day_production_dwh", "day_consumption_dwh",
                     "seconds", "hole")


def derive(store: sqlite3.Connection, progress: Callable[[int, int], object] | None = None,
           limit: int | None = None) -> int:
    """Derive dirty days, at most `limit`; how many. `progress(done, total)` is told of days. Raises StoreError."""
    done = 0
    while limit is None or done < limit:
        row = store.execute("SELECT min(day), count(*) FROM dirty_day").fetchone()
        if row[0] is None:
            if not settle(store):
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
    for known in table.counting(store, device):
        days = calendar(store)
        folded = _fold(store, known, day, *days.bounds(day), horizon(store), settings(store)["size_w"])[1]
        return folded.steps if folded else []
    return []


def _derive_day(store: sqlite3.Connection, day: str) -> None:
    """Derive one local day. In a transaction of the caller's."""
    days, wanted, until = calendar(store), settings(store), horizon(store)
    start, end = days.bounds(day)
    state.put(store, Key.UNSETTLED, "1")
    store.execute("DELETE FROM dirty_day WHERE day = ?", (day,))
    store.execute("DELETE FROM notice WHERE day = ?", (day,))
    found: dict[tuple[str, str], list[Folded]] = {}
    silent: set[str] = set()            # PVSs of which an inverter was not read
    made: dict[int, int] = {}           # energy by inverter
    for device in table.counting(store):
        before, folded, behind = _fold(store, device, day, start, end, until, wanted["size_w"])
        _end_device(store, days, device.id, day, before, folded, behind)
        if folded is None:
            if device.role == INVERTER and before is not None and before.time > start - LATELY_S:
                silent.add(device.pvs)
            continue
        found.setdefault((device.role, device.pvs), []).append(folded)
        if device.role == INVERTER:
            made[device.id] = folded.energy_dwh
        _note(store, day, device.id, folded)
    _write_typical(store, day, made)
    before_day = store.execute("SELECT net_active, balance_dwh, cadence_s FROM site_day WHERE day < ?"
                               " ORDER BY day DESC LIMIT 1", (day,)).fetchone() or (0, 0, 0)
    every = [folded for several in found.values() for folded in several]
    frame = roofs.Day(start, days.slot_seconds, before_day[2])
    production: list[Folded] = []
    sources: set[str] = set()
    for pvs in sorted({of_pvs for part, of_pvs in found if part != NET} | _roofs(store)):
        produced = roofs.produce(wanted["production"], found.get((INVERTER, pvs), []), found.get((PRODUCTION, pvs), []),
                                 pvs not in silent, _roof_start(store, pvs, day), frame)
        _end_roof(store, pvs, day, produced)
        production += produced.counters
        if produced.counters:
            sources.add(produced.source)
    meters = [folded for (part, _), several in found.items() if part == NET for folded in several]
    sign = -1 if state.get(store, Key.NET_SIGN) == "-" else 1
    slots, totals = book(production, meters, frame, sign, Start(*before_day[:2]), meter_is_gross(store))
    cadence_s = usual((folded.steps for folded in every), before_day[2])
    _end_site(store, day, totals if every else None, "+".join(sorted(sources)) or roofs.INVERTERS, cadence_s)
    _replace_slots(store, day, start, end, slots)
    whole = None not in (totals.production_dwh, totals.consumption_dwh, totals.import_dwh)
    hours.write(store, day, hours.by_hour(slots, start, days.slot_seconds, days.zone) if whole else ())


def _fold(store: sqlite3.Connection, device: Device, day: str, start: int, end: int, until: int,
          size_w: int) -> tuple[State | None, Folded | None, Point | None]:
    """(counter before the day, what the day gave or None without readings, first reading behind the day)."""
    points = store.execute("SELECT time, energy_dwh FROM reading WHERE device = ? AND number = ? AND time >= ?"
                           " AND time < ? AND time <= ? AND energy_dwh NOT NULL ORDER BY time",
                           (device.id, device.number, max(start, EARLIEST), end, until)).fetchall()
    row = store.execute("SELECT time, counter_dwh, since FROM device_day WHERE device = ? AND day < ?"
                        " ORDER BY day DESC LIMIT 1", (device.id, day)).fetchone()
    before = State(*row) if row else None
    after = max(end, EARLIEST)
    behind = store.execute("SELECT time, energy_dwh FROM reading WHERE device = ? AND number = ? AND time >= ?"
                           " AND time <= ? AND energy_dwh NOT NULL ORDER BY time LIMIT 1",
                           (device.id, device.number, after, until)).fetchone()

    def ahead() -> list[Point]:
        return store.execute("SELECT time, energy_dwh FROM reading WHERE device = ? AND number = ? AND time >= ?"
                             " AND time <= ? AND energy_dwh NOT NULL ORDER BY time",
                             (device.id, device.number, after, min(until, end + LOOK_AHEAD_S))).fetchall()

    if not points:
        return before, None, behind
    limit = limit_of(device.full_w, size_w, device.role == INVERTER, device.role == NET)
    folded = fold(before, points, behind, device.role != INVERTER, limit, ahead)
    folded.steep_w = steep(points, device.role != INVERTER)
    return before, folded, behind


def _end_device(store: sqlite3.Connection, days: Calendar, device: int, day: str, before: State | None,
                folded: Folded | None, behind: Point | None) -> None:
    """Write where the device's counter stands at the day's end; a change makes the day of its next reading dirty."""
    old = store.execute("SELECT time, counter_dwh, since, energy_dwh, until, steep_w, top_w FROM device_day"
                        " WHERE device = ? AND day = ?", (device, day)).fetchone()
    new = None
    if folded is not None and folded.state is not None:
        new = (*folded.state, folded.energy_dwh, folded.until, folded.steep_w, folded.top_w)
    if new == old:
        return
    if new is None:
        store.execute("DELETE FROM device_day WHERE device = ? AND day = ?", (device, day))
    else:
        store.execute("INSERT OR REPLACE INTO device_day (device, day, time, counter_dwh, since, energy_dwh, until,"
                      " steep_w, top_w) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (device, day, *new))
    if behind is not None and (old or (before or (None,)))[:3] != (new or (before or (None,)))[:3]:
        mark_stale(store, [days.day(behind[0])])


def _write_typical(store: sqlite3.Connection, day: str, made: dict[int, int]) -> None:
    """Write beside each inverter's energy what its neighbours made: their median."""
    for device in made:
        others = [energy for other, energy in made.items() if other != device]
        store.execute("UPDATE device_day SET typical_dwh = ?1 WHERE device = ?2 AND day = ?3 AND typical_dwh IS NOT ?1",
                      (median_low(others) if others else None, device, day))


def _roofs(store: sqlite3.Connection) -> set[str]:
    """The PVSs whose production may have something to pass on."""
    return {pvs for (pvs,) in store.execute("SELECT DISTINCT pvs FROM device WHERE kind IN ('inverter', 'meter')")}


ROOF_START = ("SELECT trusted, booked_dwh, owed_dwh, read_until FROM roof_day WHERE pvs = ? AND day {} ?"
              " ORDER BY day DESC LIMIT 1")


def _roof_start(store: sqlite3.Connection, pvs: str, day: str) -> roofs.Start:
    return roofs.Start(*(store.execute(ROOF_START.format("<"), (pvs, day)).fetchone() or ()))


def _end_roof(store: sqlite3.Connection, pvs: str, day: str, produced: roofs.Produced) -> None:
    """Write what the PVS's next day starts from; a change makes that day dirty."""
    before = store.execute(ROOF_START.format("<="), (pvs, day)).fetchone() or (0, 0, 0, 0)
    end = (produced.end.trusted, produced.end.booked_dwh, produced.end.owed_dwh, produced.end.read_until)
    store.execute("DELETE FROM roof_day WHERE pvs = ? AND day = ?", (pvs, day))
    if produced.counters or end != (0, 0, 0, 0):
        store.execute("INSERT INTO roof_day VALUES (?, ?, ?, ?, ?, ?, ?)", (pvs, day, produced.source, *end))
    if (store.execute(ROOF_START.format("<="), (pvs, day)).fetchone() or (0, 0, 0, 0)) != before:
        (following,) = store.execute("SELECT min(day) FROM site_day WHERE day > ?", (day,)).fetchone()
        if following is not None:
            mark_stale(store, [following])


def _end_site(store: sqlite3.Connection, day: str, totals: Totals | None, source: str, cadence_s: int) -> None:
    """Write the day's totals; what the next day starts from makes that one dirty when it changed."""
    def start_of_next() -> tuple[int, ...]:
        return store.execute("SELECT net_active, balance_dwh, cadence_s FROM site_day WHERE day <= ?"
                             " ORDER BY day DESC LIMIT 1", (day,)).fetchone() or (0, 0, 0)
    old = start_of_next()
    store.execute("DELETE FROM site_day WHERE day = ?", (day,))
    if totals is not None:
        sunny = int(totals.import_dwh is not None and (totals.peak_w or 0) >= SUNNY_W)
        store.execute("INSERT INTO site_day (day, production_dwh, consumption_dwh, import_dwh, export_dwh, slots,"
                      " holes, peak_w, source, net_active, balance_dwh, against_plus_dwh, against_minus_dwh, cadence_s,"
                      " meter_falls, sunny) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      (day, totals.production_dwh, totals.consumption_dwh, totals.import_dwh, totals.export_dwh,
                       totals.slots, totals.holes, totals.peak_w, source, totals.end.net_active, totals.end.balance_dwh,
                       totals.against_plus_dwh, totals.against_minus_dwh, cadence_s, totals.meter_falls, sunny))
    if start_of_next() != old:
        (following,) = store.execute("SELECT min(day) FROM site_day WHERE day > ?", (day,)).fetchone()
        if following is not None:
            mark_stale(store, [following])


def _replace_slots(store: sqlite3.Connection, day: str, start: int, end: int, slots: Sequence[Slot]) -> None:
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
    first: dict[str, list[int]] = {}
    for event in folded.events:
        known = first.setdefault(event.kind, [event.time, 0, event.before_dwh, event.after_dwh])
        known[1] += 1
    store.executemany("INSERT INTO notice (day, device, kind, time, count, before_dwh, after_dwh)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?)",
                      [(day, device, kind, *row) for kind, row in first.items()])
