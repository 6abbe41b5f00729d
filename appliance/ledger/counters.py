"""One counter: readings in order of time → steps of energy. Pure.

Theory: a step is the difference between two accepted readings. A reading b after the accepted a, with c behind it:
- b fits a when the counter has not fallen by more than a last digit and has not risen faster than its device can: then
  it is accepted, unless it is a spike: c does not fit b but does fit a.
- When b does not fit a, the readings behind b tell, as far as LOOK_AHEAD_S. If one of them comes back to where the
  counter was, or could have come, and not by way of what b began (`_came_back`), then everything in between was never
  energy: an outlier, a night of zeros, an hour of nonsense. The step goes from a to the reading that came back.
- If none comes back and a later one goes on from b, a new epoch begins at b (a restart of the counter when it fell, a
  jump when it rose): counting goes on from b, and what lies between a and b is not counted.
- A counter that says 0 and does not move begins no epoch: it is held until it moves or comes back. Nor does a reading
  with none behind it. A reading that agrees with nothing is left out.
`Folded.until` says how far the decisions looked: a later reading of before that time may change them.

A net counter runs both ways, so a fall tells nothing. That it began anew shows in a reading near zero that is further
from the accepted one than a household's power explains; a step beyond hardware is a jump, whatever its direction.

A counter that falls by a last digit (rounding, decimals that went from 4 to 3) stays at its highest value until it is
passed, so nothing is counted twice and no total runs backwards. The difference across a hole is right. A counter that
stood still and then rises faster than its device ever does has caught up: that step begins when it stopped, so that
it is a hole's and has no power of its own.
"""
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

LAST_DIGIT_DWH = 100        # the largest last digit seen: two decimals of a kWh
POWER_LIMIT_W = 25_000      # mean power of one counter beyond which a difference is not energy; see power_limit
USUAL_PERCENT = 40          # of that limit is what a household's net power may be when the counter comes near zero
CATCH_UP_S = 3900           # a clock set by an hour, or a device that caught up, counts so much more in one step
LOOK_AHEAD_S = 14 * 86400   # a counter that comes back within this time was away; later, it is another epoch
RETURN_DWH = 10_000         # of a counter that has begun to count, less than 1 kWh is a step of its own
RETURN_TIMES = 4            # coming back must explain a reading so many times better than going on
CATCH_UP_DWH = 500          # a last digit after a pause is no catching up
ORDINARY_S = 3600           # a step of a longer time tells no power
FOREVER = 1 << 62

Point = tuple[int, int]             # (time, counter in 0.1 Wh)
Step = tuple[int, int, int]         # (start, end, energy in 0.1 Wh)

RESTART, JUMP, OUTLIER, HELD = "restart", "jump", "outlier", "held"
EPOCH = "epoch"             # a restart or a jump


class State(NamedTuple):
    """The accepted reading, and the time since which the counter has stood at this value."""

    time: int
    counter_dwh: int
    since: int


@dataclass(frozen=True, slots=True)
class Limit:
    """What is possible for one counter: mean power beyond which a rise is not energy, the device's own full power in W,
    and for how long it can stand still and be read rightly."""

    power_w: int
    full_w: int
    still_s: int = FOREVER

    @property
    def usual_w(self) -> int:
        """What the power at the main panel may be when its counter comes near zero."""
        return max(self.power_w * USUAL_PERCENT // 100, self.full_w if self.full_w < self.power_w else 0)


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
    """What a stretch of readings gave. `state` is what the next stretch starts from; `until` the time up to which
    another reading may change this; `top_w` the highest mean power that was looked at,
    `steep_w` what the device can do (see steep)."""

    state: State | None
    steps: list[Step] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)     # times from which counting began anew
    events: list[Event] = field(default_factory=list)
    until: int = 0
    top_w: int = 0
    steep_w: int = 0

    @property
    def energy_dwh(self) -> int:
        """All that was counted."""
        return sum(map(itemgetter(2), self.steps))

    def begin_at(self, day_start: int, first: int) -> None:
        """Leave out what belongs to readings of before the day, which were looked at once more. `first`: the day's
        first reading."""
        self.events = [event for event in self.events if event.time >= day_start]
        self.starts = [max(time, first) for time in self.starts]
        self.steps = [(begin, max(end, first), energy) for begin, end, energy in self.steps
                      if energy or end >= day_start]


Fits = Callable[[State, Point, Limit], bool]


def _fits_rising(before: State, after: Point, limit: Limit) -> bool:
    return -LAST_DIGIT_DWH <= after[1] - before[1] <= limit.power_w * (after[0] - before[2] + CATCH_UP_S) // 360


def _fits_net(before: State, after: Point, limit: Limit) -> bool:
    step = abs(after[1] - before[1])
    seconds = after[0] - before[0]
    if step <= limit.power_w * USUAL_PERCENT * seconds // 36_000:
        return True             # what a household does all day
    usual = limit.usual_w * seconds // 360
    return step <= limit.power_w * (after[0] - before[2] + CATCH_UP_S) // 360 and not abs(after[1]) <= usual < step


