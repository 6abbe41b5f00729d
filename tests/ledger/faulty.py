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
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.history import views
from appliance.settings import Site as Settings
from spcore.uploads import Upload
from tests.ledger.faults import DAY, ENDING, FAULTS, HOUR, LATER, WRITTEN, Device, Faults
from tests.ledger.support import Box, Line, folder, kwh, stamp, upload

ZONE = "America/Los_Angeles"
START = 1_780_297_200                   # 2026-06-01 00:00 in Los Angeles
DAYS = 5
PVS = ("ZT990000000000C0001", "ZT990000000000C0002")
SWAPPED = "ZT990000000000C0003"
WITHIN = 0.005
RESOLUTION = 100        # meters count in 10 Wh

METERS = ("none", "good", "idle", "creeping", "reversed", "partial", "late", "dying")
EVERY = FAULTS + LATER      # seeds below DREW_FEWER draw from FAULTS alone, so that they stay what they are
DREW_FEWER = 1_000_000

CHANGES = (("America/Los_Angeles", 1_772_784_000), ("America/Los_Angeles", 1_793_343_600),
           ("Australia/Sydney", 1_775_134_800), ("Australia/Sydney", 1_790_863_200),
           ("Europe/Berlin", 1_774_566_000), ("Europe/Berlin", 1_792_706_400))      # zone, midnight some days before


class Site(Faults):
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
        self.devices = []
        self.made = dict.fromkeys(self.times, 0)
        self.used: dict[int, int] = dict.fromkeys(self.times, 0)
        self.skew, self.kept, self.late = {}, {}, {}
        self.swapped_at, self.unknown = 1 << 62, ""
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
        self.by_inverter = []
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

    # --- the wire --------------------------------------------------------------------------------------------------

    def _shown(self, device: Device, time: int) -> int:
        """What the counter says: within its digits, in its unit."""
        counter = device.counters[time]
        if time > device.turned_at:
            at = max(other for other in device.counters if other <= device.turned_at)
            counter = 2 * device.counters[at] - counter
        if device.end and (counter >= 0 or device.kind != "inverter"):
            counter %= device.end
        return counter // device.unit * device.unit

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
