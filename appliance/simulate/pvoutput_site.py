"""The data of one system at the simulated PVOutput, and every rule for refusals.

Written from the service's documentation alone, never from suntap's client: each checks the other.

A status lives under the system's *local wall time*, rounded to the nearest status interval. Rows of a batch
are tried one after the other on a copy; the first refusal discards the copy, so a batch is stored whole or
not at all. `Energy never falls` looks at the day's rows before the new one: a corrected day can be sent
again in ascending order. Refusals are `Refusal(http status, reason)`; the reason lacks the `Bad request
400: ` in front.

Where the documentation is silent, the stricter reading holds: energy never falls for consumption too; `Moon Powered`
is generated power while the sun is more than six degrees under the horizon. Differences between accounts are fields
of System: some accounts also refuse energy generated before dawn, a batch in which nothing changed, or extended values
that the owner has not switched on.
"""
import math
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from appliance.simulate import sun

MAX_POWER_PERCENT = 150                  # of the system's size
MAX_DAY_WH_PER_W = 12                    # energy a day
EARLY_HOUR, LATE_HOUR = 6, 8             # local hours between which the morning's energy limit rises ...
EARLY_WH_PER_W, LATE_WH_PER_W = 1, 4     # ... from the first value to the second
MAX_CONSUMED_WH = 200_000
MAX_CONSUMED_W = 100_000
MAX_AGE_DAYS = {False: 14, True: 90}     # by donation
MAX_BATCH = {False: 30, True: 100}
DARK_DEGREES = -6.0                      # end of civil twilight
OLDEST_OUTPUT = date(2000, 1, 1)

VALUES = ("v1", "v2", "v3", "v4", "v5", "v6")
EXTENDED = ("v7", "v8", "v9", "v10", "v11", "v12", "m1", "b1", "b2", "b3", "b4", "b5", "b6")

Row = dict[str, Decimal | str]           # v1 .. v12, m1, b1 .. as stored


