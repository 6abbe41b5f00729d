"""What the dashboard, the history and the API say about energy, gathered from the store's views.

Energies are integers in 0.1 Wh, powers in W, times UTC seconds, days local dates of the site. None means: not known.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from webui import localtime
from webui.data import Box

LIVE_SECONDS = 1200     # readings come every 5 minutes and are 5 to 10 minutes old; older than this is not "now"
SLEEP_W = 60            # below this at the last reading, silent inverters sleep; above, something is wrong
SLEEP_SHARE = 20        # or below 1/20 of the day's peak
WEAK, DEAD = 60, 5      # % of the median inverter's energy below which one is shown as weak, as dead
MIN_JUDGED_DWH = 2000   # median energy of a day from which inverters are compared


@dataclass(frozen=True)
class Slot:
    """One status interval."""

    time: int
    production_dwh: int | None
    net_dwh: int | None
    consumption_dwh: int | None
    seconds: int
    hole: bool

    def watts(self, dwh: int | None) -> int | None:
        """Mean power over the interval(s) that the energy was counted over."""
        return None if dwh is None or not self.seconds else (dwh * 720 + self.seconds) // (2 * self.seconds)

    @property
    def production_w(self) -> int | None:
        return self.watts(self.production_dwh)

    @property
    def consumption_w(self) -> int | None:
        return self.watts(self.consumption_dwh)

    @property
    def net_w(self) -> int | None:
        return self.watts(self.net_dwh)


@dataclass(frozen=True)
class Totals:
    """Energy of a day, a month, a year or of all time. `day` is its first local date, None where nothing is known."""

    day: date | None
    production_dwh: int | None = None
    consumption_dwh: int | None = None
    import_dwh: int | None = None
    export_dwh: int | None = None


@dataclass(frozen=True)
class Now:
    """The last interval. state: live, old (should be fresher), asleep (inverters at rest), none (nothing ever)."""

    state: str
    time: int | None = None
    age_s: int | None = None
    production_w: int | None = None
    consumption_w: int | None = None
    net_w: int | None = None
    heard_age_s: int | None = None


@dataclass(frozen=True)
class Inverter:
    """One inverter on one day. verdict: ok, weak, dead, gone (no longer reporting), quiet (too early to say)."""

    id: int
    serial: str
    model: str
    energy_dwh: int | None
    share: int | None
    last_seen: int
    counter_dwh: int | None
    curve: list[tuple[int, int | None]]
    verdict: str


SLOT_COLUMNS = "time, production_dwh, net_dwh, consumption_dwh, seconds, hole"
SUMS = ("sum(production_dwh), sum(consumption_dwh), sum(CASE WHEN net_dwh > 0 THEN net_dwh END),"
        " sum(CASE WHEN net_dwh <= 0 THEN -net_dwh END)")


def now(box: Box) -> Now:
    """The last interval, and whether it may be called now."""
    newest = box.store().execute(
        f"SELECT {SLOT_COLUMNS} FROM slot WHERE production_dwh IS NOT NULL OR net_dwh IS NOT NULL"
        " ORDER BY time DESC LIMIT 1").fetchone()
    (heard,) = box.store().execute("SELECT max(last_seen) FROM device WHERE kind = 'pvs'").fetchone()
    heard_age = None if heard is None else max(0, int(box.now() - heard))
    if newest is None:
        return Now("none", heard_age_s=heard_age)
    slot = _slot(newest)
    taken = slot.time + box.slot_seconds()
    age = max(0, int(box.now() - taken))
    production = box.store().execute(
        f"SELECT {SLOT_COLUMNS} FROM slot WHERE production_dwh IS NOT NULL ORDER BY time DESC LIMIT 1").fetchone()
    state = _state(box, _slot(production) if production else None, age, heard_age)
    return Now(state, taken, age, slot.production_w, slot.consumption_w, slot.net_w, heard_age)


def _state(box: Box, production: Slot | None, age: int, heard_age: int | None) -> str:
    """live: inverters report. asleep: they stopped at low power and the PVS still talks. Else old."""
    silent = box.now() - production.time - box.slot_seconds() if production else age
    if production and silent <= LIVE_SECONDS:
        return "live"
    (peak,) = box.store().execute(
        "SELECT max(production_dwh * 3600 / seconds / 10) FROM slot WHERE day = (SELECT day FROM slot WHERE time = ?)"
        " AND seconds > 0", (production.time if production else 0,)).fetchone()
    low = production is None or (production.production_w or 0) <= max(SLEEP_W, (peak or 0) // SLEEP_SHARE)
    heard = min(age, heard_age if heard_age is not None else age) <= LIVE_SECONDS
    return "asleep" if low and heard and silent < 86400 else "old"


def _slot(row: Sequence[Any]) -> Slot:
    return Slot(*row[:5], hole=bool(row[5]))


def slots(box: Box, day: date) -> list[Slot]:
    """The slots of a local day that are known, in order of time."""
    return [_slot(row) for row in box.store().execute(
        f"SELECT {SLOT_COLUMNS} FROM slot WHERE day = ? ORDER BY time", (day.isoformat(),))]


def days(box: Box, first: date, last: date) -> dict[date, Totals]:
    """Totals of each local day in the range that has any slot."""
    found = box.store().execute(
        f"SELECT day, {SUMS} FROM slot WHERE day BETWEEN ? AND ? GROUP BY day ORDER BY day",
        (first.isoformat(), last.isoformat()))
    return {date.fromisoformat(row[0]): Totals(date.fromisoformat(row[0]), *row[1:]) for row in found}


def months(box: Box, year: int) -> dict[int, Totals]:
    """Totals of each month of a year that has any slot."""
    found = box.store().execute(
        f"SELECT min(day), {SUMS} FROM slot WHERE day BETWEEN ? AND ? GROUP BY substr(day, 1, 7) ORDER BY 1",
        (f"{year}-01-01", f"{year}-12-31"))
    return {int(row[0][5:7]): Totals(date.fromisoformat(row[0]), *row[1:]) for row in found}


def total(parts: Sequence[Totals]) -> Totals:
    """The sum of totals; what is not known in any of them stays unknown."""
    def add(name: str) -> int | None:
        known = [number for part in parts if (number := getattr(part, name)) is not None]
        return sum(known) if known else None
    return Totals(parts[0].day if parts else None, *(add(name) for name in (
        "production_dwh", "consumption_dwh", "import_dwh", "export_dwh")))


def span(box: Box) -> tuple[date, date] | None:
    """First and last local day of the history, None while there is none."""
    first, last = box.store().execute("SELECT min(day), max(day) FROM slot").fetchone()
    return (date.fromisoformat(first), date.fromisoformat(last)) if first else None


def best_days(box: Box, count: int) -> list[Totals]:
    """The days of most production, best first."""
    found = box.store().execute(
        f"SELECT day, {SUMS} FROM slot GROUP BY day HAVING sum(production_dwh) > 0 ORDER BY 2 DESC, day LIMIT ?", (count,))
    return [Totals(date.fromisoformat(row[0]), *row[1:]) for row in found]


def lifetime_dwh(box: Box) -> int | None:
    """What the inverters' counters say: energy since they were installed, replaced ones included as far as seen."""
    (known,) = box.store().execute(
        "SELECT sum((SELECT energy_dwh FROM reading WHERE device = device.id AND number = 130 AND energy_dwh IS NOT NULL"
        " ORDER BY time DESC LIMIT 1)) FROM device WHERE kind = 'inverter'").fetchone()
    return None if known is None else int(known)


