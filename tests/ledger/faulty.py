"""A roof that goes wrong, and the truth beside it.

A `Site` is drawn from a seed: 1 to 8 inverters, micro or string, one or two PVSs, meters of every kind, a cadence, and
one or two faults. `Site.uploads()` is what its PVSs send; `Site.truth()` is what was really made and used on each local
day. Energies are integers of 0.1 Wh, times UTC seconds. What no counter can have seen is no part of the truth: a device
stands still while its counter begins anew, is replaced, or is not there.

`python -m tests.ledger.faulty COUNT` draws COUNT sites and says how many come out within 0.5 %, and the worst.
"""
import math
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.history import views
from appliance.settings import Site as Settings
from spcore.uploads import Upload
from tests.ledger.support import Box, Line, folder, kwh, stamp, upload

ZONE = "America/Los_Angeles"
START = 1_780_297_200                   # 2026-06-01 00:00 in Los Angeles
DAY, HOUR = 86400, 3600
DAYS = 5
PVS = ("ZT990000000000C0001", "ZT990000000000C0002")
SWAPPED = "ZT990000000000C0003"
WITHIN = 0.005
RESOLUTION = 100        # meters count in 10 Wh

METERS = ("none", "good", "idle", "creeping", "reversed", "partial", "late", "dying")
FAULTS = ("zero", "zeros", "zero night", "absent", "plateau", "reset", "replaced", "spike", "spikes", "jump",
          "meter zeros", "meter absent", "meter plateau", "production absent", "clock 2010", "clock ahead",
          "clock behind", "clock a day off", "power cut", "comma", "exponent", "decimals", "backlog", "joins", "dead",
          "unreadable", "cadence", "silent nights", "clock hours", "kept hours", "negative", "below zero")


LATER = ("over its end", "meter over its end", "meter whole", "same serial", "swapped", "minute", "many",
         "clock change", "meter turned")
EVERY = FAULTS + LATER      # seeds below DREW_FEWER draw from FAULTS alone, so that they stay what they are
DREW_FEWER = 1_000_000

CHANGES = (("America/Los_Angeles", 1_772_784_000), ("America/Los_Angeles", 1_793_343_600),
           ("Australia/Sydney", 1_775_134_800), ("Australia/Sydney", 1_790_863_200),
           ("Europe/Berlin", 1_774_566_000), ("Europe/Berlin", 1_792_706_400))      # zone, midnight some days before
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


