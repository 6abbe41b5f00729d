"""One local day of the site: steps of its counters → slots and totals. Pure.

A step belongs to the slot of the record time it ends at (the reading at 12:05:00 closes the interval that began at
12:00 and stands in slot 12:05). `seconds` of a slot is its energy over its power, where the power is the sum of each
step's own mean: with all steps of one length it is that length, and one straggler among many devices distorts nothing.

Consumption is booked from a balance of production + net: production of slots in which the net meter is silent waits in
it, and so does what would be negative (a meter that counts in 10 Wh, an inverter that reports late). The balance goes
over midnight, so the sum of all days is the counters' difference. It begins when a net meter's counting begins.
"""
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.ledger.counters import Folded
from appliance.ledger.sign import against

HOLE_SHARE = 20             # a slot is marked when more than 1/20 of its energy is a hole's
SCALE = 1_000_000           # of powers, so that integers do


@dataclass(frozen=True, slots=True)
class Slot:
    """A row of table slot, but for its day."""

    time: int
    production_dwh: int | None
    net_dwh: int | None
    consumption_dwh: int | None
    day_production_dwh: int | None
    day_consumption_dwh: int | None
    seconds: int
    hole: int


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


def source_of(setting: str, meter_alive: bool) -> str:
    """Where a day's production comes from: inverters | meter."""
    if setting == "auto":
        return "meter" if meter_alive else "inverters"
    return setting


class SlotEnergy:
    """Energy per slot of the production, or of the net; and per slot the energy by the length of its steps."""

    def __init__(self, devices: Iterable[Folded], day_start: int, slot_seconds: int) -> None:
        self.energy: dict[int, int] = defaultdict(int)
        self.spans: dict[int, dict[int, int]] = {}
        self.starts: set[int] = set()
        energy_of, spans = self.energy, self.spans
        for device in devices:
            self.starts.update(moment - (moment - day_start) % slot_seconds for moment in device.starts)
            current, length, sum_dwh = -1, 0, 0
            for start, end, energy in device.steps:
                slot = end - (end - day_start) % slot_seconds
                if slot != current:
                    if length:
                        energy_of[current] += sum_dwh
                        by_length = spans.setdefault(current, {})
                        by_length[length] = by_length.get(length, 0) + abs(sum_dwh)
                    current, length, sum_dwh = slot, 0, 0
                length += end - start
                sum_dwh += energy
            if length:
                energy_of[current] += sum_dwh
                by_length = spans.setdefault(current, {})
                by_length[length] = by_length.get(length, 0) + abs(sum_dwh)


def book(production_counters: Iterable[Folded], net_counters: Iterable[Folded], day_start: int, slot_seconds: int,
         sign: int, start: Start) -> tuple[list[Slot], Totals]:
    """The slots of a day, ascending, and its totals. `sign`: 1 when the net counter rises with import, else -1."""
    production = SlotEnergy(production_counters, day_start, slot_seconds)
    net = SlotEnergy(net_counters, day_start, slot_seconds)
    active, balance = start.net_active, start.balance_dwh
    slots: list[Slot] = []
    totals = Totals(start)
    for time in sorted(production.energy.keys() | net.energy.keys() | net.starts):
        produced, net_raw = production.energy.get(time), net.energy.get(time)
        if active:
            balance += produced or 0
        consumed = None
        if net_raw is not None:
            balance += sign * net_raw
            consumed = max(0, balance)
            balance -= consumed
        if time in net.starts:
            active, balance = 1, min(balance, 0)
        if produced is None and net_raw is None:
            continue
        seconds, hole = _spans(production.spans.get(time, {}), net.spans.get(time, {}), slot_seconds)
        totals.production_dwh = _plus(totals.production_dwh, produced)
        totals.consumption_dwh = _plus(totals.consumption_dwh, consumed)
        slots.append(Slot(time, produced, None if net_raw is None else sign * net_raw, consumed, totals.production_dwh,
                          None if consumed is None else totals.consumption_dwh, seconds, hole))
        if net_raw is not None:
            totals.import_dwh = (totals.import_dwh or 0) + max(0, sign * net_raw)
            totals.export_dwh = (totals.export_dwh or 0) + max(0, -sign * net_raw)
            if produced is not None and not hole:
                plus, minus = against(produced, net_raw)
                totals.against_plus_dwh += plus
                totals.against_minus_dwh += minus
        if produced is not None and not hole:
            power_w = (produced * 720 + seconds) // (2 * seconds)
            totals.peak_w = max(totals.peak_w or 0, power_w)
        totals.holes += hole
    totals.slots = len(slots)
    totals.end = Start(active, balance)
    return slots, totals


def _plus(sum_dwh: int | None, energy: int | None) -> int | None:
    return sum_dwh if energy is None else (sum_dwh or 0) + energy


def _spans(production: dict[int, int], net: dict[int, int], slot_seconds: int) -> tuple[int, int]:
    """(seconds, hole) of a slot from its energy by length of step."""
    lengths = dict(production)
    for length, energy in net.items():
        lengths[length] = lengths.get(length, 0) + energy
    sum_dwh = sum(lengths.values())
    if len(lengths) == 1 or not sum_dwh:
        seconds = min(lengths)
    else:
        power = sum(energy * SCALE // length for length, energy in lengths.items())
        seconds = max(1, (2 * sum_dwh * SCALE + power) // (2 * power))
    in_holes = sum(energy for length, energy in lengths.items() if _is_hole(length, slot_seconds))
    hole = in_holes * HOLE_SHARE > sum_dwh or any(_is_hole(length, slot_seconds) for length in net)
    return seconds, int(hole)


def _is_hole(seconds: int, slot_seconds: int) -> bool:
    """Whether a step skipped a slot (with half a slot's tolerance for readings that come early or late)."""
    return 2 * seconds > 3 * slot_seconds
