"""One counter: readings in order of time → steps of energy. Pure.

Theory: a step is the difference between two accepted readings. A reading b after the accepted a, with c behind it:
- b fits a when the counter has not fallen by more than a last digit and has not risen faster than its device can: then
  it is accepted, unless it is a spike: c does not fit b but does fit a.
- When b does not fit a, the readings behind b tell, as far as LOOK_AHEAD_S. If one of them comes back to where the
  counter was, or could have come, and not by way of what b began (`_came_back`), then everything in between was never
  energy: an outlier, a night of zeros, an hour of nonsense. The step goes from a to the reading that came back.
- If none comes back and a later one goes on from b, a new epoch begins at b (a restart of the counter when it fell, a
  jump when it rose): counting goes on from b, and what lies between a and b is not counted.
- A counter that falls to what it had passed before a run of its readings zigzags: that run, or the one from the fall to
  the return, was stamped by another clock than the rest. Each counter value is true, the time of one run is not: that
  run is left out (module misplaced), so that the energy stays on the day on which it was counted.
- A counter that says 0 and does not move begins no epoch: it is held until it moves or comes back. Nor does a reading
  with none behind it. A reading that agrees with nothing is left out.
`Folded.until` says how far the decisions looked: a later reading of before that time may change them.

A net counter runs both ways, so a fall tells nothing. That it began anew shows in a reading near zero that is further
from the accepted one than a household's power explains; a step beyond hardware is a jump, whatever its direction.
One that jumps to zero to the last digit is likelier away than there: so what is behind it tells, too.

A counter that has come to its end begins at zero again (or, where it has a sign, below it): what lies between is a step
like any other (`_over_end`). A net counter may cross its end back soon, so the readings behind are not asked: whatever
it was, there and back count nothing.

A counter that falls by a last digit (rounding, decimals that went from 4 to 3) stays at its highest value until it is
passed, so nothing is counted twice and no total runs backwards. The difference across a hole is right. A counter that
stood still and then rises faster than its device ever does has caught up: that step begins when it stopped, so that
it is a hole's and has no power of its own.
"""
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import sub
from typing import NamedTuple

from appliance.ledger import misplaced
from appliance.ledger.folded import (
    ANY_W,
    DAY_S,
    EPOCH,
    FOREVER,
    HELD,
    JUMP,
    LAST_DIGIT_DWH,
    LOOK_AHEAD_S,
    ORDINARY_S,
    OUTLIER,
    RESTART,
    USUAL_PERCENT,
    Event,
    Folded,
    Limit,
    Point,
    Points,
    State,
    Step,
)

CATCH_UP_S = 3900           # a clock set by an hour, or a device that caught up, counts so much more in one step
RETURN_DWH = 10_000         # of a counter that has begun to count, less than 1 kWh is a step of its own
RETURN_TIMES = 4            # coming back must explain a reading so many times better than going on
CATCH_UP_DWH = 500          # a last digit after a pause is no catching up
ENDS_DECIMAL: tuple[int, ...] = (10**8, 10**9, 10**10, 10**11)     # 10,000 to 10,000,000 kWh: the digits are used up
ENDS_BINARY = tuple(unit << 32 for unit in (1, 10, 100))        # 32 bits are, of 0.1, 1 or 10 Wh

Fits = Callable[[State, Point, Limit], bool]
Ahead = Callable[[int], Sequence[Point]]


def _fits_rising(before: State, after: Point, limit: Limit) -> bool:
    rise = after[1] - before[1]
    if before[1] < 0 <= after[1] <= limit.full_w * (after[0] - before[2]) // 360 < rise:
        return False            # it began anew, from below zero
    return -LAST_DIGIT_DWH <= rise <= limit.power_w * (after[0] - before[2] + CATCH_UP_S) // 360


