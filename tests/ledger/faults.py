"""How a drawn roof (module faulty) goes wrong: a method per fault, `_` and its name, which changes what counters say.

A device stands still while its counter begins anew, is replaced, or is not there: what no counter can have seen is no
part of the truth.
"""
import random
from dataclasses import dataclass, field

from tests.ledger.support import kwh

DAY, HOUR = 86400, 3600
FAULTS = ("zero", "zeros", "zero night", "absent", "plateau", "reset", "replaced", "spike", "spikes", "jump",
          "meter zeros", "meter absent", "meter plateau", "production absent", "clock 2010", "clock ahead",
          "clock behind", "clock a day off", "power cut", "comma", "exponent", "decimals", "backlog", "joins", "dead",
          "unreadable", "cadence", "silent nights", "clock hours", "kept hours", "negative", "below zero")
LATER = ("over its end", "meter over its end", "meter whole", "same serial", "swapped", "minute", "many",
         "clock change", "meter turned")
ENDING, ENDS = ("over its end", "meter over its end"), (10**8, 10**9, 1 << 32, 10 << 32)
WRITTEN = ("comma", "exponent", "decimals", "unreadable")       # these change no counter, only how it is written


@dataclass
class Device:
    """A counter: what it says at each time, and how the line is written."""

    serial: str
    kind: str                           # inverter | net | consumption | production
    pvs: int
    counters: dict[int, int] = field(default_factory=dict)      # by time; a time that is missing is not sent
    texts: dict[int, str] = field(default_factory=dict)         # of a counter that is written oddly
    power: dict[int, int] = field(default_factory=dict)         # W
    began: int = 0                      # when its counter began anew
    end: int = 0                        # where it begins at zero; 0: it never comes there
    unit: int = 1                       # what it counts in
    turned_at: int = 1 << 62            # from when on it runs the other way


