"""What a device's counter can have counted: by its own past, not by a household's. Pure.

The third highest mean power between two neighbouring readings of a day is what the device did at full power that day,
and the third highest day, to the next power of two, is its full power: a reading or a day that lies does not change it,
and it changes a few times in a device's life. A net meter can do what its roof can, also on the first day of full sun.
"""
from collections.abc import Iterable
from functools import lru_cache

from appliance.ledger.folded import FOREVER, Limit, power_limit

SMALLEST_W = 125            # classes of full power are this times a power of two
LEAST_LIMIT_W = 1_000       # no counter is held to less: the first readings at dawn tell little
STILL_S = 1800              # no house uses exactly what its roof makes for so long
TIMES = 2                   # a rise beyond so many times a device's full power is not energy


def full_power(steep_w: int) -> int:
    """The class of full power in W of a device that was seen at `steep_w`; 0: not known."""
    full = SMALLEST_W if steep_w > 0 else 0
    while full < steep_w:
        full *= 2
    return full


def of_days(steep_w: list[int]) -> int:
    """The full power of a device by its steepest days (counters.steep), the three highest, descending."""
    return full_power(steep_w[-1] if len(steep_w) == 3 else max(steep_w, default=0))


def of_roof(full_w: Iterable[int]) -> int:
    """The class of full power of all inverters together."""
    return full_power(sum(full_w))


@lru_cache(maxsize=256)
def limit_of(full_w: int, size_w: int, own: bool, net_of_w: int | None = None) -> Limit:
    """The limit of a counter of full power `full_w` at a site of `size_w` (0: not known). `own`: the device's own past
    bounds it from above; else it may only raise what a household's power allows, which changes from day to day.
    `net_of_w`: of a net meter, the full power of its roof."""
    household, still_s = power_limit(size_w), FOREVER if net_of_w is None else STILL_S
    full_w = max(full_w, net_of_w or 0) if full_w else 0
    if not full_w:
        return Limit(household, household, still_s)
    own_w = max(LEAST_LIMIT_W, TIMES * full_w)
    return Limit(min(own_w, household) if own and full_w < household else max(own_w, household), full_w,
                 still_s)