def _fits_net(before: State, after: Point, limit: Limit) -> bool:
    step = abs(after[1] - before[1])
    seconds = after[0] - before[0]
    if step <= limit.power_w * USUAL_PERCENT * seconds // 36_000:
        return True             # what a household does all day
    usual = limit.usual_w * seconds // 360
    return step <= limit.power_w * (after[0] - before[2] + CATCH_UP_S) // 360 and not abs(after[1]) <= usual < step


def fold(state: State | None, points: Sequence[Point], behind: Point | None, both_ways: bool, limit: Limit,
         ahead: Ahead | None = None) -> Folded:
    """Fold `points` (ascending times) onto `state`; `behind` is the first reading after them, if there is one.

    `ahead` gives the readings after them, as far as so many seconds; it is asked only where a reading does not fit.
    """
    after = ahead or (lambda seconds: [behind] if behind else [])
    folded = _fold(state, points, behind, both_ways, limit, after)
    left, last = list[Folded](), points[-1][0] if points else 0
    while folded.wrong:         # readings that a wrong clock stamped
        left.append(folded)
        points = misplaced.others(points, folded.wrong)
        folded = _fold(state, points, behind, both_ways, limit, after)
    for one in left:
        misplaced.add(folded, one, last)
        folded.steep_w = 0
    return folded


def _fold(state: State | None, points: Sequence[Point], behind: Point | None, both_ways: bool, limit: Limit,
          ahead: Ahead) -> Folded:
    """fold(), and where it comes upon a run that a wrong clock stamped, no more than that."""
    result = Folded(state, until=behind[0] if behind else FOREVER)
    fits = _fits_net if both_ways else _fits_rising
    index, count = 0, len(points)
    if state is not None:
        index, state = _plain(state, Points.of(points), both_ways, limit, result)
    if index + 1 < count:
        points = list(points)
    while index < count:
        if state is not None and not both_ways:
            index, state = _run(state, points, index, limit, result)
            if index == count:
                break
        point, following = points[index], points[index + 1] if index + 1 < count else behind
        if state is None:
            index, state = index + 1, State(*point, point[0])
            result.starts.append(point[0])
            continue
        rise, span = abs(point[1] - state[1]), point[0] - state[0]
        if rise * 360 > result.top_w * span:
            result.top_w = rise * 360 // max(1, span)
        if fits(state, point, limit) and not (both_ways and point[1] == 0 and _is_no_place(state, following)):
            index, state = index + 1, _take(state, point, following, both_ways, limit, result)
        else:
            index, state = _misfit(state, points, index, both_ways, limit, ahead, result)
        if result.wrong:
            return result
    if state is not None and behind is not None and not both_ways and misplaced.is_odd(state, behind):
        if misplaced.falls(state, ahead(misplaced.ODD_S + DAY_S) or [behind]) is not None:
            misplaced.look_back(result, state, points, ahead(LOOK_AHEAD_S) or [behind], limit)
        else:
            result.until = max(result.until, behind[0] + DAY_S)
    result.state = state
    return result


def _take(state: State, point: Point, following: Point | None, both_ways: bool, limit: Limit, result: Folded) -> State:
    """Accept `point`, which fits `state`, unless it is a spike: `following` fits `state` and not `point`."""
    fits = _fits_net if both_ways else _fits_rising
    if following is None or not fits(state, following, limit) or fits(State(*point, point[0]), following, limit):
        return _accept(state, point, both_ways, limit, result.steps)
    result.top_w = ANY_W        # at another limit it may be none
    result.events.append(Event(OUTLIER, point[0], state[1], point[1]))
    if not both_ways and misplaced.is_of_the_day(state, [point], limit):
        result.misplaced.append(point[0])
    return state


