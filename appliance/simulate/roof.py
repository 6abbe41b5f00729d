"""The truth: a roof, a household and the counters of their devices, interval by interval, repeatable from a seed.

Energy is an exact integer of 0.1 Wh (dwh) per device and interval of five minutes. A record at time T carries the
lifetime counter *after* the interval that ends at T. The wire shows the counter in kWh with four decimals (`decimals`),
the meters with two; the hidden digits are still counted here. No energy is lost between counters: a replaced or reset
device counts nothing in the interval in which its new counter starts from zero, so the sum of all counter differences
is the energy, exactly. Records are computed lazily in time order and kept, so any interval may be read again, in any
order.
"""
import math
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from appliance.simulate import sun
from appliance.simulate.uploads import Record, stamp

INTERVAL = 300
START = 1_777_593_600                    # 2026-05-01 00:00:00 UTC
PVS_SERIAL = "ZT160000000441C0001"
NET_METER, PRODUCTION_METER = "PVS5M000001c", "PVS5M000001p"
INVERTER_MODEL = "AC_Module_Type_C"
PANEL_W = 320
METER_DECIMALS = 2
DARK_DEGREES = -2.0                      # inverters report a little before they produce and a little after


@dataclass(frozen=True)
class Interval:
    """The truth of one interval, in 0.1 Wh."""

    end: int                             # seconds since 1970 UTC: the record time
    production: int
    consumption: int

    @property
    def net(self) -> int:
        """Net energy in 0.1 Wh: + import, - export."""
        return self.consumption - self.production


@dataclass(eq=False)
class Device:
    """A counter on the wire and the intervals in which it exists: `counters[k]` after interval `first + k`."""

    serial: str
    first: int                           # number of its first record
    counter: int                         # dwh at that record
    last: int | None = None              # number of its last record
    counters: array = field(default_factory=lambda: array("q"))      # type: ignore[type-arg]
    resets: set[int] = field(default_factory=set)


