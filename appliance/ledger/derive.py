"""Dirty days → slots, totals, notices: the second half of the ledger.

A local day is derived from the readings in it, those behind it that decide about them, and the rows in which the days
before ended. That replaces what the day had, marks the days that start from a changed end as dirty, and notes in
changed_day whether any slot became another. Days are taken in ascending order, so a stretch of dirty days is derived
once; since a changed end always dirties its follower, any other order would end in the same place. When no day is dirty
any more, what all days together say (sign and kind of the meter, full power of a device) may make some so.

One transaction takes up to DAYS_AT_ONCE days, and the settling behind the last of them: an interval costs one, and ten
years do not wait for the disk at each day.
"""
import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median_low

from appliance.ledger import devices as table
from appliance.ledger import hours, pvs_production
from appliance.ledger.balance import Start, Totals, book
from appliance.ledger.cadence import usual
from appliance.ledger.calendar import EARLIEST, Calendar
from appliance.ledger.calibration import is_unsettled, leave_unsettled, meter_is_gross, net_signs, settle
from appliance.ledger.counters import fold, steep
from appliance.ledger.devices import Device
from appliance.ledger.dirty_days import calendar, horizon, mark_stale, settings
from appliance.ledger.folded import LAST_DIGIT_DWH, LOOK_AHEAD_S, OUTLIER, Event, Folded, Point, Points, State, Step
from appliance.ledger.full_power import limit_of, of_roof
from appliance.ledger.points import between, first_between
from appliance.ledger.roles import INVERTER, NET, PRODUCTION
from appliance.ledger.sign import sign_of
from appliance.ledger.slot import Slot
from appliance.store import transaction
from appliance.system.collection import without_collection

SUNNY_W = 1_000             # of a slot: on such a day a net meter runs down
APART_S = 86400             # a stretch of readings so far from all others stands alone
ALONE_S = 2 * 86400         # if it is not longer than this
DAYS_AT_ONCE = 8            # in one transaction: another process waits for its end
LATELY_S = 3 * 86400        # an inverter heard within this time is there: the sum without it is not complete


def derive(store: sqlite3.Connection, progress: Callable[[int, int], object] | None = None,
           limit: int | None = None) -> int:
    """Derive dirty days, at most `limit`; how many. `progress(done, total)` is told of days. Raises StoreError."""
    done = 0
    while (limit is None or done < limit) and _is_stale(store):
        with transaction(store), without_collection():
            done += _derive_some(store, DAYS_AT_ONCE if limit is None else min(DAYS_AT_ONCE, limit - done))
        if progress:
            progress(done, done + store.execute("SELECT count(*) FROM dirty_day").fetchone()[0])
    return done


def changed(store: sqlite3.Connection) -> tuple[str, ...]:
    """The local days whose slots changed and that the outbox has not followed yet."""
    return tuple(day for (day,) in store.execute("SELECT day FROM changed_day ORDER BY day"))


def followed(store: sqlite3.Connection, days: Iterable[str]) -> None:
    """The outbox agrees with the slots of these days; part of the caller's transaction."""
    store.executemany("DELETE FROM changed_day WHERE day = ?", [(day,) for day in days])


def device_steps(store: sqlite3.Connection, devices: Iterable[int], day: str) -> dict[int, list[Step]]:
    """What each of these devices counted on a local day: (start, end, energy in 0.1 Wh), ascending."""
    rules, wanted, steps = _rules(store), set(devices), {}
    for known in rules.devices:
        if known.id in wanted:
            folded = _fold(store, known, *rules.days.bounds(day), day, rules).folded
            steps[known.id] = folded.steps if folded else []
    return steps


@dataclass(frozen=True, slots=True)
class Rules:
    """What the days of one transaction are derived with."""

    days: Calendar
    production: str         # site.production
    size_w: int
    until: int              # the horizon
    signs: tuple[str, list[str]]    # of the net meter: the newest, and the days of turns (module sign)
    gross: bool             # the meter counts what the house uses
    devices: list[Device]
    roof_w: int             # full power of all inverters
    pvs: frozenset[str]     # whose production may have something to pass on


