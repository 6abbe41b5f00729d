"""The obviously correct twin: all readings in memory, sorted, one pass, kWh as Decimal, days by the local calendar.

Slow on purpose and without any of the ledger's machinery (no database, no dirty days, no states to go on from).
It knows the rules of the ledger's docstring for any number of inverters, one net meter and slots of five minutes.
"""
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

KW_LIMIT, CATCH_UP_H, DIGIT, USUAL = Decimal(25), Decimal(3900) / 3600, Decimal("0.01"), Decimal("0.4")
FORTNIGHT = 14 * 86400

Reading = tuple[int, Decimal]                   # record time, kWh
Curve = dict[int, tuple[Decimal | None, Decimal | None, Decimal | None]]    # slot → production, net, consumption


def local_day(time: int, zone: str) -> str:
    return datetime.fromtimestamp(time, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def full_power(readings: list[Reading], zone: str, both_ways: bool = False) -> Decimal:
    """The class of power in kW that the device was seen at three times in one day; 0: not known."""
    seen: dict[str, list[Decimal]] = {}
    ordered = sorted(readings)
    for before, after in pairwise(ordered):
        day = local_day(before[0], zone)
        step = after[1] - before[1]
        if day == local_day(after[0], zone) and after[0] - before[0] <= 3600 and (both_ways or step > 0):
            watts = math.floor(step * 3_600_000 / (after[0] - before[0]))
            seen.setdefault(day, []).append(abs(Decimal(watts)) / 1000)
    days = {local_day(time, zone) for time, _ in readings}
    steep = sorted((sorted(seen[day])[-3] if len(seen.get(day, [])) > 2 else Decimal(0) for day in days), reverse=True)
    best = steep[2] if len(steep) > 2 else max(steep, default=Decimal(0))
    full = Decimal("0.125") if best else Decimal(0)
    while full < best:
        full *= 2
    return full


def limit(full: Decimal) -> Decimal:
    """The power in kW beyond which an inverter's rise is no energy."""
    if not full:
        return KW_LIMIT
    own = max(Decimal(1), 2 * full)
    return min(own, KW_LIMIT) if full < KW_LIMIT else own


@dataclass
class Counter:
    """The readings of one device and the rule by which they are counted."""

    net: bool
    readings: list[Reading]
    limit: Decimal
    full: Decimal = Decimal(0)
    zone: str = "UTC"
    steps: list[tuple[int, int, Decimal]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def fits(self, before: Reading, after: Reading, since: int | None = None) -> bool:
        step = after[1] - before[1]
        allowed = int(self.limit * 1000 * (after[0] - (before[0] if since is None else since) + 3900)) // 360
        if self.net:
            usual = int(max(self.limit * USUAL, self.full) * 1000) * (after[0] - before[0]) // 360
            return abs(step) * 10_000 <= allowed and not abs(after[1]) * 10_000 <= usual < abs(step) * 10_000
        usual = int(int((self.full or KW_LIMIT) * 1000) * (after[0] - (before[0] if since is None else since)) // 360)
        if before[1] < 0 <= after[1] and after[1] * 10_000 <= usual < step * 10_000:
            return False                        # it began anew, from below zero
        return step >= -DIGIT and step * 10_000 <= allowed

    def least(self, before: Reading, after: Reading) -> int:
        """What a counter that began anew since `before` can show, in 0.1 Wh."""
        return max(100, int((self.full or KW_LIMIT) * 1000) * (after[0] - before[0]) // 360)

    def away(self, accepted: Reading, since: int, at: int, ordered: list[Reading]) -> tuple[str, int]:
        """What the reading at index `at`, which does not fit, begins, and up to which index that holds."""
        newest, first, agreed = ordered[at], ordered[at], 0
        counts = not self.net and first[1] > accepted[1]    # a higher one that stands still is where a counter may be
        # One that shows more than a counter that began anew could, and less than before, did not if it returns.
        lower = not self.net and self.least(accepted, first) < first[1] * 10_000 < accepted[1] * 10_000
        end = at + 1
        for index in range(at + 1, len(ordered)):
            reading = ordered[index]
            if reading[0] > first[0] + FORTNIGHT:
                break
            if self.fits(accepted, reading, since):
                onward, back = abs(reading[1] - newest[1]), abs(reading[1] - accepted[1])
                if (lower or not counts or not self.fits(newest, reading)
                        or onward > max(Decimal(1), 4 * (back + DIGIT))):
                    return "dropped", index
            end = index + 1
            if self.fits(newest, reading):
                agreed += 1
                counts = counts or reading[1] != newest[1]
                newest = reading
        if end == at + 1 or (agreed and not first[1] and not counts):
            return "dropped", end
        return ("epoch", at + 1) if agreed else ("dropped", at + 1)

    def no_place(self, before: Reading, reading: Reading, rest: list[Reading]) -> bool:
        """Whether a net meter that says 0 is likelier away: it says so again, or is next where it was rather."""
        return self.net and not reading[1] and abs(before[1]) > 1 and bool(rest) and (
            not rest[0][1] or abs(rest[0][1] - before[1]) < abs(rest[0][1]))

    def over_end(self, before: Reading, since: int, after: Reading) -> Decimal | None:
        """The energy of a step over the end of the counter's digits or of its 32 bits; None: it is no such step."""
        most = int(self.limit * 1000 * (after[0] - since + 3900)) // 360
        for units, bits in [(10**8, False), (10**9, False), (10**10, False), (10**11, False), (2**32, True),
                            (10 * 2**32, True), (100 * 2**32, True)]:
            end = Decimal(units) / 10_000
            low = -end / 2 if bits and min(before[1], after[1]) < 0 else Decimal(0)
            step = after[1] - before[1] + (end if after[1] < before[1] else -end)
            inside = all(low <= one < low + end for one in (before[1], after[1]))
            if inside and (-most if self.net else 0) <= step * 10_000 <= most:
                return step
        return None

    def onward(self, ordered: list[Reading]) -> list[Reading]:
        """The readings as of a counter that has no end: one that came to it goes on."""
        found, behind = ordered[:1], Decimal(0)
        for before, after in pairwise(ordered):
            over = self.over_end(before, ordered[0][0], after) if after[1] < before[1] else None
            behind += 0 if over is None else over - (after[1] - before[1])
            found.append((after[0], after[1] + behind))
        return found

    def count(self) -> None:
        ordered = sorted(self.readings)
        if not ordered:
            return
        accepted, since, index = ordered[0], ordered[0][0], 1
        self.starts.append(accepted[0])
        while index < len(ordered):
            reading = ordered[index]
            if not self.fits(accepted, reading, since) and not self.net and reading[1] < 0 <= accepted[1] and (
                    self.over_end(accepted, since, reading) is None):
                index += 1                      # no counter of energy made is there
                continue
            if not self.fits(accepted, reading, since) or self.no_place(accepted, reading, ordered[index + 1:]):
                over = self.over_end(accepted, since, reading)
                if self.net and over is not None:       # whatever is behind it
                    kind, end = "epoch", index + 1
                else:
                    kind, end = self.away(accepted, since, index, ordered)
                    over = over if kind == "epoch" else None
                if over is not None:
                    self.steps.append((accepted[0], reading[0], over))
                    accepted, since = reading, reading[0]
                elif kind == "epoch":
                    if not self.net and 0 < reading[1] * 10_000 <= self.least(accepted, reading):
                        self.steps.append((accepted[0], reading[0], reading[1]))
                    accepted, since = reading, reading[0]
                    self.starts.append(reading[0])
                index = end
                continue
            behind = ordered[index + 1] if index + 1 < len(ordered) else None
            index += 1
            if behind is not None and self.fits(accepted, behind, since) and not self.fits(reading, behind):
                continue                        # a spike
            step = reading[1] - accepted[1]
            if step == 0 or (step < 0 and not self.net):
                self.steps.append((accepted[0], reading[0], Decimal(0)))
                accepted = (reading[0], accepted[1])
            else:
                if self.net and self.caught_up(accepted[0], since, reading[0], step):
                    day = local_day(reading[0], self.zone)
                    self.steps = [one for one in self.steps if one[0] < since or local_day(one[1], self.zone) != day]
                self.steps.append((accepted[0], reading[0], step))
                accepted, since = reading, reading[0]

    def caught_up(self, last: int, since: int, now: int, step: Decimal) -> bool:
        """Whether a net meter stood still, wrongly, until now: its zeros were no readings."""
        return since < last and abs(step) > Decimal("0.05") and (
            abs(step) * 3600 > (self.full or KW_LIMIT) * (now - last) or last - since >= 1800)


def tells_order(readings: list[Reading], zone: str) -> bool:
    """Whether no reading falls to what the counter had passed before, but for its last digit: then a wrong clock
    stamped some of them. With and without the readings that are left out; nor may one be left out that the counter
    came to later."""
    full = full_power(readings, zone)
    counter = Counter(False, readings, limit(full), full, zone)
    counter.count()
    kept = {*counter.starts, *(time for begin, end, _ in counter.steps for time in (begin, end))}
    several = sorted(readings), sorted(one for one in readings if one[0] in kept)
    if any(early[1] < one[1] <= late[1] + DIGIT for one in several[0] if one[0] not in kept
           for early in several[1] if early[0] < one[0] for late in several[1] if late[0] > one[0]):
        return False
    several += tuple(map(counter.onward, several))
    if any(first[1] / 2 < last[1] < first[1] - DIGIT for ordered in several for first, last in pairwise(ordered)):
        return False            # it did not begin anew, so it was there before the first reading
    return not any(first[1] - DIGIT <= last[1] < second[1] - DIGIT for ordered in several
                   for place, first in enumerate(ordered) for second, last in pairwise(ordered[place + 1:]))


def curve(inverters: dict[str, list[Reading]], net: list[Reading], sign: int = 1, zone: str = "UTC") -> Curve:
    """What each slot of five minutes holds."""
    limits = {serial: full_power(readings, zone) for serial, readings in inverters.items()}
    made = [Counter(False, readings, limit(limits[serial]), limits[serial], zone)
            for serial, readings in inverters.items()]
    full = full_power(net, zone, both_ways=True)
    flow = Counter(True, net, max(KW_LIMIT, 2 * full) if full else KW_LIMIT, full=full, zone=zone)
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
