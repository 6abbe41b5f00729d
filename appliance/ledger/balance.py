"""One local day of the site: steps of its counters → slots and totals. Pure.

A step belongs to the slot of the record time it ends at (the reading at 12:05:00 closes the interval that began at
12:00 and stands in slot 12:05). `seconds` of a slot is its energy over its power, where the power is the sum of each
step's own mean: with all steps of one length it is that length, and one straggler among many devices distorts nothing.

Consumption is booked from a balance of production + net: production of slots in which the net meter is silent waits in
it, and so does what would be negative (a meter that counts in 10 Wh, an inverter that reports late). The balance goes
over midnight, so the sum of all days is the counters' difference. It begins when a net meter's counting begins.
"""
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd

from appliance.ledger.cadence import is_hole
from appliance.ledger.folded import Folded, Step
from appliance.ledger.pvs_production import Day
from appliance.ledger.sign import RESOLUTION_DWH, against
from appliance.ledger.slot import Slot, watts

HOLE_SHARE = 20             # a slot is marked when more than 1/20 of its energy is a hole's
SCALE = 1_000_000           # of powers, so that integers do
FALL_S = 6 * 3600           # a meter that ran down in a longer hole may have begun anew

Spans = dict[int, int]      # length of a step in seconds, negative where it is a hole → energy
NO_SPANS: Spans = {}


@dataclass(frozen=True, slots=True)
class Start:
    """What a day begins with: whether a net meter counts, and the balance of consumption."""

    net_active: int
    balance_dwh: int


@dataclass(slots=True)
class Totals:
    """A row of table site_day, but for its day and source."""

    end: Start
    production_dwh: int | None = None
    consumption_dwh: int | None = None
    import_dwh: int | None = None
    export_dwh: int | None = None
    slots: int = 0
    holes: int = 0
    peak_w: int | None = None
    against_plus_dwh: int = 0
    against_minus_dwh: int = 0
    meter_falls: int = 0            # slots in which the meter at the main panel ran down


class SlotEnergy:
    """Energy per slot of the production, or of the net; and per slot the energy by length of step and whether that is
    a hole."""

    def __init__(self, counters: Iterable[Folded], day: Day) -> None:
        self.energy: dict[int, int] = defaultdict(int)
        self.spans: dict[int, Spans] = {}
        self.starts: set[int] = set()
        self.counters: dict[int, int] = defaultdict(int)    # how many have a step in the slot
        grids: dict[tuple[tuple[int, ...], tuple[int, ...]], list[tuple[int, ...]]] = {}
        for counter in counters:        # those that were read at the same times are added first
            self.starts.update(moment - (moment - day.start) % day.slot_seconds for moment in counter.starts)
            if counter.steps:
                begins, ends, energies = zip(*counter.steps, strict=True)
                grids.setdefault((begins, ends), []).append(energies)
        for (begins, ends), several in grids.items():
            energies = several[0] if len(several) == 1 else tuple(map(sum, zip(*several, strict=True)))
            self._add(list(zip(begins, ends, energies, strict=True)), len(several), day)

    def _add(self, steps: list[Step], count: int, day: Day) -> None:
        """Add the steps of `count` counters that were read at the same times."""
        day_start, slot_seconds, long_s = day.start, day.slot_seconds, day.slot_seconds * 3 // 2
        energies, counters, spans = self.energy, self.counters, self.spans
        slots = [end - (end - day_start) % slot_seconds for _, end, _ in steps]
        length = sum_dwh = 0
        for index, ((start, end, energy), slot, following) in enumerate(zip(steps, slots, [*slots[1:], -1],
                                                                            strict=True)):
            seconds = end - start
            if length < 0 or (seconds > long_s and is_hole(steps, index, slot_seconds, day.usual_s)):
                length = -abs(length) - seconds         # negative: a hole's
            else:
                length += seconds
            sum_dwh += energy
            if slot == following:
                continue
            if length:
                energies[slot] += sum_dwh
                counters[slot] += count
                if slot not in spans:
                    spans[slot] = {length: abs(sum_dwh)}
                else:
                    spans[slot][length] = spans[slot].get(length, 0) + abs(sum_dwh)
            length = sum_dwh = 0


