"""The energy of a local day by hour of the site's clock, for prices by hour. Pure but for the last function.

An hour has the slots that begin in it, as the page's table of hours has. A slot of clearly more than one interval (a
hole, or a site that reads every hour) is spread evenly over its time, in whole 0.1 Wh whose sum is the slot's. On the
night the clocks go back two hours have one number, and share a row: prices know the clock, not the sun.

The sums over a day are the day's totals: import and export of a slot are those of its net.
"""
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from appliance.ledger.slot import Slot

QUARTER_S = 900     # no zone's offset has a finer step, so the hour of the clock is one in all of a quarter

Row = tuple[int, int, int, int, int]    # hour, production, import, export, spread


def by_hour(slots: Iterable[Slot], day_start: int, slot_seconds: int, zone: ZoneInfo) -> list[Row]:
    """Return the hours of a day of which anything is known, ascending."""
    hours: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    known: dict[int, int] = {}
    quarter, row = -1, [0, 0, 0, 0]
    for slot in slots:
        made, net = slot.production_dwh or 0, slot.net_dwh or 0
        if 2 * slot.seconds <= 3 * slot_seconds:
            if slot.time // QUARTER_S != quarter:
                quarter, row = slot.time // QUARTER_S, hours[_hour(slot.time, known, zone)]
            row[0] += made
            row[1 if net > 0 else 2] += abs(net)
            if slot.hole:
                row[3] += made + max(0, net)
            continue
        energies = (made, max(0, net), max(0, -net), made + max(0, net) if slot.hole else 0)
        done, before = 0, (0, 0, 0, 0)
        begin = max(day_start, slot.time + slot_seconds - slot.seconds)
        length = slot.time + slot_seconds - begin
        for time, part in _pieces(begin, slot.time, day_start, slot_seconds):
            done += part
            upto = tuple(energy * done // length for energy in energies)
            spread = hours[_hour(time, known, zone)]
            for place, energy in enumerate(upto):
                spread[place] += energy - before[place]
            before = upto  # type: ignore[assignment]
    return [(hour, *row) for hour, row in sorted(hours.items())]  # type: ignore[misc]


def _hour(time: int, known: dict[int, int], zone: ZoneInfo) -> int:
    """The hour of the site's clock; `known`: of the quarters that were asked for."""
    if (quarter := time // QUARTER_S) not in known:
        known[quarter] = datetime.fromtimestamp(time, zone).hour
    return known[quarter]


def _pieces(begin: int, last: int, day_start: int, slot_seconds: int) -> Iterator[tuple[int, int]]:
    """The slots from the one around `begin` to `last`, each with how many of its seconds count."""
    for time in range(begin - (begin - day_start) % slot_seconds, last + 1, slot_seconds):
        yield time, time + slot_seconds - max(begin, time)


def write(store: sqlite3.Connection, day: str, rows: Iterable[Row]) -> None:
    """Replace the hours of a day that are others now; a day that stays writes nothing."""
    weekday = date.fromisoformat(day).weekday()
    old = {row[0]: tuple(row) for row in store.execute(
        "SELECT hour, production_dwh, import_dwh, export_dwh, spread_dwh FROM site_hour WHERE day = ?", (day,))}
    new = {row[0]: row for row in rows}
    store.executemany("DELETE FROM site_hour WHERE day = ? AND hour = ?", [(day, hour) for hour in old.keys() - new])
    store.executemany("INSERT OR REPLACE INTO site_hour VALUES (?, ?, ?, ?, ?, ?, ?)",
                      [(day, row[0], weekday, *row[1:]) for hour, row in new.items() if old.get(hour) != row])