def _rules(store: sqlite3.Connection) -> Rules:
    wanted, devices = settings(store), table.counting(store)
    every = store.execute("SELECT DISTINCT pvs FROM device WHERE kind IN ('inverter', 'meter')")
    return Rules(calendar(store), wanted["production"], wanted["size_w"], horizon(store),
                 net_signs(store), meter_is_gross(store), devices,
                 of_roof(device.full_w for device in devices if device.role == INVERTER),
                 frozenset([*(pvs for (pvs,) in every), *(device.pvs for device in devices)]))


def _is_stale(store: sqlite3.Connection) -> bool:
    """Whether there is anything to derive or to settle."""
    return bool(store.execute("SELECT EXISTS (SELECT 1 FROM dirty_day)").fetchone()[0] or is_unsettled(store))


def _derive_some(store: sqlite3.Connection, most: int) -> int:
    """Derive up to `most` dirty days, and settle where none is left; how many. In a transaction of the caller's."""
    rules, done = _rules(store), 0
    while done < most:
        (day,) = store.execute("SELECT min(day) FROM dirty_day").fetchone()
        if day is not None:
            _derive_day(store, day, rules)
            done += 1
        elif settle(store):
            rules = _rules(store)
        else:
            return done
    leave_unsettled(store)
    return done


def _derive_day(store: sqlite3.Connection, day: str, rules: Rules) -> None:
    """Derive one local day. In a transaction of the caller's."""
    start, end = rules.days.bounds(day)
    store.execute("DELETE FROM dirty_day WHERE day = ?", (day,))
    store.execute("DELETE FROM notice WHERE day = ?", (day,))
    found: dict[tuple[str, str], list[Folded]] = {}
    silent: set[str] = set()            # PVSs of which an inverter was not read
    ends: list[Ended] = []
    misplaced_at: dict[str, frozenset[int]] = {}
    for device in rules.devices:        # inverters come first
        if device.role != INVERTER and device.pvs not in misplaced_at:
            misplaced_at[device.pvs] = _misplaced_at(ended for ended in ends if ended.device.pvs == device.pvs)
        ends.append(_fold(store, device, start, end, day, rules, misplaced_at.get(device.pvs, frozenset())))
    read = [ended for ended in ends if ended.folded is not None and ended.device.role == INVERTER]
    misplaced = {ended.device.pvs for ended in read if ended.misplaced} - {
        ended.device.pvs for ended in read if not ended.misplaced}
    ends = [_left_out(ended) if ended.device.pvs in misplaced else ended for ended in ends]
    for ended in ends:
        device = ended.device
        if ended.folded is None:
            if device.role == INVERTER and ended.before is not None and ended.before.time > start - LATELY_S:
                silent.add(device.pvs)
            continue
        if ended.folded.events:
            _note(store, day, device.id, ended.folded)
        if ended.folded.state is not None:
            found.setdefault((device.role, device.pvs), []).append(ended.folded)
    _end_devices(store, rules.days, day, ends)
    active, balance_dwh, before_s, before_day = store.execute(
        "SELECT net_active, balance_dwh, cadence_s, day FROM site_day WHERE day < ? ORDER BY day DESC LIMIT 1",
        (day,)).fetchone() or (0, 0, 0, "")
    sign, turns = rules.signs
    if day in turns or before_day in turns:     # what the wrong sign left there
        balance_dwh = 0
    every = [folded for several in found.values() for folded in several]
    frame = pvs_production.Day(start, rules.days.slot_seconds, before_s)
    production: list[Folded] = []
    sources: set[str] = set()
    for pvs in sorted({of_pvs for part, of_pvs in found if part != NET} | rules.pvs):
        produced = pvs_production.produce(
            rules.production, found.get((INVERTER, pvs), []), found.get((PRODUCTION, pvs), []), pvs not in silent,
            _roof_start(store, pvs, day), frame)
        _end_roof(store, pvs, day, produced)
        production += produced.counters
        if produced.counters:
            sources.add(produced.source)
    meters = [folded for (part, _), several in found.items() if part == NET for folded in several]
    slots, totals = book(production, meters, frame, sign_of(day, sign, turns), Start(active, balance_dwh), rules.gross)
    cadence_s = usual((folded.steps for folded in every), before_s)
    _end_site(store, day, totals if every else None, "+".join(sorted(sources)) or pvs_production.INVERTERS, cadence_s)
    _replace_slots(store, day, start, end, slots)
    whole = None not in (totals.production_dwh, totals.consumption_dwh, totals.import_dwh)
    hours.write(store, day, hours.by_hour(slots, start, rules.days.slot_seconds, rules.days.zone) if whole else ())


