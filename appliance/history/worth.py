"""What the roof was worth: how much of its energy was used at home, how much of the use it covered, and the money.

Theory. made + bought = used + sold on every day (all four are sums of counters' differences, holes included: energy
that fell into a hole is in its day, only the minute is unknown; what was bought and sold within one hole cancels there,
so both are at least what is shown). Hence made − sold = used − bought: what the roof gave to the house itself.
    self-used         (made − sold) / made
    self-sufficient   (used − bought) / used
    saved             self-used energy × price of buying + sold energy × price of selling, each at its time's price
Where a tariff has other prices by month, day of the week or hour, its days are counted hour by hour (table site_hour):
hours of one month, weekday and clock have one price, so their energies are added first. Energy that fell into a hole is
spread evenly over it, and `spread_dwh` says how much that was. Energies are integers of 0.1 Wh and prices decimals, so
the sums are exact; only what is shown is rounded.
"""
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, product
from typing import Protocol

from appliance.settings.prices import MAX_PRICES, Prices, Tariff

DWH_PER_KWH = 10_000
NOTHING = Decimal(0)


class Energy(Protocol):
    """Totals of one local day in 0.1 Wh; None where not known."""

    @property
    def day(self) -> date: ...
    @property
    def production_dwh(self) -> int | None: ...
    @property
    def consumption_dwh(self) -> int | None: ...
    @property
    def import_dwh(self) -> int | None: ...
    @property
    def export_dwh(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Hours:
    """Energy in 0.1 Wh of all hours of one month (1 to 12), weekday (0 = Monday) and hour (0 to 23) of some days."""

    month: int
    weekday: int
    hour: int
    production_dwh: int
    import_dwh: int
    export_dwh: int
    spread_dwh: int = 0


@dataclass(frozen=True)
class Worth:
    """Of the days whose four energies are known: `own_dwh` was made and used at home. Money is None where a price is
    not set; a day before its first price counts nothing, and `unpriced` says how many such days there were."""

    days: int = 0
    production_dwh: int = 0
    consumption_dwh: int = 0
    own_dwh: int = 0
    paid: Decimal | None = None
    earned: Decimal | None = None
    saved: Decimal | None = None
    unpriced: int = 0
    spread_dwh: int = 0


ByHour = Callable[[date, date], Iterable[Hours]]


def by_hour(conn: sqlite3.Connection) -> ByHour:
    """Return what reads the hours of the local days from the first to the last one asked for, both included."""
    def read(first: date, last: date) -> list[Hours]:
        return [Hours(*row) for row in conn.execute(
            "SELECT CAST(substr(day, 6, 2) AS INTEGER) AS month, weekday, hour, sum(production_dwh), sum(import_dwh),"
            " sum(export_dwh), sum(spread_dwh) FROM site_hour WHERE day BETWEEN ? AND ? GROUP BY month, weekday, hour",
            (first.isoformat(), last.isoformat()))]
    return read


def of(days: Iterable[Energy], buy: Prices, sell: Prices, hours: ByHour) -> Worth:
    """The worth of these days together: all that is known between the first and the last of them, in order."""
    known = [day for day in days if None not in (day.production_dwh, day.consumption_dwh, day.import_dwh,
                                                 day.export_dwh)]
    made = sum(day.production_dwh or 0 for day in known)
    sold = sum(day.export_dwh or 0 for day in known)
    paid = earned = avoided = Decimal(0)
    unpriced = spread = 0
    for (buying, selling), part in groupby(known, key=lambda day: (buy.on(day.day), sell.on(day.day))):
        several = list(part)
        unpriced += len(several) * ((bool(buy) and buying is None) or (bool(sell) and selling is None))
        buying_at, selling_at = (_by_time(tariff) if tariff else {} for tariff in (buying, selling))
        for hour in _hours(several, buying, selling, hours):
            time = hour.month, hour.weekday, hour.hour
            buys, sells = buying_at.get(time, NOTHING), selling_at.get(time, NOTHING)
            paid += hour.import_dwh * buys
            avoided += (hour.production_dwh - hour.export_dwh) * buys
            earned += hour.export_dwh * sells
            spread += hour.spread_dwh
    return Worth(
        len(known), made, sum(day.consumption_dwh or 0 for day in known), max(0, made - sold),
        paid / DWH_PER_KWH if buy else None, earned / DWH_PER_KWH if sell else None,
        (avoided + earned) / DWH_PER_KWH if buy else None, unpriced, spread)


@lru_cache(maxsize=2 * MAX_PRICES)
def _by_time(tariff: Tariff) -> dict[tuple[int, int, int], Decimal]:
    """The price at each month, weekday and hour: every year asks for all of them."""
    return {time: tariff.at(*time) for time in product(range(1, 13), range(7), range(24))}


def together(parts: Iterable[Worth]) -> Worth:
    """The worth of several stretches of days as one. Money is known if it is in each of them."""
    several = list(parts)

    def money(name: str) -> Decimal | None:
        amounts = [getattr(part, name) for part in several]
        return None if None in amounts or not amounts else sum(amounts, Decimal(0))

    def count(name: str) -> int:
        return sum(getattr(part, name) for part in several)
    return Worth(count("days"), count("production_dwh"), count("consumption_dwh"), count("own_dwh"),
                 money("paid"), money("earned"), money("saved"), count("unpriced"), count("spread_dwh"))


def _hours(days: Sequence[Energy], buying: Tariff | None, selling: Tariff | None, hours: ByHour) -> Iterable[Hours]:
    """The energy of days with one tariff: hour by hour where it asks for that, else in one sum."""
    if any(tariff and tariff.times for tariff in (buying, selling)):
        return hours(days[0].day, days[-1].day)
    return [Hours(1, 0, 0, sum(day.production_dwh or 0 for day in days), sum(day.import_dwh or 0 for day in days),
                  sum(day.export_dwh or 0 for day in days))]