def book(production_counters: Iterable[Folded], meter_counters: Sequence[Folded], day: Day, sign: int, start: Start,
         gross: bool = False) -> tuple[list[Slot], Totals]:
    """The slots of a day, ascending, and its totals. `sign`: 1 when the meter rises with import, else -1; `gross`: the
    meter counts what the house uses, whatever the roof makes."""
    production, meter = SlotEnergy(production_counters, day), SlotEnergy(meter_counters, day)
    times = sorted(production.energy.keys() | meter.energy.keys() | production.starts | meter.starts)
    active, balance = start.net_active, start.balance_dwh
    made = used = bought = sold = None      # until now
    best: dict[int, int] = {}       # most that was made in one slot, by its seconds
    slots, falls, seconds, hole = list[Slot](), 0, 0, False
    for time in times:
        produced, raw = production.energy.get(time), meter.energy.get(time)
        consumed = net = None
        if produced is not None or raw is not None:
            seconds, hole = _seconds(production.spans.get(time, NO_SPANS), meter.spans.get(time, NO_SPANS))
        if produced is not None:
            made = (made or 0) + produced
            if active and not gross:
                balance += produced
            if not hole and produced >= best.get(seconds, produced):
                best[seconds] = produced
        if raw is not None:
            net = sign * raw - (produced or 0 if gross else 0)
            balance += sign * raw
            consumed = balance if balance > 0 else 0
            balance -= consumed
            used = (used or 0) + consumed
            bought = (bought or 0) + (net if net > 0 else 0)
            sold = (sold or 0) - (net if net < 0 else 0)
            falls += raw < 0 and (not hole or seconds < FALL_S)
        if time in meter.starts:
            active, balance = 1, min(balance, 0)
        if produced is None and raw is None:
            continue
        slots.append(Slot(time, produced, net, consumed, made, None if consumed is None else used, seconds, hole))
    peak_w = max((max(0, watts(energy, seconds) or 0) for seconds, energy in best.items()), default=None)
    plus, minus = _against(times, production, meter, meter_counters, day)
    return slots, Totals(Start(active, balance), made, used, bought, sold, len(slots),
                         sum(slot.hole for slot in slots), peak_w, plus, minus, falls)


def _against(times: Iterable[int], production: SlotEnergy, meter: SlotEnergy, meters: Sequence[Folded],
             day: Day) -> tuple[int, int]:
    """What the day says against "+" and "-": of each stretch between two slots in which every counter was read."""
    if not meters:
        return 0, 0
    every = max(production.counters.values(), default=0), max(meter.counters.values(), default=0)
    steps = [[energy for _, _, energy in counter.steps] for counter in meters]
    resolution_dwh = sum(max(RESOLUTION_DWH, gcd(*energies)) for energies in steps if energies)
    begins: dict[int, int] = {}         # of steps that are of more than a slot and the one before it
    for counter in meters:
        for begin, end, _ in counter.steps:
            slot = end - (end - day.start) % day.slot_seconds
            if begin < slot - day.slot_seconds:
                begins[slot] = min(begin, begins.get(slot, begin))
    begun = production.starts | meter.starts
    made = net = 0
    since = day.start - day.slot_seconds
    stretches: list[tuple[int, int] | None] = []
    for time in times:
        if time in begun or begins.get(time, since) < since:
            made, net, since = 0, 0, time       # a counter has seen more or less of the stretch than the others
            stretches.append(None)
            continue
        made, net = made + production.energy.get(time, 0), net + meter.energy.get(time, 0)
        if (production.counters.get(time), meter.counters.get(time)) == every:
            stretches.append((made, net))
            made, net, since = 0, 0, time
    return against(stretches, resolution_dwh)


def _seconds(production: Spans, meter: Spans) -> tuple[int, bool]:
    """(seconds, hole) of a slot from its energy by length of step."""
    lengths = [*production, *meter]
    if (seconds := lengths[0]) > 0 and lengths.count(seconds) == len(lengths):
        return seconds, False       # as nearly all are
    both = dict(production)
    for length, energy in meter.items():
        both[length] = both.get(length, 0) + energy
    sum_dwh = sum(both.values())
    if len(both) == 1 or not sum_dwh:
        seconds = min(map(abs, both))
    else:
        power = sum(energy * SCALE // abs(length) for length, energy in both.items())
        seconds = max(1, (2 * sum_dwh * SCALE + power) // (2 * power))
    in_holes = sum(energy for length, energy in both.items() if length < 0)
    return seconds, in_holes * HOLE_SHARE > sum_dwh or any(length < 0 for length in meter)
