"""Inverters day by day: what each made, beside its neighbours and its own past, and what the owner should look at.

An inverter's typical energy of a day is the median of its neighbours' (device_day.typical_dwh), times what it usually
makes of that (the median of the PAST_DAYS before). A day judges only when it was decent: the neighbours made at least
DECENT_PERCENT of their best day lately. So dawn, dusk, snow and clouds accuse nobody, nor does a roof of one inverter,
whose day nothing can be compared with. An inverter is told after TELLING_DAYS decent days in a row, the newest day of
the history, which may not be over, not counted.
"""
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from appliance.ledger.roles import INVERTER, role

PAST_DAYS = 30
USUAL_DAYS = 3              # of own past that a usual share takes; without them an inverter is expected to be typical
DECENT_PERCENT = 30
LEAST_DWH = 1_000           # neighbours that made less than 0.1 kWh say nothing
WEAK_PERCENT, DEAD_PERCENT = 60, 5
TELLING_DAYS = 2
REPLACED_DAYS = 14          # a new serial number within this time took the place of one that fell silent

OK, WEAK, DEAD, SILENT, DULL = "ok", "weak", "dead", "silent", "dull"


@dataclass(frozen=True, slots=True)
class InverterDay:
    """One inverter on one local day. `share_percent` of what was to be expected; None: nothing can be said. state: ok,
    weak, dead, silent (not one reading), dull (no sun to judge by, or no neighbours)."""

    day: str
    serial: str
    model: str
    energy_dwh: int | None
    expected_dwh: int | None
    share_percent: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """An inverter that was weak, dead or silent on `days`, the newest decent ones, ascending."""

    serial: str
    state: str
    days: tuple[str, ...]
    energy_dwh: int             # on these days
    expected_dwh: int


@dataclass(frozen=True, slots=True)
class Replacement:
    """`new` took the place of `old` on a local day."""

    old: str
    new: str
    day: str


@dataclass(frozen=True, slots=True)
class Period:
    """One inverter over some local days, of which it was read on `days`. `share_percent`: its energy beside what its
    neighbours made on the same days; None where there were none."""

    serial: str
    model: str
    energy_dwh: int
    share_percent: int | None
    days: int
    first_day: str
    last_day: str


def known(conn: sqlite3.Connection) -> list[str]:
    """The serials of all inverters that were ever read."""
    return [serial for serial, kind, model in conn.execute(
        "SELECT serial, kind, model FROM counted_device WHERE kind = 'inverter' ORDER BY serial")
        if role(kind, serial, model) == INVERTER]


def periods(conn: sqlite3.Connection, first: str, last: str) -> list[Period]:
    """The inverters that were read on the local days `first` to `last`, both included, by serial."""
    found = []
    for serial, model, kind, energy, compared, typical, days, begun, ended in conn.execute(
            "SELECT serial, model, kind, sum(energy_dwh), sum(CASE WHEN typical_dwh > 0 THEN energy_dwh END),"
            " sum(CASE WHEN typical_dwh > 0 THEN typical_dwh END), count(*), min(day), max(day)"
            " FROM counted_device JOIN device_day ON device = id"
            " WHERE kind = 'inverter' AND day BETWEEN ? AND ? GROUP BY id ORDER BY serial", (first, last)):
        if role(kind, serial, model) == INVERTER:
            share = (compared * 200 + typical) // (2 * typical) if typical else None
            found.append(Period(serial, model, energy, share, days, begun, ended))
    return found


def days_of(conn: sqlite3.Connection, serial: str, first: str, last: str) -> list[tuple[str, int, int | None]]:
    """(day, energy, what its neighbours made or None) of one inverter on the local days `first` to `last`."""
    return conn.execute(
        "SELECT day, energy_dwh, typical_dwh FROM counted_device JOIN device_day ON device = id"
        " WHERE kind = 'inverter' AND serial = ? AND day BETWEEN ? AND ? ORDER BY day",
        (serial, first, last)).fetchall()


def of_day(conn: sqlite3.Connection, day: str) -> list[InverterDay]:
    """The inverters that were there on a local day, by serial."""
    return _Roof(conn, days_before(day, PAST_DAYS), day).of(day)


def of_days(conn: sqlite3.Connection, first: str | None, last: str | None) -> Iterator[InverterDay]:
    """The inverters of the local days `first` to `last`, both included, day by day; read as they are asked for."""
    for (day,) in conn.execute("SELECT day FROM site_day WHERE day BETWEEN ? AND ? AND slots > 0 ORDER BY day",
                               (first or "", last or "~")).fetchall():
        yield from of_day(conn, day)