def inverters(box: Box, day: date) -> list[Inverter]:
    """Every inverter that reported on a day or in the two weeks before, weakest first."""
    start, end = localtime.day_bounds(day, box.zone())
    rows = box.store().execute(
        "SELECT id, serial, model, last_seen FROM device WHERE kind = 'inverter' AND last_seen >= ? AND first_seen < ?"
        " ORDER BY serial", (start - 14 * 86400, end)).fetchall()
    curves = {row[0]: _curve(box, row[0], start, end) for row in rows}
    energies = {identity: sum(number for _, number in curve if number is not None) if curve else None
                for identity, curve in curves.items()}
    known = sorted(number for number in energies.values() if number is not None)
    middle = int(median(known)) if known else 0
    found = []
    for identity, serial, model, last_seen in rows:
        energy = energies[identity]
        share = None if energy is None or not middle else (energy * 200 + middle) // (2 * middle)
        (counter,) = box.store().execute(
            "SELECT energy_dwh FROM reading WHERE device = ? AND number = 130 AND energy_dwh IS NOT NULL AND time <= ?"
            " ORDER BY time DESC LIMIT 1", (identity, end)).fetchone() or (None,)
        found.append(Inverter(identity, serial, model, energy, share, last_seen, counter, curves[identity],
                              _verdict(energy, share, middle)))
    return found


def _verdict(energy: int | None, share: int | None, middle: int) -> str:
    if middle < MIN_JUDGED_DWH:
        return "quiet"
    if energy is None or share is None:
        return "gone"
    return "dead" if share <= DEAD else "weak" if share < WEAK else "ok"


def _curve(box: Box, device: int, start: int, end: int) -> list[tuple[int, int | None]]:
    """Energy between consecutive readings of a day: (end of the interval, 0.1 Wh)."""
    readings = box.store().execute(
        "SELECT time, energy_dwh FROM reading WHERE device = ? AND number = 130 AND energy_dwh IS NOT NULL"
        " AND time >= coalesce((SELECT max(time) FROM reading WHERE device = ?1 AND number = 130 AND time < ?2), ?2)"
        " AND time < ? ORDER BY time", (device, start, end)).fetchall()
    return [(time, max(0, energy - before)) for (_, before), (time, energy) in zip(readings, readings[1:], strict=False)]


