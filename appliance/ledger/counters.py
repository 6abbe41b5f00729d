"""One counter: readings in order of time → steps of energy. Pure.

Theory: a step is the difference between two accepted readings. A reading b after the accepted a, with c behind it:
- b fits a when the counter has not fallen by more than a last digit and has not risen faster than hardware can: then
  it is accepted, unless it is a spike: c does not fit b but does fit a.
- b that does not fit a is an outlier when c fits a; it is the first of a new epoch when c fits b (a restart of the
  counter when it fell, a jump when it rose): counting goes on from b, what lies between a and b is not counted.
- When neither holds, b is dropped. When there is no c yet, b is held: nothing is counted until c tells.
So a decision depends on the accepted reading before and the one reading behind: the rest of the history does not
matter, which is what lets the ledger derive a day from the state before its first reading.

A net counter runs both ways, so a fall tells nothing. That it began anew shows in a reading near zero that is further
from the accepted one than a household's power explains; a step beyond hardware is a jump, whatever its direction.

A counter that falls by a last digit (rounding, decimals that went from 4 to 3) stays at its highest value until it is
passed, so nothing is counted twice and no total runs backwards. The difference across a hole is right, and so is a
plateau followed by its catching up: both are plain steps.
"""
from collections.abc import Sequence
from dataclasses import dataclass, field

LAST_DIGIT_DWH = 100        # the largest last digit seen: two decimals of a kWh
POWER_LIMIT_W = 25_000      # mean power of one counter beyond which a difference is not energy; see power_limit
USUAL_PERCENT = 40          # of that limit is what a household's net power may be when the counter comes near zero
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


def _fits_rising(before: Point, after: Point, limit_w: int) -> bool:
    return -LAST_DIGIT_DWH <= after[1] - before[1] <= limit_w * (after[0] - before[0] + CATCH_UP_S) // 360


def _fits_net(before: Point, after: Point, limit_w: int) -> bool:
    seconds, step = after[0] - before[0], abs(after[1] - before[1])
    usual = limit_w * USUAL_PERCENT // 100 * seconds // 360
    return step <= limit_w * (seconds + CATCH_UP_S) // 360 and not abs(after[1]) <= usual < step


def fold(state: Point | None, points: Sequence[Point], behind: Point | None, both_ways: bool, limit_w: int) -> Folded:
    """Fold `points` (ascending times) onto `state`; `behind` is the first reading after them, if there is one."""
    result = Folded(state)
    steps, events = result.steps, result.events
    fits = _fits_net if both_ways else _fits_rising

    last = len(points) - 1
    for index, point in enumerate(points):
        if state is None:
            state = point
            result.starts.append(point[0])
            continue
        following = points[index + 1] if index < last else behind
        if fits(state, point, limit_w):
            if following is not None and not fits(point, following, limit_w) and fits(state, following, limit_w):
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
        elif fits(state, following, limit_w) or not fits(point, following, limit_w):
            events.append(Event(OUTLIER, point[0], state[1], point[1]))
        else:
            events.append(Event(RESTART if abs(point[1]) < abs(state[1]) else JUMP, point[0], state[1], point[1]))
            result.starts.append(point[0])
            state = point
    result.state = state
    return result