class Site:
    """One drawn site. `faults`: as drawn, or the ones that are named."""

    def __init__(self, seed: int, faults: tuple[str, ...] | None = None, production: str | None = None) -> None:
        self.seed = seed
        self.rng = rng = random.Random(f"site {seed}")
        self.cadence = rng.choice((300, 300, 300, 900, 3600))
        self.zone, self.start, self.days, self.resolution = ZONE, START, DAYS, RESOLUTION
        kinds = FAULTS if seed < DREW_FEWER else EVERY
        self.faults = faults if faults is not None else tuple(rng.sample(kinds, rng.choice((1, 2))))
        self.micro = rng.random() < 0.6
        self.pvs = 2 if rng.random() < 0.2 else 1
        self.main_meter = rng.choice(("none", "net", "net", "net", "consumption"))
        self.production = production or rng.choice(METERS)
        self.sign = rng.choice((1, 1, -1)) if self.main_meter == "net" else 1
        count = rng.randint(max(1, self.pvs), 8)
        if self.cadence == 300 and count > 5:
            count = 5                   # enough, and quick
        if "minute" in self.faults:
            self.cadence, count = 60, min(count, 2)
        if "many" in self.faults:
            self.cadence, count = rng.choice((900, 3600)), rng.randint(60, 70)
        if "meter turned" in self.faults:
            self.cadence, self.days = 3600, 20
        if "clock change" in self.faults:
            self.zone, self.start = rng.choice(CHANGES)
        step = min(300, self.cadence)
        self.changed_at = self.start + 2 * DAY + 11 * HOUR if "cadence" in self.faults else 1 << 62
        self.times = [time for time in range(self.start, self.start + self.days * DAY + 1, step)
                      if (time - self.start) % (self.cadence if time < self.changed_at else self._other_cadence()) == 0]
        self.devices: list[Device] = []
        self.made: dict[int, int] = dict.fromkeys(self.times, 0)
        self.used: dict[int, int] = dict.fromkeys(self.times, 0)
        self.skew: dict[int, int] = {}                          # how far the PVS's clock is ahead, by interval
        self.late: dict[int, int] = {}                          # when an interval's upload is sent, if not at once
        self.swapped_at, self.unknown = 1 << 62, ""         # `unknown`: a day whose use nothing can tell
        self.kept: dict[int, int] = {}                          # as skew, of records that a right clock sent later
        self._inverters(count)
        self._meters()
        for fault in sorted(self.faults, key=lambda name: (
                name in WRITTEN, name == "below zero", name not in ENDING, name != "silent nights")):
            getattr(self, "_" + fault.replace(" ", "_"))()

    def _other_cadence(self) -> int:
        return {60: 300, 300: 900, 900: 300, 3600: 900}[self.cadence]

    # --- what is true ----------------------------------------------------------------------------------------------

    def _inverters(self, count: int) -> None:
        rng, step = self.rng, min(300, self.cadence)
        size = rng.uniform(250, 330) if self.micro else rng.uniform(2500, 6000)
        clouds = [rng.uniform(0.5, 1.0) for _ in range(self.days + 1)]
        self.by_inverter: list[dict[int, int]] = []
        for number in range(count):
            device = Device(f"4140500000{self.seed % 1000:03}{number:02}", "inverter", number % self.pvs)
            counter, spread = rng.randrange(10**5, 3 * 10**7), rng.uniform(0.9, 1.0)
            made = {}
            for before, time in zip([self.times[0], *self.times], self.times, strict=False):
                watts = 0.0
                for middle in range(before + step // 2, time, step):
                    sun = math.sin(math.pi * ((middle - self.start) % DAY / HOUR - 6) / 14)
                    watts += max(0.0, sun) ** 1.3 * size * spread * clouds[(middle - self.start) // DAY]
                energy = round(watts * rng.uniform(0.97, 1.03) * step / 3600 * 10)
                made[time] = energy
                counter += energy
                device.counters[time] = counter
                device.power[time] = energy * 360 // max(step, time - before)
                self.made[time] += energy
            self.by_inverter.append(made)
            self.devices.append(device)
        for before, time in zip([self.times[0], *self.times], self.times, strict=False):
            hour = (time - self.start) % DAY / HOUR
            watts = rng.uniform(150, 500) + (rng.uniform(0, 2500) if 17 < hour < 22 else 0)
            self.used[time] = round(watts * (time - before) / 3600 * 10)

    def _meters(self) -> None:
        rng = self.rng
        if self.main_meter != "none":
            counter = rng.randrange(10**5, 10**7)
            meter = Device("PVS5M990001c", self.main_meter, 0)
            for time in self.times:
                counter += self.sign * (self.used[time] - (self.made[time] if self.main_meter == "net" else 0))
                meter.counters[time] = counter
            self.devices.append(meter)
        if self.production == "none":
            return
        own = [made for number, made in enumerate(self.by_inverter) if number % self.pvs == 0]
        if self.production == "partial":
            own = own[:len(own) // 2]
        counter = rng.randrange(10**5, 10**7) if self.production not in ("idle", "creeping") else 300
        meter = Device("PVS5M990001p", "production", 0)
        for number, time in enumerate(self.times):
            energy = sum(made[time] for made in own)
            if self.production == "idle":
                energy = 0
            elif self.production == "creeping":
                energy = int(number % 40 == 0) * 100
            elif self.production == "reversed":
                energy = -energy
            elif self.production == "late" and time < self.start + 2 * DAY + 12 * HOUR:
                energy = 0              # its CT was put on then
            elif self.production == "dying" and time > self.start + 2 * DAY + 12 * HOUR:
                energy = 0
            counter += energy
            meter.counters[time] = counter
        self.devices.append(meter)
        if self.pvs == 2:
            self.devices.append(Device("PVS5M990002p", "production", 1, dict.fromkeys(self.times, 0)))

    def truth(self) -> dict[str, tuple[int, int]]:
        """(production, consumption) of each whole local day but the first."""
        found = dict[str, list[int]]()
        for time in self.times:
            entry = found.setdefault(self.day(time), [0, 0])
            entry[0] += self.made[time]
            entry[1] += self.used[time]
        return {day: (made, used) for day, (made, used) in sorted(found.items())[1:self.days]}

    # --- faults ----------------------------------------------------------------------------------------------------

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

    def _shown(self, device: Device, time: int) -> int:
        """What the counter says: within its digits, in its unit."""
        counter = device.counters[time]
        if time > device.turned_at:
            at = max(other for other in device.counters if other <= device.turned_at)
            counter = 2 * device.counters[at] - counter
        if device.end and (counter >= 0 or device.kind != "inverter"):
            counter %= device.end
        return counter // device.unit * device.unit

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

    # --- the wire --------------------------------------------------------------------------------------------------

    def _line(self, device: Device, time: int) -> Line:
        shown = time + self.skew.get(time, 0) + self.kept.get(time, 0)
        counter = self._shown(device, time)
        if device.kind in ("inverter", "spare"):
            text = device.texts.get(time, kwh(counter))
            return ["130", stamp(shown), device.serial, "AC_Module_Type_C", "", text,
                    f"{device.power.get(time, 0) / 1000:.4f}", "240.1", "0.8", "0.2", "55.1", "3.6", "31", "60.01", "0"]
        text = device.texts.get(time, kwh(counter, 2))
        return ["140", stamp(shown), device.serial, f"PVS5M0400{device.serial[-1]}", "100", text, "0.1", "0.1", "0.5",
                "0.9", "60", "0"]

    def uploads(self) -> list[Upload]:
        """An upload per PVS and interval, in order of sending; some of them twice."""
        found = []
        for number, time in enumerate(self.times):
            for pvs in range(self.pvs):
                lines = [self._line(device, time) for device in self.devices
                         if device.pvs == pvs and time in device.counters]
                sent = self.late.get(time, time + 20)
                one = upload(lines, sent + self.skew.get(time, 0), f"{number:04}{pvs}",
                             pvs=PVS[pvs] if time < self.swapped_at else SWAPPED)
                found.append(Upload(sent * 1_000_000, one.source, one.destination, one.path, one.body, True))
        found.sort(key=lambda one: one.captured_us)
        return found

    def day(self, time: int) -> str:
        """The local day of a time."""
        return datetime.fromtimestamp(time, UTC).astimezone(ZoneInfo(self.zone)).date().isoformat()

    def settings(self) -> Settings:
        return Settings(timezone=self.zone, meter="consumption" if self.main_meter == "consumption" else "auto")

    def __str__(self) -> str:
        kind = "micro" if self.micro else "string"
        return (f"site {self.seed}: {len(self.by_inverter)} {kind}, {self.pvs} PVS, {self.cadence} s, main meter "
                f"{self.main_meter} {self.sign:+}, production meter {self.production}, {', '.join(self.faults)}")


def deviation(site: Site, shuffled: bool = True) -> tuple[float, str]:
    """The largest deviation of a day's production or consumption from the truth, as a share, beyond the meters'
    resolution; and where."""
    uploads = site.uploads()
    if shuffled:
        site.rng.shuffle(uploads)
        uploads += site.rng.sample(uploads, min(5, len(uploads)))
    with folder() as name:
        box = Box(Path(name), site.settings())
        for start in range(0, len(uploads), 300):
            box.deliver(*uploads[start:start + 300])
        days = {row.day: row for row in views.days(box.store)}
        box.close()
    worst, where = 0.0, ""
    truth = site.truth()
    for day in days:
        if day not in truth and not site.day(site.start - DAY) <= day <= site.day(site.start + site.days * DAY):
            return 1.0, f"{day}: a day that never was"
    for day, (made, used) in truth.items():
        row = days.get(day)
        pairs = [("production", made, row.production_dwh if row else 0)]
        if site.main_meter != "none" and day != site.unknown:
            pairs.append(("consumption", used, row.consumption_dwh if row else 0))
        for what, true, found in pairs:
            unseen = site.resolution if what == "consumption" else RESOLUTION
            share = max(0, abs((found or 0) - true) - unseen) / max(true, 2000)
            if share > worst:
                worst, where = share, f"{day} {what} {found} for {true}"
    return worst, where


def main() -> None:
    count, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    good, missed = 0, Counter[str]()
    for seed in range(first, first + count):
        site = Site(seed)
        share, where = deviation(site)
        good += share <= WITHIN
        if share > WITHIN:
            missed.update(site.faults)
            missed[site.production] += 1
            print(f"{share:7.2%}  {site}: {where}", flush=True)
    print(f"{good} of {count} within {WITHIN:.1%}; misses by fault and meter: {dict(missed)}")


if __name__ == "__main__":
    main()