def _misfit(state: State, points: Sequence[Point], index: int, both_ways: bool, limit: Limit, ahead: Ahead,
            result: Folded) -> tuple[int, State]:
    """What becomes of points[index], which does not fit `state`, and of those that share its fate: (index of the first
    that does not, state). `result.wrong` is set if it ends a run that a wrong clock stamped."""
    point, rest = points[index], [*points[index + 1:], *ahead(LOOK_AHEAD_S)]
    result.top_w = ANY_W
    if not both_ways and point[1] < state[1] and misplaced.look_back(
            result, state, points[:index], [point, *rest], limit):
        return index, state
    over = _over_end(state, point, both_ways, limit)
    if both_ways and over is not None:      # it may cross its end back at once
        result.steps.append((state[0], point[0], over))
        return index + 1, State(*point, point[0])
    if not both_ways and point[1] < 0 <= state[1] and over is None:
        result.events.append(Event(OUTLIER, point[0], state[1], point[1]))  # no counter of energy made is there
        return index + 1, state
    kind, length, looked = _look_ahead(state, point, rest, _fits_net if both_ways else _fits_rising, limit)
    result.until = max(result.until, looked)
    if kind == EPOCH:
        return index + 1, _begin(state, point, over, both_ways, limit, result)
    alike = points[index:index + length + 1]
    result.events += [Event(HELD if kind == HELD else OUTLIER, time, state[1], value) for time, value in alike]
    if kind == OUTLIER and not both_ways and misplaced.is_of_the_day(state, alike, limit):
        result.misplaced += [time for time, _ in alike]
    return index + len(alike), state


def _is_no_place(state: State, following: Point | None) -> bool:
    """Whether a net meter that says 0 is likelier away: it says so again, or is next where it was rather."""
    return following is not None and abs(state[1]) > RETURN_DWH and (
        following[1] == 0 or abs(following[1] - state[1]) < abs(following[1]))


def _begin(state: State, point: Point, over: int | None, both_ways: bool, limit: Limit, result: Folded) -> State:
    """Begin a new epoch at `point`, or go on there over the counter's end (`over`: by so much). What an inverter's new
    counter shows there it has counted since it began anew."""
    if over is not None:
        result.steps.append((state[0], point[0], over))
        return State(*point, point[0])
    result.events.append(Event(RESTART if abs(point[1]) < abs(state[1]) else JUMP, point[0], state[1], point[1]))
    result.starts.append(point[0])
    if not both_ways and 0 < point[1] <= limit.least(state, point):
        result.steps.append((state[0], point[0], point[1]))
    return State(*point, point[0])


def _over_end(state: State, point: Point, both_ways: bool, limit: Limit) -> int | None:
    """The energy of a step in which the counter came to its end and began at its other end; None: it is no such."""
    before, after = state[1], point[1]
    most: int = limit.power_w * (point[0] - state[2] + CATCH_UP_S) // 360
    least = -most if both_ways else 0
    for end in (*ENDS_DECIMAL, *ENDS_BINARY):
        lowest = -end // 2 if min(before, after) < 0 and end in ENDS_BINARY else 0      # one with a sign
        energy = after - before + (end if after < before else -end)
        if least <= energy <= most and lowest <= min(before, after) and max(before, after) < lowest + end:
            return energy
    return None


def _plain(state: State, points: Points, both_ways: bool, limit: Limit, result: Folded) -> tuple[int, State]:
    """Accept nearly every day's readings at once: where each step is of a size that fits in any time, and none catches
    up. (how many are accepted: none, or all but the last, which what is behind it decides about; state)."""
    if len(points) < 2 or (state.counter_dwh < 0 and not both_ways):
        return 0, state
    times, counters = (state.time, *points.times), (state.counter_dwh, *points.counters)
    if both_ways and 0 in counters:
        return 0, state
    rises, spans = _differences(counters), _spans(times)
    sizes = list(map(abs, rises)) if both_ways else rises
    most = limit.power_w * USUAL_PERCENT * spans.least // 36_000 if both_ways else limit.power_w * CATCH_UP_S // 360
    largest = max(sizes)
    if min(sizes) < 0 or largest > most:
        return 0, state
    top_w, steep_w = _steepest(sizes, largest, spans)
    steps = list(zip(times, times[1:-1], rises, strict=False))
    if top_w > limit.full_w or (both_ways and _stood(state.since, steps) >= limit.still_s):
        return 0, state
    since = next((end for _, end, rise in reversed(steps) if rise), state.since)
    result.steps, result.top_w, result.steep_w = steps, top_w, steep_w
    return len(steps), State(times[-2], counters[-2], since)


