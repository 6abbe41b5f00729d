"""What the readings of one counter are folded into, and what is possible for a counter. Pure types."""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple, overload

LAST_DIGIT_DWH = 100        # the largest last digit seen: two decimals of a kWh
POWER_LIMIT_W = 25_000      # mean power of one counter beyond which a difference is not energy; see power_limit
USUAL_PERCENT = 40          # of that limit is what a household's net power may be when the counter comes near zero
LOOK_AHEAD_S = 14 * 86400   # a counter that comes back within this time was away; later, it is another epoch
DAY_S = 86400               # a clock that is off by more leaves readings that others contradict at once
ORDINARY_S = 3600           # a step of a longer time tells no power
FOREVER = 1 << 62
ANY_W = 1 << 40             # Folded.top_w where the limit decided about more than a rise

Point = tuple[int, int]             # (time, counter in 0.1 Wh)
Step = tuple[int, int, int]         # (start, end, energy in 0.1 Wh)
BEGIN, END, ENERGY = itemgetter(0), itemgetter(1), itemgetter(2)    # of a step

RESTART, JUMP, OUTLIER, HELD = "restart", "jump", "outlier", "held"
EPOCH = "epoch"             # a restart or a jump


class Points(Sequence[Point]):
    """Readings, kept as columns: a whole day is looked at quicker so."""

    __slots__ = ("counters", "times")

    def __init__(self, times: Sequence[int], counters: Sequence[int]) -> None:
        self.times, self.counters = times, counters

    @classmethod
    def of(cls, points: Sequence[Point]) -> "Points":
        """These readings as columns."""
        return points if isinstance(points, cls) else cls(*zip(*points, strict=True)) if points else cls((), ())

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Point]:
        return zip(self.times, self.counters, strict=True)

    @overload
    def __getitem__(self, index: int) -> Point: ...

    @overload
    def __getitem__(self, index: slice) -> "Points": ...

    def __getitem__(self, index: int | slice) -> "Point | Points":
        if isinstance(index, slice):
            return Points(self.times[index], self.counters[index])
        return self.times[index], self.counters[index]


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

    def least(self, before: State, after: Point) -> int:
        """What a counter that began anew since `before` can show at `after`."""
        return max(LAST_DIGIT_DWH, self.full_w * (after[0] - before.time) // 360)


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
    steps: list[Step] = field(default_factory=list)     # by their ends, ascending
    starts: list[int] = field(default_factory=list)     # times from which counting began anew
    events: list[Event] = field(default_factory=list)
    until: int = 0
    top_w: int = 0
    steep_w: int = 0
    misplaced: list[int] = field(default_factory=list)  # times that only a wrong clock gave to readings
    wrong: list[Point] = field(default_factory=list)    # a run of accepted ones that was (module misplaced)

    @property
    def energy_dwh(self) -> int:
        """All that was counted."""
        return sum(map(ENERGY, self.steps))

    def begin_at(self, day_start: int, first: int) -> None:
        """Leave out what belongs to readings of before the day, which were looked at once more. `first`: the day's
        first reading."""
        self.events = [event for event in self.events if event.time >= day_start]
        self.starts = [max(time, first) for time in self.starts]
        self.steps = [(begin, max(end, first), energy) for begin, end, energy in self.steps
                      if energy or end >= day_start]