class Refusal(Exception):
    """The service refuses a request: HTTP status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


@dataclass
class System:
    """The owner's system as set up on the service's page."""

    system_id: str = "12345"
    name: str = "Test roof"
    size_w: int = 4800
    interval: int = 5                    # minutes: 1, 5, 10, 15 or 30
    timezone: str = "America/Los_Angeles"
    latitude: float = 37.8
    longitude: float = -122.3
    donor: bool = False
    extended: bool = True                # donors: v7 to v12 are switched on for the system
    untold: frozenset[str] = frozenset()  # getsystem fields that the owner left empty: "install", "postcode", ...
    arrays: int = 1
    refuses_dark_energy: bool = False    # `Moon Powered` for energy before dawn too, not for power alone
    refuses_unchanged: bool = False      # a batch that changes nothing is a 400
    other_words: bool = False            # the wordings of other years for the same refusals


@dataclass
class Day:
    """One local day: statuses by wall time, and the counters that c1 subtracts."""

    statuses: dict[time, Row] = field(default_factory=dict)
    zero: dict[str, Decimal] = field(default_factory=dict)    # v1, v3: first value received for the day

    def copy(self) -> "Day":
        return Day({at: dict(row) for at, row in self.statuses.items()}, dict(self.zero))

    def before(self, at: time, name: str) -> Decimal | None:
        """Return the latest value of `name` before `at`; None if there is none."""
        return next((row[name] for when, row in sorted(self.statuses.items(), reverse=True)
                     if when < at and name in row), None)  # type: ignore[return-value]


class Site:
    """Statuses and daily outputs of one system. `now` arguments are seconds since 1970 UTC."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.days: dict[date, Day] = {}
        self.outputs: dict[date, dict[str, str]] = {}

    def curve(self, day: date) -> dict[str, Row]:
        """Return the stored statuses of a local day: {"HH:MM": {"v1": Decimal, ...}}, ascending."""
        stored = self.days.get(day, Day()).statuses
        return {at.strftime("%H:%M"): dict(stored[at]) for at in sorted(stored)}

    def add(self, rows: list[dict[str, str]], c1: int, net: bool,
            now: float) -> list[tuple[date, time, bool]]:
        """Store rows of wire parameters (d, t, v1 ...), all or none. Returns [(date, slot, changed)].

        Raises Refusal.
        """
        if net and c1:
            raise Refusal(400, "Invalid net and cumulative")
        tried: dict[date, Day] = {}
        answers = []
        for parameters in rows:
            day, at = self._slot(parameters, now)
            book = tried.get(day) or self.days.get(day, Day()).copy()
            tried[day] = book
            row = self._values(parameters)
            if net:
                row = self._net(row, book.statuses.get(at, {}))
            self._subtract_zero(row, book, c1)
            self._check(row, book, day, at)
            merged = {**book.statuses.get(at, {}), **row}
            answers.append((day, at, merged != book.statuses.get(at)))
            book.statuses[at] = merged
        if self.system.refuses_unchanged and not any(changed for _, _, changed in answers):
            raise Refusal(400, "No statuses added or updated")
        self.days.update(tried)
        for day in tried:
            self.outputs.pop(day, None)      # a live status of that day recomputes its output
        return answers

    def _slot(self, parameters: dict[str, str], now: float) -> tuple[date, time]:
        if not parameters.get("d") or not parameters.get("t"):
            raise Refusal(400, "Missing date or time")
        day = parse_date(parameters["d"])
        try:
            at = datetime.combine(day, datetime.strptime(parameters["t"], "%H:%M").time())
        except ValueError:
            raise Refusal(400, "Could not read time [{t}]".format(**parameters)) from None
        local = self.local(now)
        if day > local.date():
            raise Refusal(400, f"Invalid future date [{day:%Y%m%d}]")
        if at > local:
            raise Refusal(400, f"Date is in the future [{at:%Y%m%d %H:%M}]")
        days = MAX_AGE_DAYS[self.system.donor]
        if day < local.date() - timedelta(days=days):
            if self.system.other_words:
                raise Refusal(400, f"Date is too far in the past [{day:%Y%m%d}]")
            raise Refusal(400, f"Date is older than {days} days [{day:%Y%m%d}]")
        minutes = at.hour * 60 + at.minute
        nearest = math.floor(minutes / self.system.interval + 0.5) * self.system.interval
        rounded = datetime.combine(day, time()) + timedelta(minutes=nearest)
        return rounded.date(), rounded.time()

    def _values(self, parameters: dict[str, str]) -> Row:
        if not self.system.donor and any(parameters.get(name) for name in EXTENDED):
            raise Refusal(403, "Donation Mode")
        if not self.system.extended and any(parameters.get(name) for name in EXTENDED):
            raise Refusal(400, "Extended data is not enabled")
        if not any(parameters.get(name) for name in VALUES[:4]):
            raise Refusal(400, "Missing energy and power values")
        row: Row = {}
        for name in VALUES + EXTENDED:
            text = parameters.get(name)
            if not text:
                continue
            if name == "m1":
                row[name] = text
                continue
            try:
                value = Decimal(text)
            except InvalidOperation:
                raise Refusal(400, f"Could not read {name} [{text}]") from None
            whole = name in VALUES[:4]
            if not value.is_finite() or (whole and (value < 0 or value != value.to_integral_value())):
                raise Refusal(400, f"Could not read {name} [{text}]")
            row[name] = value
        return row

    @staticmethod
    def _net(row: Row, stored: Row) -> Row:
        """n=1: v2 is export, v4 import; consumption is computed from the generation, which must be stored."""
        if "v2" not in stored or not ("v2" in row or "v4" in row):
            raise Refusal(400, "Missing energy and power values")
        consumed = stored["v2"] + row.get("v4", Decimal(0)) - row.get("v2", Decimal(0))  # type: ignore[operator]
        return {"v4": max(consumed, Decimal(0))}

    @staticmethod
    def _subtract_zero(row: Row, book: Day, c1: int) -> None:
        """c1: v1 and/or v3 are lifetime counters; the first value received for the day is the day's zero."""
        for name in {0: (), 1: ("v1", "v3"), 2: ("v1",), 3: ("v3",)}[c1]:
            if name in row:
                value: Decimal = row[name]  # type: ignore[assignment]
                zero = book.zero.setdefault(name, value)
                if value < zero:
                    raise _lower(value, zero)
                row[name] = value - zero

    def _check(self, row: Row, book: Day, day: date, at: time) -> None:
        number: dict[str, Decimal] = {name: row[name] for name in VALUES[:4] if name in row}  # type: ignore[misc]
        size = self.system.size_w
        v1, v2 = number.get("v1", Decimal(0)), number.get("v2", Decimal(0))
        if v2 * 100 > size * MAX_POWER_PERCENT:
            raise Refusal(400, f"Power value [{v2}] too high for system size [{size}]")
        if v1 > size * MAX_DAY_WH_PER_W:
            raise Refusal(400, f"Energy value [{v1}] too high for system size [{size}]")
        if v1 > size * self._morning_limit(at):
            raise Refusal(400, f"Energy value [{v1}] too high for [{at:%H:%M}]")
        if number.get("v3", 0) > MAX_CONSUMED_WH:
            raise Refusal(400, f"Energy consumption [{number['v3']}] too high")
        if number.get("v4", 0) > MAX_CONSUMED_W:
            raise Refusal(400, f"Power consumption [{number['v4']}] too high")
        dark_energy = self.system.refuses_dark_energy and v1 > 0 and at.hour < 12
        if (v2 > 0 or dark_energy) and self._dark(day, at):
            raise Refusal(400, "Moon Powered")
        for name in ("v1", "v3"):
            previous = book.before(at, name)
            if name in number and previous is not None and number[name] < previous:
                raise _lower(number[name], previous)

    @staticmethod
    def _morning_limit(at: time) -> Decimal:
        """Return the energy limit at this time of the day, in Wh per W of the system's size."""
        hour = Decimal(at.hour * 60 + at.minute) / 60
        if hour < EARLY_HOUR:
            return Decimal(EARLY_WH_PER_W)
        if hour >= LATE_HOUR:
            return Decimal(MAX_DAY_WH_PER_W)
        slope = Decimal(LATE_WH_PER_W - EARLY_WH_PER_W) / (LATE_HOUR - EARLY_HOUR)
        return EARLY_WH_PER_W + (hour - EARLY_HOUR) * slope

    def _dark(self, day: date, at: time) -> bool:
        moment = datetime.combine(day, at, ZoneInfo(self.system.timezone)).timestamp()
        return sun.elevation(moment, self.system.latitude, self.system.longitude) < DARK_DEGREES

    def local(self, now: float) -> datetime:
        """Return the wall time at the system, without zone."""
        return datetime.fromtimestamp(now, ZoneInfo(self.system.timezone)).replace(tzinfo=None)

    def remove(self, day: date, at: time | None) -> bool:
        """Delete one status, or the whole day if `at` is None."""
        if at is None:
            return self.days.pop(day, None) is not None
        return day in self.days and self.days[day].statuses.pop(at, None) is not None

    def add_output(self, parameters: dict[str, str], now: float) -> None:
        """Store daily totals: d, g (Wh generated), e (Wh exported), pp (W), pt (HH:MM), c (Wh consumed)."""
        if not parameters.get("d"):
            raise Refusal(400, "Missing date or time")
        day = parse_date(parameters["d"])
        if day > self.local(now).date():
            raise Refusal(400, f"Invalid future date [{day:%Y%m%d}]")
        if day < OLDEST_OUTPUT:
            raise Refusal(400, f"Date is before 20000101 [{day:%Y%m%d}]")
        if not parameters.get("g") and not parameters.get("c"):
            raise Refusal(400, "Missing energy and power values")
        for name in ("g", "e", "pp", "c"):
            if parameters.get(name) and not parameters[name].isdecimal():
                raise Refusal(400, f"Could not read {name} [{parameters[name]}]")
        if int(parameters.get("g") or 0) > self.system.size_w * MAX_DAY_WH_PER_W:
            raise Refusal(400, "Energy value [{g}] too high for system size [{size}]".format(
                size=self.system.size_w, **parameters))
        self.outputs[day] = {**self.outputs.get(day, {}), **parameters}

    def output(self, day: date) -> dict[str, str] | None:
        """Return the day's totals as sent by addoutput, else computed from its statuses, else None."""
        if day in self.outputs:
            return self.outputs[day]
        statuses = self.curve(day)
        if not statuses:
            return None
        peak = max(statuses, key=lambda at: statuses[at].get("v2", Decimal(0)))
        return {
            "g": str(max((row["v1"] for row in statuses.values() if "v1" in row), default=0)),
            "c": str(max((row["v3"] for row in statuses.values() if "v3" in row), default=0)),
            "pp": str(statuses[peak].get("v2", 0)), "pt": peak,
        }


def _lower(value: Decimal, previous: Decimal) -> Refusal:
    return Refusal(400, f"Energy value [{value}] lower than previously recorded value: [{previous}]")


def parse_date(text: str) -> date:
    """Parse yyyymmdd. Raises Refusal."""
    try:
        if len(text) != 8:
            raise ValueError(text)
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise Refusal(400, f"Could not read date [{text}]") from None
