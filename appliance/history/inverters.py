"""Inverters day by day: what each made, beside its neighbours and its own past, and what the owner should look at.

An inverter's typical energy of a day is the median of its neighbours' (device_day.typical_dwh), times what it usually
makes of that (the median of its last PAST_DAYS days). A day judges only when it was decent: the neighbours made at
least DECENT_PERCENT of their best day lately. So dawn, dusk, snow and clouds accuse nobody, nor does a roof of one
inverter, whose day nothing can be compared with. An inverter is told after TELLING_DAYS decent days in a row, the
newest day of the history, which may not be over, not counted.

A fault that lasts does not become usual: once SOLID_DAYS days are known, a day on which the inverter was weak is none
of them, nor one that seems strong because a neighbour is weak. What was longer ago than MEMORY_DAYS is forgotten, and
all of it after PAST_DAYS without a decent day, because shadows change with the season.
"""
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby, takewhile
from operator import itemgetter
from statistics import median

from appliance.ledger.roles import INVERTER, role

PAST_DAYS = 30
USUAL_DAYS = 3              # of own past that a usual share takes; without them an inverter is expected to be typical
SOLID_DAYS = 7              # of own past that tell a weak day from what is usual
MEMORY_DAYS = 365
DECENT_PERCENT = 30
LEAST_DWH = 1_000           # neighbours that made less than 0.1 kWh say nothing
WEAK_PERCENT, DEAD_PERCENT = 60, 5
TELLING_DAYS = 2
REPLACED_DAYS = 60          # a new serial number within this time took the place of one that fell silent

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
    """An inverter that was weak, dead or silent on `days`, the newest decent ones, ascending, and on all decent ones
    from `since` on."""

    serial: str
    state: str
    since: str
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
    return list(of_days(conn, day, day))


def of_days(conn: sqlite3.Connection, first: str | None, last: str | None) -> Iterator[InverterDay]:
    """The inverters of the local days `first` to `last`, both included, day by day; read as they are asked for."""
    for _, several in _walk(conn, first or "", last or "~"):
        yield from several


def troubles(conn: sqlite3.Connection) -> list[Trouble]:
    """The inverters that need a look, by serial."""
    (newest,) = conn.execute("SELECT max(day) FROM site_day WHERE slots > 0").fetchone()
    if newest is None:
        return []
    decent = [(day, several) for day, several in _walk(conn, days_before(newest, 2 * PAST_DAYS), newest)
              if day < newest and any(one.state not in (DULL, SILENT) for one in several)]
    if len(decent) < TELLING_DAYS:
        return []
    by_serial: dict[str, list[InverterDay]] = defaultdict(list)
    for _, inverters in decent:
        for one in inverters:
            by_serial[one.serial].append(one)
    found, days = [], tuple(day for day, _ in decent[-TELLING_DAYS:])
    for serial, every in sorted(by_serial.items()):
        bad = list(takewhile(lambda one: one.state not in (OK, DULL), reversed(every)))
        several = bad[:TELLING_DAYS]
        if tuple(one.day for one in reversed(several)) == days:
            states = {one.state for one in several}
            found.append(Trouble(serial, states.pop() if len(states) == 1 else WEAK, bad[-1].day, days,
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


@dataclass(slots=True)
class _Past:
    """What is known of an inverter while its days go by; days as ordinals."""

    model: str
    read: int = 0               # when it was read last
    compared: int = 0           # when it was last beside neighbours on a decent day
    usual: int = 1000           # what it usually makes, in 1/1000 of its neighbours' energy
    shares: deque[int] = field(default_factory=lambda: deque(maxlen=PAST_DAYS))     # that this was learned from

    def learn(self, share: int, at: int, beside_weak: bool) -> None:
        """Take its share of the decent day `at` into its past, if that is what it usually does."""
        self.compared = at
        is_strong = beside_weak and 100 * self.usual < WEAK_PERCENT * share
        if share and not (len(self.shares) >= SOLID_DAYS and (is_strong or 100 * share < WEAK_PERCENT * self.usual)):
            self.shares.append(share)
            if len(self.shares) >= USUAL_DAYS:
                self.usual = sorted(self.shares)[len(self.shares) // 2]

    def forget(self) -> None:
        self.shares.clear()
        self.usual = 1000


def _walk(conn: sqlite3.Connection, first: str, last: str) -> Iterator[tuple[str, list[InverterDay]]]:
    """The days from `first` to `last`, each with the inverters that were there, by serial; what was before `first` is
    looked at for their past."""
    pasts: dict[str, _Past] = {}
    lately: deque[tuple[int, int]] = deque()        # (day, what an inverter made) of PAST_DAYS
    replaced = {one.old for one in replacements(conn)}
    for day, rows in groupby(conn.execute(
            "SELECT day, serial, model, energy_dwh, typical_dwh FROM device_day JOIN counted_device ON device = id"
            " WHERE kind = 'inverter' AND day BETWEEN ? AND ? ORDER BY day",
            (days_before(first, MEMORY_DAYS) if first else "", last)), itemgetter(0)):
        at = date.fromisoformat(day).toordinal()
        here: dict[str, tuple[int | None, int | None]] = {}
        energies = []
        for _, serial, model, energy, typical in rows:
            here[serial] = energy, typical
            energies.append(energy)
            (pasts.get(serial) or pasts.setdefault(serial, _Past(model))).read = at
        made = int(median(energies)) if len(energies) > 1 else 0
        lately.append((at, made))
        while lately[0][0] < at - PAST_DAYS:
            lately.popleft()
        is_decent = made >= LEAST_DWH and 100 * made >= DECENT_PERCENT * max(other for _, other in lately)
        if is_decent:
            for past in pasts.values():
                if past.compared < at - PAST_DAYS:
                    past.forget()
        if day >= first:
            silent = {serial: (None, made) for serial, past in pasts.items()
                      if at > past.read >= at - MEMORY_DAYS and serial not in replaced}
            yield day, [_one(day, serial, pasts[serial], found, is_decent)
                        for serial, found in sorted({**silent, **here}.items())]
        if is_decent:
            _learn(pasts, at, here)


def _learn(pasts: dict[str, _Past], at: int, here: dict[str, tuple[int | None, int | None]]) -> None:
    """Let a decent day tell what is usual."""
    shares = {serial: (energy or 0) * 1000 // typical for serial, (energy, typical) in here.items() if typical}
    weak = {serial for serial, share in shares.items() if 100 * share < WEAK_PERCENT * pasts[serial].usual}
    for serial, share in shares.items():
        pasts[serial].learn(share, at, bool(weak) and weak != {serial})


def _one(day: str, serial: str, past: _Past, found: tuple[int | None, int | None], is_decent: bool) -> InverterDay:
    """An inverter's day, from (its energy, None: not one reading; what its neighbours made)."""
    energy, typical = found
    if not is_decent or not typical:
        return InverterDay(day, serial, past.model, energy, None, None, DULL)
    expected = typical * past.usual // 1000
    if energy is None:
        return InverterDay(day, serial, past.model, None, expected, 0, SILENT)
    share = energy * 100 // max(1, expected)
    state = DEAD if share <= DEAD_PERCENT else WEAK if share < WEAK_PERCENT else OK
    return InverterDay(day, serial, past.model, energy, expected, share, state)
