"""What other rooms read of the ledger: slots of the site, slots of some devices, samples of a day. Reads only.

Energies in 0.1 Wh, times UTC seconds, days local dates YYYY-MM-DD.
"""
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from appliance.ledger.balance import Start, book
from appliance.ledger.derive import device_steps
from appliance.ledger.dirty_days import calendar
from appliance.ledger.folded import Folded
from appliance.ledger.pvs_production import Day
from appliance.ledger.slot import COLUMNS, Slot


@dataclass(frozen=True, slots=True)
class Sample:
    """One 130 or 140 line of a device: `fields` are those after the serial, as in table reading."""

    serial: str
    number: int
    time: int
    power_dw: int | None
    fields: tuple[str, ...]


def site_slots(store: sqlite3.Connection, first: str | None = None, last: str | None = None) -> Iterator[Slot]:
    """The slots of the local days `first` to `last`, both included, ascending; read as they are asked for."""
    yield from map(Slot.from_row, store.execute(
        f"SELECT {COLUMNS} FROM slot WHERE day BETWEEN ? AND ? ORDER BY day, time", (first or "", last or "~")))


def device_slots(store: sqlite3.Connection, serials: Iterable[str], day: str) -> list[Slot]:
    """Slots of a local day in which only these devices count, as production; serials nobody has count nothing."""
    days = calendar(store)
    wanted = set(serials)
    steps = device_steps(store, [number for number, serial in store.execute(
        "SELECT id, serial FROM counted_device WHERE kind IN ('inverter', 'meter')") if serial in wanted], day)
    counters = [Folded(None, steps[number]) for number in sorted(steps)]
    before = store.execute("SELECT cadence_s FROM site_day WHERE day < ? ORDER BY day DESC LIMIT 1", (day,)).fetchone()
    frame = Day(days.bounds(day)[0], days.slot_seconds, before[0] if before else 0)
    return book(counters, [], frame, 1, Start(0, 0))[0]


def day_bounds(store: sqlite3.Connection, day: str) -> tuple[int, int]:
    """The local day as [start, end)."""
    return calendar(store).bounds(day)


def samples(store: sqlite3.Connection, day: str, serials: Iterable[str] | None = None) -> Iterator[Sample]:
    """Inverter and meter lines of a local day, by device and time; `serials`: of these only."""
    start, end = day_bounds(store, day)
    wanted = None if serials is None else set(serials)
    for device, kind, serial in store.execute(
            "SELECT id, kind, serial FROM counted_device WHERE kind IN ('inverter', 'meter') ORDER BY id").fetchall():
        if wanted is not None and serial not in wanted:
            continue
        number = 130 if kind == "inverter" else 140
        for time, power_dw, fields in store.execute(
                "SELECT time, power_dw, fields FROM reading WHERE device = ? AND number = ? AND time >= ?"
                " AND time < ? ORDER BY time", (device, number, start, end)):
            yield Sample(serial, number, time, power_dw, tuple(fields.split("\t")))


def slot_days(store: sqlite3.Connection, since: str = "") -> list[str]:
    """The local days from `since` on that have slots."""
    return [day for (day,) in store.execute("SELECT DISTINCT day FROM slot WHERE day >= ?", (since,))]


def newest_slot(store: sqlite3.Connection, until: float) -> int | None:
    """The start of the newest slot that does not begin after `until`."""
    time: int | None = store.execute("SELECT MAX(time) FROM slot WHERE time <= ?", (until,)).fetchone()[0]
    return time


def total_before(store: sqlite3.Connection, day: str, devices: Sequence[str] = ()) -> tuple[int, int]:
    """(production, consumption) of all days before `day`; `devices` (serials): what these counted, as production."""
    if devices:
        marks = ", ".join("?" * len(devices))
        (total,) = store.execute("SELECT COALESCE(SUM(energy_dwh), 0) FROM device_day JOIN counted_device"
                                 f" ON device = id WHERE day < ? AND serial IN ({marks})", (day, *devices)).fetchone()
        return int(total), 0
    production, consumption = store.execute(
        "SELECT COALESCE(SUM(production_dwh), 0), COALESCE(SUM(consumption_dwh), 0) FROM site_day WHERE day < ?",
        (day,)).fetchone()
    return production, consumption


def day_totals(store: sqlite3.Connection, day: str, devices: Sequence[str] = ()) -> tuple[int | None, int | None]:
    """(production, consumption) of a local day; None: nothing known. `devices` as for total_before()."""
    if devices:
        marks = ", ".join("?" * len(devices))
        (total,) = store.execute("SELECT SUM(energy_dwh) FROM device_day JOIN counted_device ON device = id"
                                 f" WHERE day = ? AND serial IN ({marks})", (day, *devices)).fetchone()
        return total, None
    return store.execute("SELECT production_dwh, consumption_dwh FROM site_day WHERE day = ?",
                         (day,)).fetchone() or (None, None)


def serials(store: sqlite3.Connection) -> list[tuple[str, str]]:
    """(kind, serial) of the inverters and meters."""
    return store.execute("SELECT kind, serial FROM counted_device"
                         " WHERE kind IN ('inverter', 'meter') ORDER BY kind, serial").fetchall()


def peak_w(store: sqlite3.Connection) -> int | None:
    """The highest mean power of a slot without a hole, of all days."""
    power_w: int | None = store.execute("SELECT MAX(peak_w) FROM site_day").fetchone()[0]
    return power_w
