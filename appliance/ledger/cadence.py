"""How often the site's counters are read, and how long a slot of the site is.

The cadence is learned from the readings: most sites have one every 5 minutes, some every 15 or 60, and a new firmware
may change it at any hour. So a step is judged by its neighbours of the same device: a long one among short ones is a
hole, one among others of its length is how the site reads. Where a day has too few steps to tell, the usual time of the
day before does; on the very first day a full quarter, half or whole hour is believed.

A slot is never shorter than the status interval that the site has at PVOutput (`status_interval`).
"""
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from appliance.store import state
from appliance.store.state import Key

DEFAULT_SLOT_SECONDS = 300          # the PVS's usual cadence, and PVOutput's finest status interval
NEIGHBOURS = 4                      # steps that are looked at around one
ALIKE = 2                           # so many of them of its length make a step ordinary
FULL = (900, 1800, 3600)            # cadences that are believed without a second step
UNDERWAY_S = 900                    # readings come 5 to 10 minutes old
LONGEST_S = 3600                    # no site reads less often

Step = tuple[int, int, int]


def status_interval(store: sqlite3.Connection) -> int:
    """The shortest slot that is of use to the site, in seconds."""
    return int(state.get(store, Key.STATUS_INTERVAL) or DEFAULT_SLOT_SECONDS)


def use_status_interval(store: sqlite3.Connection, seconds: int) -> None:
    """Let slots be at least `seconds` long; the next ingest derives every day again if that changes them."""
    state.put(store, Key.STATUS_INTERVAL, str(seconds))


def slot_seconds(store: sqlite3.Connection) -> int:
    """The length of a slot in seconds."""
    return status_interval(store)


def learned(store: sqlite3.Connection) -> int:
    """The usual time between readings in seconds, by the newest day that told it."""
    row = store.execute("SELECT cadence_s FROM site_day WHERE slots > 0 ORDER BY day DESC LIMIT 1").fetchone()
    return (row[0] if row else 0) or DEFAULT_SLOT_SECONDS


def live_s(store: sqlite3.Connection) -> int:
    """How old the newest reading may be and still be called now: one interval, and what its upload may take."""
    return learned(store) + UNDERWAY_S


def late_s(store: sqlite3.Connection) -> int:
    """How old the newest reading is by day when something is wrong: two intervals are missing."""
    return 3 * learned(store) + UNDERWAY_S


def usual(steps: Iterable[Sequence[Step]], before_s: int) -> int:
    """The usual time between readings in seconds, by the counter with the most steps of a day; `before_s`: of the day
    before (0: not known), which stays where the day has fewer than NEIGHBOURS steps."""
    most: Sequence[Step] = max(steps, key=len, default=())
    lengths = Counter((end - begin + 30) // 60 * 60 for begin, end, _ in most)
    for length, count in sorted(lengths.items(), key=lambda item: (-item[1], item[0])):
        if 0 < length <= LONGEST_S + LONGEST_S // 2 and count >= NEIGHBOURS:
            return length
    return before_s


def is_hole(steps: Sequence[Step], index: int, slot_seconds: int, usual_s: int) -> bool:
    """Whether a step skipped readings, with half a slot's tolerance for those that come early or late."""
    begin, end, _ = steps[index]
    length = end - begin
    if 2 * length <= 3 * slot_seconds:
        return False
    if 2 * length > 3 * LONGEST_S:
        return True
    first = max(0, min(index - NEIGHBOURS // 2, len(steps) - 1 - NEIGHBOURS))
    around = [steps[other][1] - steps[other][0] for other in range(first, min(len(steps), first + NEIGHBOURS + 1))
              if other != index]
    if len(around) < NEIGHBOURS:
        if usual_s:
            return 2 * length > 3 * usual_s
        if not any(length > 2 * other for other in around):
            return not (length in FULL and end % length == 0) and sum(_alike(length, other) for other in around) < ALIKE
    return sum(_alike(length, other) for other in around) < ALIKE


def _alike(one: int, other: int) -> bool:
    return 2 * max(one, other) <= 3 * min(one, other)
