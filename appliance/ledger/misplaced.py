"""Readings that a clock stamped which was some hours off, and a right one sent. Pure.

Theory: the counter of an inverter only rises, so it tells the order of its readings. Where it falls to what it had
passed before a run of readings, and passes that again, each value is true, and the time of one run is wrong: of the run
before the fall, or of the one between the fall and the return. The readings of the wrong one were made in a hole of the
others, and fill it: the run that fits its hole better is wrong. If neither does, the shorter one is, also where nothing
returns.

A counter that is as low as one that began anew tells no order. The hours of darkness hold no readings that could say
more: a run that was made before all others of its day is taken for the evening's that it claims.
"""
from collections.abc import Sequence
from itertools import pairwise
from operator import attrgetter, sub

from appliance.ledger.folded import (
    ANY_W,
    DAY_S,
    LAST_DIGIT_DWH,
    LOOK_AHEAD_S,
    ORDINARY_S,
    OUTLIER,
    Event,
    Folded,
    Limit,
    Point,
    Points,
    State,
)

ODD_S = 2 * ORDINARY_S      # over midnight


def is_odd(state: State, behind: Point) -> bool:
    """Whether a day's end may belong to such a run: the counter falls behind it, or rises at midnight."""
    return behind[1] < state[1] - LAST_DIGIT_DWH or (behind[1] > state[1] and behind[0] - state[0] <= ODD_S)


def falls(state: State, rest: Sequence[Point]) -> int | None:
    """The index of the first of the readings behind `state` to which the counter falls, within a day of rest[0]."""
    counters = Points.of(rest).counters
    if min(map(sub, counters, (state.counter_dwh, *counters))) >= -LAST_DIGIT_DWH:
        return None             # to none
    return next((index for index, (one, other) in enumerate(pairwise([state[:2], *rest]))
                 if other[1] < one[1] - LAST_DIGIT_DWH and other[0] <= rest[0][0] + DAY_S), None)


def is_of_the_day(state: State, run: Sequence[Point], limit: Limit) -> bool:
    """Whether readings that were left out are a counter's of some hours before or after `state`."""
    return (all(one[1] <= other[1] for one, other in pairwise(run)) and (len(run) == 1 or run[0][1] < run[-1][1])
            and abs(run[0][1] - state.counter_dwh) <= limit.full_w * DAY_S // 360
            and run[0][1] > limit.least(state, run[0]))


def look_back(folded: Folded, state: State, points: Sequence[Point], rest: Sequence[Point], limit: Limit) -> bool:
    """Whether accepted readings of `points`, up to `state`, were stamped by a wrong clock: `folded.wrong`. The readings
    `rest` behind them tell."""
    fall = falls(state, rest)
    if fall is None:
        return False
    first, top = rest[fall], max([state.counter_dwh, *(value for _, value in rest[:fall])])
    folded.until, folded.top_w = max(folded.until, first[0]), ANY_W
    begin = _begin_above(first[1] + LAST_DIGIT_DWH, state, folded)
    if begin is None or first[1] <= limit.least(state, first):
        return False
    before, since, counter = begin
    run = [point for point in [*points, *rest[:fall]] if point[0] in folded.misplaced or point[0] >= since
           if first[1] < point[1] <= top]
    late, behind = _until_return(rest[fall:], top)
    folded.until = max(folded.until, behind or first[0] + LOOK_AHEAD_S)
    is_wrong = len(late) > len(run)
    if behind:
        step = min((other[0] - one[0] for one, other in [*pairwise(run), *pairwise(late)]), default=0)
        off, other_off = _off(run, late[-1][0], behind, step), _off(late, before, since, step)
        if off != other_off and min(off, other_off) <= step:
            is_wrong = off < other_off
    if is_wrong:
        folded.wrong, folded.misplaced = run, [*folded.misplaced, *(time for time, _ in run)]
        folded.events = [Event(OUTLIER, time, counter, value) for time, value in run]
    return is_wrong


def others(points: Sequence[Point], run: Sequence[Point]) -> list[Point]:
    """The points without those of the run."""
    times = {time for time, _ in run}
    return [point for point in points if point[0] not in times]


def add(folded: Folded, wrong: Folded, last: int) -> None:
    """Tell of the run that `wrong` came upon, as far as the time `last`, in what was folded without it."""
    folded.until, folded.top_w = max(folded.until, wrong.until), max(folded.top_w, wrong.top_w)
    folded.misplaced += [time for time, _ in wrong.wrong]
    folded.events += [event for event in wrong.events if event.time <= last]
    folded.events.sort(key=attrgetter("time"))


def _begin_above(most: int, state: State, folded: Folded) -> tuple[int, int, int] | None:
    """(time of the newest accepted reading of at most `most`, time of the one behind it, that counter)."""
    began, counter, found = folded.starts[-1] if folded.starts else 0, state.counter_dwh, None
    for begin, end, energy in reversed(folded.steps):
        if end <= began or counter <= most:
            break
        counter -= energy
        found = begin, end, counter
    return found if counter <= most else None


def _until_return(rest: Sequence[Point], top: int) -> tuple[list[Point], int]:
    """(the readings of a counter that rises from rest[0], time at which it is at `top` again, 0: not)."""
    late = [rest[0]]
    for point in rest[1:]:
        if point[0] > rest[0][0] + LOOK_AHEAD_S:
            break
        if point[1] >= top - LAST_DIGIT_DWH:
            return late, point[0]
        if point[1] >= late[-1][1]:
            late.append(point)
    return late, 0


def _off(run: Sequence[Point], begin: int, end: int, step: int) -> int:
    """How many seconds the hole from `begin` to `end` is longer or shorter than a run with a step at either side."""
    return abs(end - begin - (run[-1][0] - run[0][0]) - 2 * step)