def fold(state: State | None, points: Sequence[Point], behind: Point | None, both_ways: bool, limit: Limit,
         ahead: Callable[[], Sequence[Point]] | None = None) -> Folded:
    """Fold `points` (ascending times) onto `state`; `behind` is the first reading after them, if there is one.

    `ahead` gives all readings after them, as far as LOOK_AHEAD_S; it is asked only where a reading does not fit.
    """
    result = Folded(state, until=behind[0] if behind else FOREVER)
    events, fits = result.events, _fits_net if both_ways else _fits_rising
    index, count = 0, len(points)
    while index < count:
        if state is not None and not both_ways:
            index, state = _run(state, points, index, limit, result)
            if index == count:
                break
        point = points[index]
        following = points[index + 1] if index + 1 < count else behind
        index += 1
        if state is None:
            state = State(*point, point[0])
            result.starts.append(point[0])
            continue
        rise, span = abs(point[1] - state[1]), point[0] - state[0]
        if rise * 360 > result.top_w * span:
            result.top_w = rise * 360 // max(1, span)
        if fits(state, point, limit):
            if following is not None and fits(state, following, limit) and not fits(
                    State(*point, point[0]), following, limit):
                events.append(Event(OUTLIER, point[0], state[1], point[1]))
            else:
                state = _accept(state, point, both_ways, limit, result.steps)
            continue
        rest = [*points[index:], *(ahead() if ahead else [behind] if behind else [])]
        kind, length, looked = _look_ahead(state, point, rest, fits, limit)
        result.until = max(result.until, looked)
        if kind == EPOCH:
            events.append(Event(RESTART if abs(point[1]) < abs(state[1]) else JUMP, point[0], state[1], point[1]))
            result.starts.append(point[0])
            state = State(*point, point[0])
            continue
        last = min(index + length, count)       # all these share the fate of the first
        events += [Event(HELD if kind == HELD else OUTLIER, time, state[1], value)
                   for time, value in points[index - 1:last]]
        index = last
    result.state = state
    return result


def _run(state: State, points: Sequence[Point], index: int, limit: Limit, result: Folded) -> tuple[int, State]:
    """What nearly all readings of a rising counter are, in one quick loop: this one and the one behind it rise by what
    fits in any time. (index of the first that may be something else, state)."""
    steps, top_w, most = result.steps, result.top_w, limit.power_w * CATCH_UP_S // 360
    (at, counter, since), full_w = state, limit.full_w
    last = len(points) - 1
    while index < last:
        time, value = points[index]
        rise = value - counter
        if not 0 <= rise <= most or not 0 <= points[index + 1][1] - value <= most:
            break
        if rise:
            if rise * 360 > top_w * (time - at):
                top_w = rise * 360 // (time - at)
                if since < at and rise > CATCH_UP_DWH and top_w > full_w:
                    break
            elif since < at and rise > CATCH_UP_DWH and rise * 360 > full_w * (time - at):
                break
            counter, since = value, time
        steps.append((at, time, rise))
        at = time
        index += 1
    result.top_w = top_w
    return index, State(at, counter, since)


def _accept(state: State, point: Point, both_ways: bool, limit: Limit, steps: list[Step]) -> State:
    """Count the step to `point`; the new state."""
    time, energy = point[0], point[1] - state[1]
    if energy == 0 or (energy < 0 and not both_ways):
        steps.append((state[0], time, 0))
        return State(time, state[1], state[2])
    begin = state[0]
    if (state[2] < begin and abs(energy) > CATCH_UP_DWH
            and (abs(energy) * 360 > limit.full_w * (time - begin) or begin - state[2] >= limit.still_s)):
        begin = state[2]
        while both_ways and steps and steps[-1][0] >= begin:
            steps.pop()         # a net meter's zero is a claim that the house used what the roof made
    steps.append((begin, time, energy))
    return State(time, point[1], time)


def _look_ahead(state: State, first: Point, rest: Sequence[Point], fits: Fits, limit: Limit) -> tuple[str, int, int]:
    """What `first`, which does not fit `state`, is: (EPOCH, OUTLIER or HELD, readings behind it that share its fate,
    time up to which this looked)."""
    newest = State(*first, first[0])
    deadline = first[0] + LOOK_AHEAD_S
    agreed, seen, counts = 0, 0, False
    for point in rest:
        if point[0] > deadline:
            break
        if fits(state, point, limit) and _came_back(state, newest, point, counts, fits, limit):
            return OUTLIER, seen, point[0]
        seen += 1
        if fits(newest, point, limit):
            agreed += 1
            counts |= point[1] != newest[1]
            newest = State(*point, point[0])
    if not seen or (agreed and first[1] == 0 and not counts):
        return HELD, seen, deadline
    if agreed:
        return EPOCH, 0, deadline
    return OUTLIER, 0, deadline


def _came_back(state: State, newest: State, point: Point, counts: bool, fits: Fits, limit: Limit) -> bool:
    """Whether `point`, which fits `state`, is that counter again and not the one of `newest` on its way past it.
    `counts`: that one has moved since it began."""
    if not counts or not fits(newest, point, limit):
        return True
    onward, back = abs(point[1] - newest[1]), abs(point[1] - state[1])
    return onward > max(RETURN_DWH, RETURN_TIMES * (back + LAST_DIGIT_DWH))


def steep(points: Sequence[Point], both_ways: bool) -> int:
    """The third highest mean power in W between neighbours: what a device can do, though one or two readings lie."""
    powers = [(risen - counter) * 360 // (at - time) for (time, counter), (at, risen) in pairwise(points)
              if (risen > counter or both_ways) and at - time <= ORDINARY_S]
    return sorted(map(abs, powers) if both_ways else powers)[-3] if len(powers) > 2 else 0