class Faults:
    """What a site is, as far as a fault changes it; module faulty draws it."""

    rng: random.Random
    start: int
    days: int
    cadence: int
    times: list[int]
    devices: list[Device]
    by_inverter: list[dict[int, int]]   # energy made by the interval that ends at a time
    made: dict[int, int]                # by all
    pvs: int
    main_meter: str
    production: str
    sign: int
    resolution: int
    skew: dict[int, int]                # how far the PVS's clock is ahead, by interval
    kept: dict[int, int]                # as skew, of records that a right clock sent later
    late: dict[int, int]                # when an interval's upload is sent, if not at once
    swapped_at: int
    unknown: str                        # a day whose use nothing can tell

    def day(self, time: int) -> str:
        """The local day of a time."""
        raise NotImplementedError

    def _one(self, kind: str = "inverter") -> Device | None:
        chosen = [device for device in self.devices if device.kind == kind]
        return self.rng.choice(chosen) if chosen else None

    def _main(self) -> Device | None:
        return self._one(self.main_meter) if self.main_meter != "none" else None

    def _stretch(self, least: float, most: float, first: float = 8, last: float = 15) -> list[int]:
        """Times of a stretch of hours by daylight on a day in the middle."""
        day = self.start + self.rng.randint(1, self.days - 2) * DAY
        begin = day + int(self.rng.uniform(first, last) * HOUR)
        end = begin + max(2 * self.cadence, int(self.rng.uniform(least, most) * HOUR))
        return [time for time in self.times if begin <= time <= min(end, day + 18 * HOUR)]

    def _not_made(self, device: Device, times: list[int]) -> None:
        """The device stands still at these times: nothing was made, for itself and for the meters."""
        number = [one for one in self.devices if one.kind == "inverter"].index(device)
        for time in times:
            lost = self.by_inverter[number][time]
            if not lost:
                continue
            self.by_inverter[number][time] = 0
            self.made[time] -= lost
            for other in self.devices:
                if other is device:
                    change = -lost
                elif other.kind == "net":
                    change = self.sign * lost
                elif other.kind == "production" and other.pvs == 0 and number % self.pvs == 0 and (
                        self.production in ("good", "reversed") or (
                            self.production == "partial" and number // self.pvs < self._half())
                        or (self.production == "late" and time >= self.start + 2 * DAY + 12 * HOUR)
                        or (self.production == "dying" and time <= self.start + 2 * DAY + 12 * HOUR)):
                    change = lost if self.production == "reversed" else -lost
                else:
                    continue
                for later in self.times:
                    if later >= time and later in other.counters:
                        other.counters[later] += change

    def _half(self) -> int:
        return len([1 for number in range(len(self.by_inverter)) if number % self.pvs == 0]) // 2

    def _zeros_of(self, device: Device | None, times: list[int]) -> None:
        for time in times if device else ():
            if device and time in device.counters:
                device.counters[time] = 0

    def _zero(self) -> None:
        self._zeros_of(self._one(), self._stretch(0, 1)[:1])

    def _zeros(self) -> None:
        self._zeros_of(self._one(), self._stretch(3, 4)[:3])

    def _zero_night(self) -> None:
        night = self.start + self.rng.randint(1, 3) * DAY + 21 * HOUR
        self._zeros_of(self._one(), [time for time in self.times if night <= time < night + 8 * HOUR])

    def _meter_zeros(self) -> None:
        self._zeros_of(self._main(), self._stretch(0.5, 3))

    def _gone(self, device: Device | None, times: list[int]) -> None:
        for time in times if device else ():
            if device:
                device.counters.pop(time, None)

    def _absent(self) -> None:
        self._gone(self._one(), self._stretch(1, 6))

    def _meter_absent(self) -> None:
        self._gone(self._main(), self._stretch(1, 6))

    def _production_absent(self) -> None:
        day = self.start + DAY + self.rng.randrange(24) * HOUR
        self._gone(self._one("production"), [time for time in self.times if day <= time < day + DAY])

    def _stuck(self, device: Device | None) -> None:
        times = self._stretch(1, 4)
        if device and times[0] in device.counters:
            for time in times:
                device.counters[time] = device.counters[times[0]]

    def _plateau(self) -> None:
        self._stuck(self._one())

    def _meter_plateau(self) -> None:
        self._stuck(self._main())

    def _anew(self, device: Device, time: int, keep: bool) -> dict[int, int]:
        """The device's counter from `time` on, begun at zero; taken out of the device unless it is to `keep` it."""
        self._not_made(device, [time])
        base, device.began = device.counters[time], time
        after = {later: counter - base for later, counter in device.counters.items() if later >= time}
        for later in after:
            if keep:
                device.counters[later] = after[later]
            else:
                del device.counters[later]
        return after

    def _reset(self) -> None:
        device = self._one()
        if device and (time := self._stretch(1, 2)[0]) in device.counters:
            self._anew(device, time, keep=True)

    def _replaced(self) -> None:
        device = self._one()
        if device and (time := self._stretch(1, 2)[0]) in device.counters:
            after = self._anew(device, time, keep=False)
            self.devices.append(Device(device.serial[:-2] + "99", "spare", device.pvs, after, power=device.power))

    def _raised(self, count: int | None, by: int) -> None:
        device = self._one()
        times = self._stretch(4, 5)
        for time in (times[:count] if count else [time for time in self.times if time >= times[0]]) if device else ():
            if device and time in device.counters:
                device.counters[time] += by

    def _spike(self) -> None:
        self._raised(1, self.rng.randrange(10**6, 10**8))

    def _spikes(self) -> None:
        self._raised(3, self.rng.randrange(10**6, 10**8))

    def _jump(self) -> None:
        device = self._one()
        if device and (time := self._stretch(1, 2)[0]) in device.counters:
            self._not_made(device, [time])
            by = self.rng.randrange(10**7, 10**8)
            for later in self.times:
                if later >= time and later in device.counters:
                    device.counters[later] += by

    def _wrong_clock(self, ahead: int | None) -> None:
        times = self._stretch(1, 3)
        if len(times) < 3:
            times = [time for time in self.times if times[0] <= time][:3]
        firmware = 1_288_051_200 - times[0]         # 2010-10-26
        self.skew |= dict.fromkeys(times, firmware if ahead is None else ahead)

    def _clock_2010(self) -> None:
        self._wrong_clock(None)

    def _clock_ahead(self) -> None:
        self._wrong_clock(self.rng.choice((HOUR, 8 * HOUR, DAY, 365 * DAY)))

    def _clock_behind(self) -> None:
        self._wrong_clock(-self.rng.choice((HOUR, 8 * HOUR, 30 * DAY, 365 * DAY)))

    def _clock_a_day_off(self) -> None:
        self._wrong_clock(self.rng.choice((-DAY, DAY)))

    def _clock_hours(self) -> None:
        self._wrong_clock(self.rng.choice((-1, 1)) * (self.rng.randint(2, 14) * HOUR + 130))     # no time twice

    def _kept_hours(self) -> None:
        """Made and kept under a clock that is hours off, sent when it is right again."""
        times = self._stretch(1, 4, 8, 15)
        ahead = self.rng.choice((-1, 1)) * (self.rng.randint(2, 14) * HOUR + 130)   # no time twice: one would be lost
        self.kept |= dict.fromkeys(times, ahead)
        self.late |= dict.fromkeys(times, times[-1] + 1000)

    def _silent_nights(self) -> None:
        """Inverters are read while they make something."""
        for device, made in zip(self.devices, self.by_inverter, strict=False):
            for time in self.times:
                if not made[time] and time in device.counters:
                    del device.counters[time]

    def _negative(self) -> None:
        """A counter that began below zero, and passes it."""
        device = self._one()
        if device:
            base = device.counters[min(device.counters)] + self.rng.randrange(1, 60_000)
            for time in device.counters:
                device.counters[time] -= base

    def _below_zero(self) -> None:
        """A counter that says small negative numbers for a while."""
        device = self._one()
        for time in self._stretch(0.2, 12):
            begins = device and device.began - self.cadence <= time <= device.began     # unseen, it would be no truth
            if device and time in device.counters and not begins:
                device.counters[time] = -self.rng.randrange(1, 2000)

    def _power_cut(self) -> None:
        for time in self._stretch(1, 6):
            for device in self.devices:
                device.counters.pop(time, None)

    def _written(self, change: object) -> None:
        for device in self.devices:
            for time in device.counters:
                counter = self._shown(device, time)
                device.texts[time] = change(counter)  # type: ignore[operator]

    def _comma(self) -> None:
        self._written(lambda counter: kwh(counter).replace(".", ","))

    def _exponent(self) -> None:
        self._written(lambda counter: f"{kwh(counter * 1000)}E-3" if abs(counter) < 10**9 else kwh(counter))

    def _decimals(self) -> None:
        half = self.start + 2 * DAY
        for device in self.devices:
            for time in device.counters:
                if time > half:
                    device.texts[time] = kwh(self._shown(device, time), 3)

    def _backlog(self) -> None:
        for time in self._stretch(2, 8):
            self.late[time] = self.start + self.days * DAY - self.rng.randrange(DAY)

    def _joins(self) -> None:
        device = self._one()
        if device:
            first = self.start + DAY + 3 * HOUR
            self._not_made(device, [time for time in self.times if time <= first])
            self._gone(device, [time for time in self.times if time < first])

    def _dead(self) -> None:
        device = self._one()
        if device:
            self._not_made(device, [time for time in self.times if time > self.start + 2 * DAY + 10 * HOUR])

    def _unreadable(self) -> None:
        device = self._one()
        for time in self._stretch(1, 3):
            if device and time in device.counters:
                device.texts[time] = "-nan"

    def _cadence(self) -> None:
        """Drawn already."""

    def _over(self, device: Device | None) -> None:
        """The counter comes to its end on a day in the middle, and begins at zero."""
        if device and (time := self._stretch(1, 2)[0]) in device.counters:
            device.end = self.rng.choice(ENDS)
            shift = device.end - device.counters[time] - self.rng.randrange(2000) // 100 * 100
            device.counters = {other: counter + shift for other, counter in device.counters.items()}

    def _over_its_end(self) -> None:
        self._over(self._one())

    def _meter_over_its_end(self) -> None:
        self._over(self._main())

    def _meter_whole(self) -> None:
        """The main meter counts whole kilowatt-hours."""
        if device := self._main():
            self.resolution = device.unit = 10_000

    def _meter_turned(self) -> None:
        """Somebody turns the coil of a net meter round, at noon."""
        if device := self._one("net"):
            device.turned_at = self.start + self.days // 2 * DAY + 12 * HOUR
            self.unknown = self.day(device.turned_at)

    def _same_serial(self) -> None:
        """An inverter is replaced by night, and the new one takes its serial number."""
        device, night = self._one(), self.start + self.rng.randint(1, 3) * DAY + 2 * HOUR
        if device:
            base = device.counters[max(time for time in device.counters if time <= night)]
            by = self.rng.choice((-base, self.rng.randrange(10**6, 3 * 10**7)))     # more than a night could tell
            for time in device.counters:
                if time > night:
                    device.counters[time] += by

    def _swapped(self) -> None:
        """Another PVS takes the place of the first; what the old one had kept comes after that."""
        if self.pvs == 1:
            times = self._stretch(2, 6)
            self.swapped_at = times[-1] + 1
            self.late |= dict.fromkeys(times, times[-1] + self.rng.randrange(HOUR, DAY))

    def _minute(self) -> None:
        """Drawn already."""

    _many = _clock_change = _minute
