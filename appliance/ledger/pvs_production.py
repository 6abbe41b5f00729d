"""One PVS's production on one local day, from its inverters and its production meters. Pure.

The rule: the production meter gives the sum across every stretch that it was read at both ends of; where it has a hole
(it was not read, or stood still and caught up), the inverters give the shape inside and the hole's last slot gets what
is missing. What they counted too much there is owed: the next energy pays it back. A meter that does not move while the
inverters do, runs backwards, or measures only a part of the roof is no counter of it: then the inverters' sum is.

`judge` decides this for a day from what both counted in the same hours of it, and stays with the day before where that
says too little (night, snow, an inverter that is silent). `Start` is what passes from day to day: `booked_dwh` is what
was booked since the trusted meter last moved, so that its return counts nothing twice.
"""
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from appliance.ledger.cadence import is_hole
from appliance.ledger.folded import BEGIN, END, ENERGY, FOREVER, LAST_DIGIT_DWH, Folded, Step

INVERTERS, METER = "inverters", "meter"
WHOLE_PERCENT = 93          # a meter that counts less of what the inverters do measures a part of the roof, or nothing
LEAST_DWH = 1_000           # below 0.1 kWh in a day nothing is decided
SMALL_SHARE = 20            # a hole whose missing part is below 1/20 is as good as read
TRUST_S = 14 * 86400        # a trusted meter that stood still for longer is another one when it moves again


@dataclass(frozen=True, slots=True)
class Start:
    """What a day begins with. `trusted`: the meter was the source when it last told; `read_until`: of the meter's last
    reading while it was the source, 0 else."""

    trusted: int = 0
    booked_dwh: int = 0
    owed_dwh: int = 0
    read_until: int = 0


@dataclass(frozen=True, slots=True)
class Produced:
    """The counters whose steps are the day's production, where they come from, and what the next day begins with."""

    counters: list[Folded]
    source: str
    end: Start


@dataclass(frozen=True, slots=True)
class Day:
    """A day's frame: its start, the length of its slots, and the usual time between readings (0: not known)."""

    start: int
    slot_seconds: int
    usual_s: int


def produce(setting: str, inverters: Sequence[Folded], meters: Sequence[Folded], complete: bool, start: Start,
            day: Day) -> Produced:
    """The day's production. `setting` is site.production; `complete`: every inverter that is there was read."""
    meters = _joined(meters)
    source = setting if setting != "auto" else judge(inverters, meters, complete, start, day)
    if source == METER and len(meters) > 1:         # whose hole the inverters could fill is not known
        return Produced(list(meters), METER, Start(1))
    if source == METER and meters:
        return _fill(meters[0], inverters if setting == "auto" else [], start, day)
    if setting == METER:
        return Produced([], METER, start)
    return _sum(inverters, meters, start, day)


def _joined(meters: Sequence[Folded]) -> Sequence[Folded]:
    """The meters, as one if each began to count when the one before it had ended: another PVS came, with its own."""
    if len(meters) < 2 or any(not meter.steps or meter.state is None for meter in meters):
        return meters
    several = sorted(meters, key=lambda meter: meter.steps[0][0])
    if any(before.steps[-1][1] > after.steps[0][0] for before, after in pairwise(several)):
        return meters
    return [replace(several[-1], steps=[step for meter in several for step in meter.steps],
                    starts=[time for meter in several for time in meter.starts])]


def judge(inverters: Sequence[Folded], meters: Sequence[Folded], complete: bool, start: Start, day: Day) -> str:
    """Whether the meters count what the inverters do."""
    if not meters:
        return INVERTERS
    measured, holes, low, high = 0, [], 1 << 62, 0
    for meter in meters:
        for index, (begin, end, energy) in enumerate(meter.steps):
            if begin < day.start and is_hole(meter.steps, index, day.slot_seconds, day.usual_s):
                holes.append((begin, end))      # how much of it is of a time without the meter is not known
            else:
                measured, low, high = measured + energy, min(low, begin), max(high, end)
    if not measured and not holes:      # it stands still: no need to look where
        made = sum(inverter.energy_dwh - (inverter.steps[0][2] if inverter.steps[0][0] < low else 0)
                   for inverter in inverters if inverter.steps)
        return INVERTERS if made >= LEAST_DWH or not start.trusted else METER
    made = 0
    for inverter in inverters:
        steps = inverter.steps
        if steps and (steps[0][1] <= low or steps[-1][1] > high):
            steps = steps[bisect_right(steps, low, key=END):bisect_right(steps, high, key=END)]
        if not holes and min(map(BEGIN, steps), default=low) >= low:    # as on nearly all days
            made += sum(map(ENERGY, steps))
            continue
        for begin, end, energy in steps:
            if not energy or any(first < end <= last for first, last in holes):
                continue
            if begin >= low or end - begin <= day.slot_seconds:
                made += energy
            else:                       # from before: how much of it the meter has seen is not known
                complete = False
    if not inverters and complete and measured > 0:
        return METER
    if made >= LEAST_DWH and 100 * (measured + LAST_DIGIT_DWH) < WHOLE_PERCENT * made:
        return INVERTERS
    if measured >= LEAST_DWH and complete:
        return METER
    return METER if start.trusted else INVERTERS