def troubles(conn: sqlite3.Connection) -> list[Trouble]:
    """The inverters that need a look, by serial."""
    (newest,) = conn.execute("SELECT max(day) FROM site_day WHERE slots > 0").fetchone()
    if newest is None:
        return []
    roof = _Roof(conn, days_before(newest, 2 * PAST_DAYS), newest)
    decent = [day for day in roof.days if day < newest and any(
        one.state not in (DULL, SILENT) for one in roof.of(day))][-TELLING_DAYS:]
    if len(decent) < TELLING_DAYS:
        return []
    found = []
    by_serial: dict[str, list[InverterDay]] = defaultdict(list)
    for day in decent:
        for one in roof.of(day):
            by_serial[one.serial].append(one)
    for serial, several in sorted(by_serial.items()):
        states = {one.state for one in several}
        if len(several) == TELLING_DAYS and not states & {OK, DULL}:
            found.append(Trouble(serial, states.pop() if len(states) == 1 else WEAK, tuple(decent),
                                 sum(one.energy_dwh or 0 for one in several),
                                 sum(one.expected_dwh or 0 for one in several)))
    return found


def replacements(conn: sqlite3.Connection) -> list[Replacement]:
    """Inverters that fell silent for good and the new serial numbers that took their places, by day."""
    spans = [(serial, first, last) for serial, kind, model, first, last in conn.execute(
        "SELECT serial, kind, model, (SELECT min(day) FROM device_day WHERE device = id),"
        " (SELECT max(day) FROM device_day WHERE device = id) FROM counted_device ORDER BY kind, serial")
        if first and role(kind, serial, model) == INVERTER]
    begun = min((first for _, first, _ in spans), default="")
    newcomers = sorted((first, serial) for serial, first, _ in spans if first > begun)
    found = []
    for last, old in sorted((last, serial) for serial, _, last in spans):
        for first, new in newcomers:
            if new != old and last <= first <= days_before(last, -REPLACED_DAYS) and not _together(conn, old, new):
                newcomers.remove((first, new))
                found.append(Replacement(old, new, first))
                break
    return sorted(found, key=lambda one: one.day)


def _together(conn: sqlite3.Connection, old: str, new: str) -> bool:
    """Whether the old one was still read after the new one had come."""
    (old_last,), (new_first,) = (conn.execute(
        f"SELECT {what} FROM counted_device WHERE kind = 'inverter' AND serial = ?", (serial,)).fetchone()
        for what, serial in (("last_seen", old), ("first_seen", new)))
    return bool(old_last >= new_first)


def days_before(day: str, days: int) -> str:
    """The local date so many days before `day`."""
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()


class _Roof:
    """The inverters' days from `first` to `last`, in memory."""

    def __init__(self, conn: sqlite3.Connection, first: str, last: str) -> None:
        self.rows: dict[str, dict[str, tuple[int, int | None]]] = defaultdict(dict)     # day → serial → (energy, ...)
        self.models: dict[str, str] = {}
        for day, serial, kind, model, energy, typical in conn.execute(
                "SELECT day, serial, kind, model, energy_dwh, typical_dwh FROM device_day JOIN counted_device"
                " ON device = id WHERE kind = 'inverter' AND day BETWEEN ? AND ?", (first, last)):
            if role(kind, serial, model) == INVERTER:
                self.rows[day][serial] = (energy, typical)
                self.models[serial] = model
        self.days = sorted(self.rows)
        self.replaced = {one.old for one in replacements(conn)}

    def of(self, day: str) -> list[InverterDay]:
        past = [other for other in self.days if days_before(day, PAST_DAYS) <= other < day]
        typical = {other: self._typical(other) for other in [*past, day]}
        best = max((made for made in typical.values() if made is not None), default=0)
        judged = {other for other, made in typical.items()
                  if made is not None and made >= LEAST_DWH and 100 * made >= DECENT_PERCENT * best}
        here = self.rows.get(day, {})
        known = sorted(here.keys() | {serial for other in past for serial in self.rows[other]
                                      if serial not in self.replaced})
        return [self._one(day, serial, here.get(serial), typical[day], judged, past) for serial in known]

    def _typical(self, day: str) -> int | None:
        """What an inverter made that day, if there was more than one."""
        made = [energy for energy, _ in self.rows.get(day, {}).values()]
        return int(median(made)) if len(made) > 1 else None

    def _one(self, day: str, serial: str, found: tuple[int, int | None] | None, site_dwh: int | None,
             judged: set[str], past: list[str]) -> InverterDay:
        model = self.models[serial]
        energy, typical = found if found else (None, site_dwh)
        if day not in judged or not typical:
            return InverterDay(day, serial, model, energy, None, None, DULL)
        shares = sorted(energy_of * 1000 // typical_of for other in past if other in judged
                        and (row := self.rows[other].get(serial)) and (energy_of := row[0]) and (typical_of := row[1]))
        usual = int(median(shares)) if len(shares) >= USUAL_DAYS else 1000
        expected = typical * usual // 1000
        if energy is None:
            return InverterDay(day, serial, model, None, expected, 0, SILENT)
        share = energy * 100 // max(1, expected)
        state = DEAD if share <= DEAD_PERCENT else WEAK if share < WEAK_PERCENT else OK
        return InverterDay(day, serial, model, energy, expected, share, state)