@dataclass(frozen=True, slots=True)
class Ended:
    """A device's day: where its counter stood before, what the day gave (None: no readings), where the day ended when
    it was derived last (a row of device_day or None), the first reading behind the day, and whether its last readings
    were left out: the next day looks at them. `misplaced`: see _is_misplaced."""

    device: Device
    before: State | None
    folded: Folded | None
    old: tuple[int, ...] | None
    behind: Point | None
    is_open: bool = False
    misplaced: bool = False


def _misplaced_at(ends: Iterable[Ended]) -> frozenset[int]:
    """The times that only a wrong clock gave to readings of a PVS: all its inverters read then say so."""
    every = [ended.folded for ended in ends if ended.folded is not None]
    times = {time for folded in every for time in folded.misplaced}
    return frozenset(times.difference(*({end for _, end, _ in folded.steps} for folded in every)) if times else ())


def _fold(store: sqlite3.Connection, device: Device, start: int, end: int, day: str, rules: Rules,
          without: frozenset[int] = frozenset()) -> Ended:
    """What a device counted on the local day [start, end). `without`: times whose readings are not counted."""
    until, after = rules.until, max(end, EARLIEST)
    rows = store.execute("SELECT day, time, counter_dwh, since, energy_dwh, until, steep_w, top_w, typical_dwh"
                         " FROM device_day WHERE device = ? AND day <= ? ORDER BY day DESC LIMIT 2",
                         (device.id, day)).fetchall()
    old = rows.pop(0)[1:] if rows and rows[0][0] == day else None
    before = State(*rows[0][1:4]) if rows else None
    first = max(start, EARLIEST)
    since = max(before.time + 1, first - LOOK_AHEAD_S) if before else first     # the day before left these out
    points = between(store, device, since, min(end - 1, until))
    behind = first_between(store, device, after, until)

    def ahead(seconds: int) -> Points:
        return between(store, device, after, min(until, end + seconds))

    if without:
        points = Points.of([point for point in points if point[0] not in without])
    if not points or points.times[-1] < first:
        return Ended(device, before, None, old, behind)
    limit = limit_of(device.full_w, rules.size_w, device.role == INVERTER, rules.roof_w if device.role == NET else None)
    folded = fold(before, points, behind, device.role != INVERTER, limit, ahead)
    if points.times[0] < first:
        points = points[bisect_left(points.times, first):]
        folded.begin_at(first, points.times[0])
        folded.steep_w = 0
    folded.steep_w = folded.steep_w or steep(points, device.role != INVERTER)
    is_open = folded.state is not None and folded.state.time < points.times[-1]
    misplaced = before is None and _is_misplaced(store, device, points, end, until)
    return Ended(device, before, folded, old, behind, is_open, misplaced)


def _is_misplaced(store: sqlite3.Connection, device: Device, points: Sequence[Point], end: int, until: int) -> bool:
    """Whether an inverter's first readings were made later than they claim, under a clock that was right again when
    they were sent: they stand alone, and behind them the counter is not yet where they had it. Where all inverters of
    a PVS that were read that day say so, its meters' readings were, too."""
    first, stretch = points[0], list(points)
    stretch += between(store, device, end, min(until, end + ALONE_S))
    if next_one := first_between(store, device, max(stretch[-1][0], end + ALONE_S) + 1, until):
        stretch.append(next_one)
    behind = next((after[1] for before, after in pairwise(stretch) if after[0] - before[0] > APART_S), None)
    return behind is not None and first[1] // 2 < behind < first[1] - LAST_DIGIT_DWH


