"""A slot: one status interval of the site, and its mean power. The ledger makes slots, everything else reads them.

Energies are integers of 0.1 Wh, powers integers of W; None means: not known.
"""
from collections.abc import Sequence
from typing import NamedTuple

COLUMNS = "time, production_dwh, net_dwh, consumption_dwh, day_production_dwh, day_consumption_dwh, seconds, hole"


def watts(energy_dwh: int | None, seconds: int) -> int | None:
    """Mean power in W of an energy over a time, rounded half up."""
    if energy_dwh is None or seconds <= 0:
        return None
    return (energy_dwh * 720 + seconds) // (2 * seconds)


class Slot(NamedTuple):
    """A row of table slot, but for its day. A tuple, as ten years have a million of them."""

    time: int
    production_dwh: int | None
    net_dwh: int | None
    consumption_dwh: int | None
    day_production_dwh: int | None  # running totals since local midnight, this slot included
    day_consumption_dwh: int | None
    seconds: int                    # in which the energy was counted
    hole: bool                      # readings were missing: the energy is a sum over more than this slot

    @classmethod
    def from_row(cls, row: Sequence[int | None]) -> "Slot":
        """The slot of a row of COLUMNS."""
        time, production, net, consumption, day_production, day_consumption, seconds, hole = row
        return cls(time or 0, production, net, consumption, day_production, day_consumption, seconds or 0, bool(hole))

    @property
    def production_w(self) -> int | None:
        """Mean power; of a hole's sum, the mean over the hole."""
        return watts(self.production_dwh, self.seconds)

    @property
    def net_w(self) -> int | None:
        return watts(self.net_dwh, self.seconds)

    @property
    def consumption_w(self) -> int | None:
        return watts(self.consumption_dwh, self.seconds)
