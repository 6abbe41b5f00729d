"""What a device's counter can have counted: by its own past, not by a household's. Pure.

The third highest mean power between two neighbouring readings of any day is what the device does at full power, to the
next power of two: one or two readings that lie do not change it, and it changes a few times in a device's life.
"""
from appliance.ledger.counters import Limit, power_limit

SMALLEST_W = 125            # classes of full power are this times a power of two
LEAST_LIMIT_W = 1_000       # no counter is held to less: the first readings at dawn tell little
TIMES = 2                   # a rise beyond so many times a device's full power is not energy


def full_power(steep_w: int) -> int:
    """The class of full power in W of a device that was seen at `steep_w`; 0: not known."""
    full = SMALLEST_W if steep_w > 0 else 0
    while full < steep_w:
        full *= 2
    return full


def limit_of(full_w: int, size_w: int, own: bool) -> Limit:
    """The limit of a counter of full power `full_w` at a site of `size_w` (0: not known). `own`: the device's own past
    bounds it; else only a household's power does, which changes from one day to the next."""
    household = power_limit(size_w)
    if not full_w:
        return Limit(household, household)
    return Limit(min(household, max(LEAST_LIMIT_W, TIMES * full_w)) if own else household, full_w)
