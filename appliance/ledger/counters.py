"""One counter: readings in order of time → steps of energy. Pure.

Theory: a step is the difference between two accepted readings. A reading b after the accepted a, with c behind it:
- b fits a when the counter has not fallen by more than a last digit and has not risen faster than hardware can: then
  it is accepted, unless it is a spike: c does not fit b but does fit a.
- b that does not fit a is an outlier when c fits a; it is the first of a new epoch when c fits b (a restart of the
  counter when it fell, a jump when it rose): counting goes on from b, what lies between a and b is not counted.
- When neither holds, b is dropped. When there is no c yet, b is held: nothing is counted until c tells.
So a decision depends on the accepted reading before and the one reading behind: the rest of the history does not
matter, which is what lets the ledger derive a day from the state before its first reading.

A counter that falls by a last digit (rounding, decimals that went from 4 to 3) stays at its highest value until it is
passed, so nothing is counted twice and no total runs backwards. Net counters run both ways and have no highest
value. The difference across a hole is right, and so is a plateau followed by its catching up: both are plain steps.
"""
from collections.abc import Sequence
from dataclasses import dataclass, field

LAST_DIGIT_DWH = 100        # the largest last digit seen: two decimals of a kWh
POWER_LIMIT_W = 25_000      # mean power of one counter beyond which a difference is not energy; see power_limit
CATCH_UP_S = 3900           # a clock set by an hour, or a device that caught up, counts so much more in one step

Point = tuple[int, int]             # (time, counter in 0.1 Wh)
Step = tuple[int, int, int]         # (start, end, energy in 0.1 Wh)

RESTART, JUMP, OUTLIER, HELD = "restart", "jump", "outlier", "held"


def power_limit(size_w: int) -> int:
    """The limit in W for a site of `size_w` (0: not known): twice its size where that is more than a household's."""
    return max(POWER_LIMIT_W, 2 * size_w)


@dataclass(frozen=True, slots=True)
class Event:
    """What the owner may want to know: kind at a time, the counter before and at it."""

    kind: str
    time: int
    before_dwh: int
    after_dwh: int


@dataclass(slots=True)
class Folded:
    """What a stretch of readings gave. `state` is the accepted reading that the next stretch starts from."""

    state: Point | None
    steps: list[Step] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)     # times from which counting began anew
    events: list[Event] = field(default_factory=list)


def fold(state: Point | None, points: Sequence[Point], behind: Point | None, both_ways: bool, limit_w: int) -> Folded:
    """Fold `points` (ascending times) onto `state`; `behind` is the first reading after them, if there is one."""
    result = Folded(state)
    steps, events = result.steps, result.events
    rate = limit_w * 10
    lowest = LAST_DIGIT_DWH

    def fits(before: Point, after: Point) -> bool:
        most = rate * (after[0] - before[0] + CATCH_UP_S) // 3600
        return -(most if both_ways else lowest) <= after[1] - before[1] <= most

    last = len(points) - 1
    for index, point in enumerate(points):
        if state is None:
            state = point
            result.starts.append(point[0])
            continue
        following = points[index + 1] if index < last else behind
        if fits(state, point):
            if following is not None and not fits(point, following) and fits(state, following):
                events.append(Event(OUTLIER, point[0], state[1], point[1]))
                continue
            energy = point[1] - state[1]
            if energy < 0 and not both_ways:
                steps.append((state[0], point[0], 0))
                state = (point[0], state[1])
            else:
                steps.append((state[0], point[0], energy))
                state = point
        elif following is None:
            events.append(Event(HELD, point[0], state[1], point[1]))
        elif fits(state, following) or not fits(point, following):
            events.append(Event(OUTLIER, point[0], state[1], point[1]))
        else:
            events.append(Event(RESTART if point[1] < state[1] else JUMP, point[0], state[1], point[1]))
            result.starts.append(point[0])
            state = point
    result.state = state
    return result
