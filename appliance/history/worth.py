"""What the roof was worth: how much of its energy was used at home, how much of the use it covered, and the money.

Theory. made + bought = used + sold on every day (all four are sums of counters' differences, holes included: energy
that fell into a hole is in its day, only the minute is unknown; what was bought and sold within one hole cancels there,
so both are at least what is shown). Hence made − sold = used − bought: what the roof gave to the house itself.
    self-used         (made − sold) / made
    self-sufficient   (used − bought) / used
    saved             self-used energy × price of buying + sold energy × price of selling, each day at that day's prices
Energies are integers of 0.1 Wh and prices decimals, so the sums are exact; only what is shown is rounded.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from appliance.settings.prices import Prices

DWH_PER_KWH = 10_000


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


def of(days: Iterable[Energy], buy: Prices, sell: Prices) -> Worth:
    """The worth of these days together."""
    made = used = own = count = unpriced = 0
    paid = earned = avoided = Decimal(0)
    for day in days:
        produced, consumed, bought, sold = (day.production_dwh, day.consumption_dwh, day.import_dwh, day.export_dwh)
        if produced is None or consumed is None or bought is None or sold is None:
            continue
        count, made, used = count + 1, made + produced, used + consumed
        home = max(0, produced - sold)
        own += home
        buying, selling = buy.on(day.day), sell.on(day.day)
        unpriced += (bool(buy) and buying is None) or (bool(sell) and selling is None)
        paid += bought * (buying or 0)
        avoided += home * (buying or 0)
        earned += sold * (selling or 0)
    return Worth(
        count, made, used, own, paid / DWH_PER_KWH if buy else None, earned / DWH_PER_KWH if sell else None,
        (avoided + earned) / DWH_PER_KWH if buy else None, unpriced)