class Roof:
    """A site. `meters`: the meter lines of its PVS5; "net" includes the production meter's line, which reads zero."""

    def __init__(self, seed: int = 1, inverters: int = 12, *, meters: Literal["none", "net", "both"] = "net",
                 start: int = START, latitude: float = 37.8, longitude: float = -122.3, decimals: int = 4,
                 timezone: str = "America/Los_Angeles") -> None:
        """`start`: time of the first record, a multiple of 300; `timezone`: only for the household's habits."""
        if start % INTERVAL:
            raise ValueError(f"start {start} is no multiple of {INTERVAL} s")
        self.seed, self.start, self.meters, self.decimals = seed, start, meters, decimals
        self.latitude, self.longitude = latitude, longitude
        self.zone = ZoneInfo(timezone)
        self.size_w = inverters * PANEL_W
        rng = random.Random(f"roof {seed}")
        self._rng = random.Random(f"weather {seed}")
        self._spread = [rng.uniform(0.9, 1.05) for _ in range(inverters)]
        self._slots = [[Device(f"41405{number + 1:013}", 0, rng.randrange(10**7, 3 * 10**7))]
                       for number in range(inverters)]
        self._net = Device(NET_METER, 0, rng.randrange(-10**6, 10**6))
        self._production = Device(PRODUCTION_METER, 0, rng.randrange(10**7))
        self._intervals: list[Interval] = []
        self._light: list[bool] = []
        self._cloud = 0.8

    # --- events ----------------------------------------------------------------------------------------------------

    def replace(self, index: int, time: int, serial: str) -> None:
        """Replace inverter `index` by a new one, whose first record is at `time` and reads zero."""
        number = self._future(time)
        slot = self._slots[index]
        slot[-1].last = number - 1
        slot.append(Device(serial, number, 0))

    def reset(self, serial: str, time: int) -> None:
        """Reset the counter of an inverter or the net meter: its record at `time` reads zero."""
        number = self._future(time)
        next(device for device in self._every() if device.serial == serial).resets.add(number)

    def _future(self, time: int) -> int:
        number = self._number(time)
        if number < len(self._intervals):
            raise ValueError(f"interval {stamp(time)} has been computed; plan events first")
        return number

    # --- truth -----------------------------------------------------------------------------------------------------

    def interval(self, time: int) -> Interval:
        """Return the truth of the interval that ends at `time`. The first one, at `start`, has no energy."""
        number = self._number(time)
        self._extend(number)
        return self._intervals[number]

    def truth(self, start: int, end: int) -> list[Interval]:
        """Return the intervals that end within (start, end], ascending."""
        return [self.interval(time) for time in range(max(self.start, start - start % INTERVAL + INTERVAL),
                                                      end + 1, INTERVAL)]

    def curve(self, day: date, timezone: str, until: int | None = None) -> dict[str, tuple[int, int]]:
        """Return the running totals of a local day by slot: {"HH:MM": (production, consumption)} in dwh.

        Slot HH:MM holds the record of that time, so the day begins with the energy since the last record of the day
        before. `until`: no records after that time. If an hour comes twice (end of daylight saving), the second stays.
        """
        zone = ZoneInfo(timezone)
        first = int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
        totals: dict[str, tuple[int, int]] = {}
        production = consumption = 0
        for time in range(max(first, self.start), min(first + 26 * 3600, until or first + 26 * 3600) + 1, INTERVAL):
            local = datetime.fromtimestamp(time, zone)
            if local.date() != day:
                continue
            interval = self.interval(time)
            production += interval.production
            consumption += interval.consumption
            totals[f"{local:%H:%M}"] = (production, consumption)
        return totals

    def counter(self, serial: str, time: int) -> int | None:
        """Return a counter as the wire shows it at `time`, in dwh; None while the device does not exist."""
        number = self._number(time)
        self._extend(number)
        for device in self._every():
            if device.serial == serial and device.first <= number < device.first + len(device.counters):
                return self._shown(device, number)
        return None

    def serials(self) -> list[str]:
        """Return the serial of every present or future inverter."""
        return [device.serial for slot in self._slots for device in slot]

    # --- the wire --------------------------------------------------------------------------------------------------

    def records(self, time: int, backlog: int = 0) -> list[Record]:
        """Return the record lines of the interval that ends at `time`: 120, hourly 122, 130 each, 140 and 141 each.

        `backlog`: number of data points that the PVS reports as not sent yet.
        """
        number = self._number(time)
        self._extend(number)
        noise = random.Random(f"{self.seed} {time}")
        uptime = 86400 + (time - self.start)
        lines = [["120", stamp(time), PVS_SERIAL, "0", str(number % 400), "0", str(noise.randint(20, 40)),
                  str(backlog), str(uptime), f"0.{noise.randrange(100):02}", str(23000 + noise.randrange(400)),
                  "12580"]]
        if time % 3600 == 0:
            lines.append(["122", stamp(time), PVS_SERIAL, "SMS-PVS5", "2016.9 Build 10102619", "2.2.0 build 176",
                          "PV Supervisor", "PVS5"])
        if self._light[number] or self.meters != "none":
            lines += [self._inverter(device, number, noise) for slot in self._slots for device in slot
                      if device.first <= number and (device.last is None or number <= device.last)]
        if self.meters != "none":
            interval = self._intervals[number]
            lines += self._meter(self._net, number, interval.net, noise)
            if self.meters == "both":
                lines += self._meter(self._production, number, interval.production, noise)
            else:
                lines.append(["140", stamp(time), PRODUCTION_METER, "PVS5M0400p", "50", "0", "0", "0", "0", "1",
                              "60.001", "0"])
        return lines

    def _inverter(self, device: Device, number: int, noise: random.Random) -> Record:
        at = number - device.first
        energy = device.counters[at] - device.counters[at - 1] if at else 0
        watts = max(0, energy) * 1.2 * noise.uniform(0.9, 1.1)       # a sample, not the interval's mean
        volts = noise.uniform(240, 250)
        dc_volts = noise.uniform(50, 58)
        return [
            "130", stamp(self.start + number * INTERVAL), device.serial, INVERTER_MODEL, "",
            kwh(self._shown(device, number), self.decimals), decimal(watts / 1000), decimal(volts),
            decimal(watts / volts), decimal(watts * 1.035 / 1000), decimal(dc_volts),
            decimal(watts * 1.035 / dc_volts - 0.004), decimal(15 + watts / 12, 2), decimal(noise.gauss(60, 0.01)), "0",
        ]

    def _meter(self, device: Device, number: int, energy: int, noise: random.Random) -> list[Record]:
        time = stamp(self.start + number * INTERVAL)
        kilowatts = energy * 1.2 / 1000
        kvar = noise.uniform(0.3, 1.2)
        kva = math.hypot(kilowatts, kvar)
        suffix = device.serial[-1]
        halves = kilowatts * 0.6, kilowatts * 0.4
        return [
            ["140", time, device.serial, f"PVS5M0400{suffix}", "100", kwh(self._shown(device, number), METER_DECIMALS),
             decimal(kilowatts), decimal(kvar), decimal(kva), decimal(kilowatts / kva),
             decimal(noise.gauss(60, 0.01), 3), "0"],
            ["141", time, device.serial, f"PVS5M0400{suffix}", "1", *(decimal(abs(half) * 8.2) for half in halves),
             "124.2035", "124.4099", *(decimal(half) for half in halves), "6.693"],
        ]

    def _shown(self, device: Device, number: int) -> int:
        """Return a counter cut to the decimals of the wire, in dwh."""
        unit: int = 10 ** (4 - (METER_DECIMALS if device in (self._net, self._production) else self.decimals))
        counter: int = device.counters[number - device.first]
        return counter // unit * unit

    # --- the weather -----------------------------------------------------------------------------------------------

    def _number(self, time: int) -> int:
        if time < self.start or (time - self.start) % INTERVAL:
            raise ValueError(f"no record at {time}: records are every {INTERVAL} s from {self.start}")
        return (time - self.start) // INTERVAL

    def _every(self) -> Iterator[Device]:
        for slot in self._slots:
            yield from slot
        yield from (self._net, self._production)

    def _extend(self, number: int) -> None:
        while len(self._intervals) <= number:
            self._next()

    def _next(self) -> None:
        """Compute one more interval: sun, clouds, every counter, the household."""
        number, rng = len(self._intervals), self._rng
        time = self.start + number * INTERVAL
        height = sun.elevation(time - INTERVAL / 2, self.latitude, self.longitude)
        self._light.append(height > DARK_DEGREES)
        self._cloud = min(1.0, max(0.08, self._cloud + rng.gauss(0.01, 0.09)))
        watts = PANEL_W * 0.93 * math.sin(math.radians(max(0.0, height))) ** 1.15 * self._cloud
        production = 0
        for slot, spread in zip(self._slots, self._spread, strict=True):
            device = slot[-1] if slot[-1].first <= number else next(
                one for one in slot if one.last is None or number <= one.last)
            energy = round(watts * spread * rng.uniform(0.97, 1.03) * INTERVAL / 360)
            production += self._count(device, number, energy)
        consumption = self._household(time, rng)
        if number == 0:
            consumption = 0
        if number in self._net.resets:
            consumption = production
        self._count(self._net, number, consumption - production)
        self._count(self._production, number, production)
        self._intervals.append(Interval(time, production, consumption))

    @staticmethod
    def _count(device: Device, number: int, energy: int) -> int:
        """Advance a counter. Returns the energy that it counted, in dwh."""
        if not device.counters:
            device.counters.append(device.counter)
            return 0
        if number in device.resets:
            device.counters.append(0)
            return 0
        device.counters.append(device.counters[-1] + energy)
        return energy

    def _household(self, time: int, rng: random.Random) -> int:
        hour = datetime.fromtimestamp(time, self.zone).hour
        base = 280 + (900 if hour in (7, 8, 18, 19, 20, 21) else 200 if 9 <= hour < 18 else 0)
        burst = 2200 if rng.random() < 0.06 else 0
        return round((base * rng.uniform(0.6, 1.3) + burst) * INTERVAL / 360)


def kwh(dwh: int, decimals: int) -> str:
    """Return 0.1 Wh as the wire's kWh text: `decimals` places, without trailing zeros."""
    units = abs(dwh) // 10 ** (4 - decimals)
    sign = "-" if dwh < 0 and units else ""
    whole, fraction = divmod(units, 10 ** decimals)
    return f"{sign}{whole}.{fraction:0{decimals}}".rstrip("0").rstrip(".")


def decimal(value: float, places: int = 4) -> str:
    """Return a measured value as the wire's text: at most `places` decimals, without trailing zeros."""
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
