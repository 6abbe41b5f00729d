"""The obviously correct twin: all readings in memory, sorted, one pass, kWh as Decimal, days by the local calendar.

Slow on purpose and without any of the ledger's machinery (no database, no dirty days, no states to go on from).
It knows the rules of the ledger's docstring for any number of inverters, one net meter and slots of five minutes.
"""
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

KW_LIMIT, CATCH_UP_H, DIGIT, USUAL = Decimal(25), Decimal(3900) / 3600, Decimal("0.01"), Decimal("0.4")

Reading = tuple[int, Decimal]                   # record time, kWh
Curve = dict[int, tuple[Decimal | None, Decimal | None, Decimal | None]]    # slot → production, net, consumption


@dataclass
class Counter:
    """The readings of one device and the rule by which they are counted."""

    net: bool
    readings: list[Reading]
    steps: list[tuple[int, int, Decimal]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def fits(self, before: Reading, after: Reading) -> bool:
        hours, step = Decimal(after[0] - before[0]) / 3600, after[1] - before[1]
        if self.net:
            usual = KW_LIMIT * USUAL * hours
            return abs(step) <= KW_LIMIT * (hours + CATCH_UP_H) and not (abs(after[1]) <= usual < abs(step))
        return -DIGIT <= step <= KW_LIMIT * (hours + CATCH_UP_H)

    def count(self) -> None:
        accepted: Reading | None = None
        highest = Decimal(0)
        ordered = sorted(self.readings)
        for index, reading in enumerate(ordered):
            behind = ordered[index + 1] if index + 1 < len(ordered) else None
            if accepted is None:
                accepted = reading
                self.starts.append(reading[0])
                continue
            closes = behind is not None and self.fits(accepted, behind)
            follows = behind is not None and self.fits(reading, behind)
            if self.fits(accepted, reading):
                if closes and not follows:
                    continue                    # a spike
                self.steps.append((accepted[0], reading[0],
                                   reading[1] - accepted[1] if self.net else max(Decimal(0), reading[1] - accepted[1])))
                highest = reading[1] if self.net else max(accepted[1], reading[1])
                accepted = (reading[0], highest)
            elif behind is not None and follows and not closes:
                accepted = reading              # a new epoch
                self.starts.append(reading[0])


def curve(inverters: dict[str, list[Reading]], net: list[Reading], sign: int = 1) -> Curve:
    """What each slot of five minutes holds."""
    made = [Counter(False, readings) for readings in inverters.values()]
    flow = Counter(True, net)
    for counter in [*made, flow]:
        counter.count()
    slots: dict[int, list[Decimal | None]] = {}
    for counter in [*made, flow]:
        for _, end, energy in counter.steps:
            entry = slots.setdefault(_slot(end), [None, None, None])
            entry[counter.net] = (entry[counter.net] or Decimal(0)) + (sign * energy if counter.net else energy)
    starts = {_slot(start) for start in flow.starts}
    counting, balance = False, Decimal(0)
    for time in sorted(slots.keys() | starts):
        entry = slots.get(time, [None, None, None])
        balance += (entry[0] or 0) if counting else 0
        if entry[1] is not None:
            balance += entry[1]
            entry[2] = max(Decimal(0), balance)
            balance -= entry[2]
        if time in starts:
            counting, balance = True, min(balance, Decimal(0))
    return {time: (entry[0], entry[1], entry[2]) for time, entry in slots.items()}


def running(curve: Curve, zone: str) -> dict[int, tuple[Decimal | None, Decimal | None]]:
    """The day's running totals of production and consumption at each slot, by the local date of the slot."""
    totals: dict[str, list[Decimal | None]] = {}
    found = {}
    for time in sorted(curve):
        day = datetime.fromtimestamp(time, UTC).astimezone(ZoneInfo(zone)).date().isoformat()
        entry = totals.setdefault(day, [None, None])
        for index, energy in ((0, curve[time][0]), (1, curve[time][2])):
            if energy is not None:
                entry[index] = (entry[index] or Decimal(0)) + energy
        found[time] = (entry[0], entry[1] if curve[time][2] is not None else None)
    return found


def _slot(time: int) -> int:
    return time - time % 300