def _left_out(ended: Ended) -> Ended:
    """The device's day without its readings, if they are its first ones; the owner is told."""
    if ended.before is not None or ended.folded is None or ended.folded.state is None:
        return ended
    last = ended.folded.state
    return replace(ended, folded=Folded(None, events=[Event(OUTLIER, last.time, last.counter_dwh, last.counter_dwh)]))


def _end_devices(store: sqlite3.Connection, days: Calendar, day: str, ends: Sequence[Ended]) -> None:
    """Write where the devices' counters stand at the day's end, and beside each inverter's energy what its neighbours
    made: their median. A changed counter makes the day of its next reading dirty."""
    energies = {ended.device.id: ended.folded.energy_dwh for ended in ends
                if ended.folded is not None and ended.folded.state is not None}
    inverters = [ended.device.id for ended in ends if ended.device.id in energies and ended.device.role == INVERTER]
    gone, changed, stale = [], [], set()
    for ended in ends:
        device, folded, before, old = ended.device.id, ended.folded, ended.before or (None,), ended.old
        new = None
        if folded is not None and folded.state is not None:
            others = [energies[other] for other in inverters if other != device]
            typical = median_low(others) if others and ended.device.role == INVERTER else None
            new = (*folded.state, energies[device], folded.until, folded.steep_w, folded.top_w, typical)
        if ended.is_open and ended.behind is not None:
            stale.add(days.day(ended.behind[0]))
        if new == old:
            continue
        if new is None:
            gone.append((device, day))
        else:
            changed.append((device, day, *new))
        if ended.behind is not None and (old or before)[:3] != (new or before)[:3]:
            stale.add(days.day(ended.behind[0]))
    store.executemany("DELETE FROM device_day WHERE device = ? AND day = ?", gone)
    store.executemany("INSERT OR REPLACE INTO device_day (device, day, time, counter_dwh, since, energy_dwh, until,"
                      " steep_w, top_w, typical_dwh) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", changed)
    mark_stale(store, stale)


ROOF_START = ("SELECT trusted, booked_dwh, owed_dwh, read_until FROM roof_day WHERE pvs = ? AND day {} ?"
              " ORDER BY day DESC LIMIT 1")


def _roof_start(store: sqlite3.Connection, pvs: str, day: str) -> pvs_production.Start:
    return pvs_production.Start(*(store.execute(ROOF_START.format("<"), (pvs, day)).fetchone() or ()))


def _end_roof(store: sqlite3.Connection, pvs: str, day: str, produced: pvs_production.Produced) -> None:
    """Write what the PVS's next day starts from; a change makes that day dirty."""
    before = store.execute(ROOF_START.format("<="), (pvs, day)).fetchone() or (0, 0, 0, 0)
    end = (produced.end.trusted, produced.end.booked_dwh, produced.end.owed_dwh, produced.end.read_until)
    old = store.execute("SELECT source, trusted, booked_dwh, owed_dwh, read_until FROM roof_day"
                        " WHERE pvs = ? AND day = ?", (pvs, day)).fetchone()
    if old == ((produced.source, *end) if produced.counters or end != (0, 0, 0, 0) else None):
        return
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
    new = {slot[0]: (slot[0], day, *slot[1:]) for slot in slots}
    gone = [(time,) for time in old if time not in new]
    added, moved, different = [], [], []
    for time, row in new.items():
        before = old.get(time)
        if before is None:
            added.append(row)
        elif before != row:
            if before[1] != day:
                moved.append((day, time))
            if before[2:] != row[2:]:
                different.append((*row[2:], time))
    store.executemany("DELETE FROM slot WHERE time = ?", gone)
    store.executemany("INSERT INTO slot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", added)
    store.executemany("UPDATE slot SET day = ? WHERE time = ?", moved)  # apart: setting it again would renew its index
    store.executemany("UPDATE slot SET production_dwh = ?, net_dwh = ?, consumption_dwh = ?, day_production_dwh = ?,"
                      " day_consumption_dwh = ?, seconds = ?, hole = ? WHERE time = ?", different)
    if gone or added or moved or different:
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