def _sum(inverters: Sequence[Folded], meters: Sequence[Folded], start: Start, day: Day) -> Produced:
    """The inverters' steps, while the meter is away or is none."""
    counters = [replace(inverter, steps=[step for begin, end, energy in inverter.steps
                                         if (step := _later(begin, end, energy, start.read_until))])
                if start.read_until and any(begin < start.read_until for begin, _, _ in inverter.steps) else inverter
                for inverter in inverters]
    trusted = start.trusted and _is_young(meters, day)
    booked = 0
    if trusted:
        moved = max((_moved(meter) for meter in meters), default=0)
        booked = (_unseen(meters, counters, moved) if moved else start.booked_dwh) + sum(
            energy for counter in counters for _, end, energy in counter.steps if end > moved)
    paid, owed = _pay(counters, start.owed_dwh) if start.owed_dwh else (counters, 0)
    return Produced(paid, INVERTERS, Start(int(trusted), booked, owed, start.read_until))


def _later(begin: int, end: int, energy: int, booked_until: int) -> Step | None:
    """A step without what a meter counted until `booked_until`, by the share of time; None: nothing is left."""
    if begin >= booked_until:
        return begin, end, energy
    return None if end <= booked_until else (booked_until, end, energy * (end - booked_until) // (end - begin))


def _is_young(meters: Iterable[Folded], day: Day) -> bool:
    """Whether a meter that stands still may still be one that will catch up."""
    return all(day.start - meter.state.since < TRUST_S for meter in meters if meter.state is not None)


def _moved(meter: Folded) -> int:
    """When a meter last counted anything on this day; 0: not at all."""
    return max((end for _, end, energy in meter.steps if energy), default=0)


def _unseen(meters: Iterable[Folded], counters: Iterable[Folded], moved: int) -> int:
    """What was made in the step that ends at `moved`, in which a meter stopped, and that the meter did not count."""
    begin, energy = next((begin, energy) for meter in meters for begin, end, energy in meter.steps if end == moved)
    return max(0, sum(made for counter in counters for _, end, made in counter.steps if begin < end <= moved) - energy)


def _fill(meter: Folded, inverters: Sequence[Folded], start: Start, day: Day) -> Produced:
    """The meter's steps; where it has none, or a hole, the inverters'."""
    fills = [Folded(inverter.state) for inverter in inverters]
    kept, rest = replace(meter, steps=[]), replace(meter, steps=[], starts=[])

    def take(after: int, until: int, booked_until: int) -> int:
        taken = 0
        for inverter, fill in zip(inverters, fills, strict=True):
            for begin, end, energy in islice(inverter.steps, bisect_right(inverter.steps, after, key=END), None):
                if end > until:
                    break
                if step := _later(begin, end, energy, booked_until):
                    fill.steps.append(step)
                    taken += step[2]
        return taken

    read, booked_until = day.start - 1, start.read_until    # the meter's reading up to which all is taken
    for index, (begin, end, energy) in enumerate(meter.steps):
        if begin > read:                                    # it begins to count, or began anew
            take(read, begin, booked_until)
        if not is_hole(meter.steps, index, day.slot_seconds, day.usual_s):
            kept.steps.append((begin, end, energy))
        elif begin < day.start and not start.trusted:       # it was no counter of the roof before
            take(read, end, booked_until)
        else:
            filled = take(begin, end, begin) + (start.booked_dwh if begin < day.start else 0)
            is_small = abs(energy - filled) * SMALL_SHARE <= abs(energy)
            rest.steps.append((end - day.slot_seconds if is_small else begin, end, energy - filled))
        read = booked_until = max(read, end)
    tail = take(read, FOREVER, booked_until)
    booked = tail if _moved(meter) else start.booked_dwh + tail
    paid, owed = _pay([counter for counter in (kept, *fills, rest) if counter.steps or counter.starts],
                      start.owed_dwh)
    return Produced(paid, METER, Start(1, booked, owed, meter.state.time if meter.state else read))


def _pay(counters: Sequence[Folded], owed_dwh: int) -> tuple[list[Folded], int]:
    """The counters with what is owed taken off their energies in order of time, and what is still owed."""
    if not owed_dwh and not any(energy < 0 for counter in counters for _, _, energy in counter.steps):
        return list(counters), 0
    paid = [replace(counter, steps=list(counter.steps)) for counter in counters]
    for _, which, index in sorted((step[1], which, index) for which, counter in enumerate(paid)
                                  for index, step in enumerate(counter.steps)):
        begin, end, energy = paid[which].steps[index]
        energy -= owed_dwh
        owed_dwh = max(0, -energy)
        paid[which].steps[index] = (begin, end, max(0, energy))
    return paid, owed_dwh