def _stood(since: int, steps: Sequence[Step]) -> int:
    """For how many seconds at most a counter that moved at `since` stood before it moved again."""
    moved = [since, *(end for _, end, energy in steps if energy)]
    return max(map(sub, moved[1:], moved), default=0)


def _run(state: State, points: Sequence[Point], index: int, limit: Limit, result: Folded) -> tuple[int, State]:
    """What nearly all readings of a rising counter are, in one quick loop: this one and the one behind it rise by what
    fits in any time. (index of the first that may be something else, state)."""
    steps, top_w, most = result.steps, result.top_w, limit.power_w * CATCH_UP_S // 360
    (at, counter, since), full_w = state, limit.full_w
    last = len(points) - 1 if counter >= 0 else 0
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
    agreed, seen = 0, 0
    counts = fits is _fits_rising and first[1] > state[1]      # a higher one that stands still does not lie like a zero
    is_lower = fits is _fits_rising and limit.least(state, first) < first[1] < state[1]
    for point in rest:
        if point[0] > deadline:
            break
        if fits(state, point, limit) and (is_lower or _came_back(state, newest, point, counts, fits, limit)):
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
    `counts`: that one has moved since it began, or need not."""
    if not counts or not fits(newest, point, limit):
        return True
    onward, back = abs(point[1] - newest[1]), abs(point[1] - state[1])
    return onward > max(RETURN_DWH, RETURN_TIMES * (back + LAST_DIGIT_DWH))


def steep(points: Sequence[Point], both_ways: bool) -> int:
    """The third highest mean power in W between neighbours: what a device can do, though one or two readings lie."""
    if len(points) < 2:
        return 0
    points = Points.of(points)
    rises = _differences(points.counters)
    return _third(list(map(abs, rises)) if both_ways else rises, _spans(tuple(points.times)))


class _Spans(NamedTuple):
    """The seconds between neighbouring readings, ascending times."""

    seconds: tuple[int, ...]
    least: int
    most: int


@lru_cache(maxsize=8)
def _spans(times: tuple[int, ...]) -> _Spans:
    """Kept for a while, as the devices of a roof are read at the same times."""
    seconds = tuple(_differences(times))
    return _Spans(seconds, min(seconds), max(seconds))


def _differences(values: Sequence[int]) -> list[int]:
    return list(map(sub, values[1:], values))


def _steepest(sizes: Sequence[int], largest: int, spans: _Spans) -> tuple[int, int]:
    """The highest mean power in W of these steps; and the third highest of those behind the first (_third)."""
    if spans.least == spans.most:
        return largest * 360 // spans.most, _third(sizes[1:], spans)
    rest = spans.seconds[1:]
    top_w = max(size * 360 // span for size, span in zip(sizes, spans.seconds, strict=True))
    return top_w, _third(sizes[1:], _Spans(rest, min(rest), max(rest)))


def _third(sizes: Sequence[int], spans: _Spans) -> int:
    """The third highest power in W, of steps that are short enough to tell one; 0: there are no three."""
    if spans.least == spans.most:       # the sizes tell, as on nearly all days
        powers = [size * 360 // spans.most for size in sorted(sizes)[-3:]] if spans.most <= ORDINARY_S else []
    else:
        powers = sorted(size * 360 // span for size, span in zip(sizes, spans.seconds, strict=True)
                        if span <= ORDINARY_S)
    return max(0, powers[-3]) if len(powers) > 2 else 0
