"""Values that PVOutput would refuse, and what is sent instead: energy without power, or a row without one value.

Theory. A row is refused for a *value*, and rows that share the cause share its cure. So a refusal teaches a rule, the
rule is applied to every row, and nothing is refused for that cause again:

    cause                              cure
    it is night there                  no power (v2); where energy is refused too, none before dawn: the day's running
                                       total has it in the first row of the morning
    more power than 150 % of the size  no power; said once with the size to correct at PVOutput
    more energy than the size allows   no energy in that row; a later one has it
    v5 to v12 cannot be read, are off  not sent

What is known beforehand (size and place, from getsystem) is applied before anything is refused. `apply` is pure: the
same slots and rules give the same rows, so a rule that ends (a corrected size) brings the values back, and the outbox
sends them. What a row went without is kept beside it as words like "v2:size" (outbox.withheld).
Limits: PVOutput's help, "Add Status": power 150 % of the size, energy 12 kWh per kW and day, 1 to 4 kWh per kW between
06:00 and 08:00.
"""
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.pvoutput import daylight, persisted
from appliance.pvoutput.replies import Kind
from appliance.pvoutput.rows import EXTENDED, Values

POWER_PERCENT = 150         # of the system's size
DAY_WH_PER_W = 12           # energy of a day
EARLY_MINUTES = (360, 480)  # between these minutes of the day the limit rises
EARLY_WH_PER_W = (1, 4)     # ... from the one to the other
FEW_PERCENT = 2             # of the size: what an inverter may claim in the dark ("a few watts")
FEW_W = 100                 # ... where the size is not known
DARK_DEGREES = -3.0         # of the sun's height: twilight makes no power worth the name below it
EVENING = 15 * 60           # a run of few watts to the end of the day is night only after this minute
ZONE_HOURS = 4              # coordinates further than this from the zone's time are not believed
SEASON_DAYS = 45            # hours of darkness that PVOutput taught hold for so long
BRACKETS = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True)
class Rules:
    """What is known of one system's limits. The first three are getsystem's, the others PVOutput's refusals taught."""

    size_w: int = 0                         # 0: not known
    latitude: float | None = None
    longitude: float | None = None
    night: int = 0                          # 1: few watts of a night go without power; 2: without energy too
    dark: tuple[int, int, int] | None = None    # minutes of the day until and from which it is dark; day's ordinal
    power_percent: int = POWER_PERCENT
    early_percent: int = 100                # of the limits between midnight and 08:00
    without: tuple[str, ...] = ()           # of v5..v12: not sent


LEARNED = ("night", "dark", "power_percent", "early_percent", "without")


def load(conn: sqlite3.Connection, key: str, size_w: int, latitude: float | None, longitude: float | None) -> Rules:
    """The rules for the system `key` (targets.Target)."""
    fact = persisted.get(conn, persisted.name("learned", key)) or {}
    learned: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value
                               for name, value in fact.items() if name in LEARNED}
    return replace(Rules(size_w, latitude, longitude), **learned)


def save(conn: sqlite3.Connection, key: str, rules: Rules) -> None:
    """Keep what was learned."""
    fact = {name: value for name, value in asdict(rules).items() if name in LEARNED}
    persisted.put(conn, persisted.name("learned", key), fact)


def forget(conn: sqlite3.Connection, key: str) -> None:
    """The owner changed something at PVOutput: what it refused before says nothing any more."""
    persisted.put(conn, persisted.name("learned", key), None)


def apply(statuses: Mapping[int, Values], rules: Rules, zone: ZoneInfo, interval_s: int,
          lifetime: bool) -> dict[int, tuple[Values, str]]:
    """{time: (values to send, what is withheld)} of one local day's statuses, ascending.

    With lifetime counters only power and v5..v12 are withheld: a day's first energy is PVOutput's zero of that day.
    """
    dark = _dark(statuses, rules, zone, interval_s)
    return {time: _cured(values, rules, _minute(time, zone), time in dark, lifetime)
            for time, values in statuses.items()}


def _cured(values: Values, rules: Rules, minute: int, dark: bool, lifetime: bool) -> tuple[Values, str]:
    row, withheld = list(values), []

    def withhold(number: int, why: str) -> None:
        if row[number - 1] is not None:
            row[number - 1] = None
            withheld.append(f"v{number}:{why}")

    energy_wh, power_w = values[0], values[1]
    if dark and power_w:
        withhold(2, "night")
    if dark and rules.night >= 2 and energy_wh and minute < 720 and not lifetime:
        withhold(1, "night")
    if rules.size_w and power_w is not None and power_w * 100 > rules.size_w * rules.power_percent:
        withhold(2, "size")
    if rules.size_w and energy_wh is not None and not lifetime:
        if energy_wh > rules.size_w * DAY_WH_PER_W:
            withhold(1, "size")
        elif energy_wh * 100 > early_limit_wh(rules.size_w, minute) * rules.early_percent:
            withhold(1, "early")
    for name in rules.without:
        withhold(int(name[1:]), "unread")
    return tuple(row), " ".join(withheld)


def early_limit_wh(size_w: int, minute: int) -> int:
    """The energy that PVOutput takes by this minute of the day."""
    (first, last), (low, high) = EARLY_MINUTES, EARLY_WH_PER_W
    if minute >= last:
        return size_w * DAY_WH_PER_W
    return size_w * low + size_w * (high - low) * max(0, minute - first) // (last - first)


def _dark(statuses: Mapping[int, Values], rules: Rules, zone: ZoneInfo, interval_s: int) -> set[int]:
    """The times at which it is night for PVOutput, as far as rows with power are concerned."""
    few = max(1, rules.size_w * FEW_PERCENT // 100) if rules.size_w else FEW_W
    dark = set()
    if rules.latitude is not None and rules.longitude is not None:
        dark = {time for time, values in statuses.items() if values[1] and values[1] <= few
                and _believes(rules.longitude, time, zone)
                and daylight.elevation(time + interval_s / 2, rules.latitude, rules.longitude) < DARK_DEGREES}
    if rules.night:
        dark |= _runs(statuses, few, zone)
    if rules.dark is not None:
        until, since, ordinal = rules.dark
        dark |= {time for time in statuses if not until < _minute(time, zone) < since
                 and abs(datetime.fromtimestamp(time, zone).toordinal() - ordinal) <= SEASON_DAYS}
    return dark


def _runs(statuses: Mapping[int, Values], few: int, zone: ZoneInfo) -> set[int]:
    """The rows before the day's first real power, and those after its last one."""
    times = list(statuses)
    real = [at for at, time in enumerate(times) if (statuses[time][1] or 0) > few]
    morning = times[:real[0]] if real else times
    evening = times[real[-1] + 1:] if real else times
    return ({time for time in morning if _minute(time, zone) < 720}
            | {time for time in evening if _minute(time, zone) >= EVENING})


def _believes(longitude: float, time: int, zone: ZoneInfo) -> bool:
    offset = datetime.fromtimestamp(time, zone).utcoffset()
    away = abs(longitude / 15 - (offset.total_seconds() / 3600 if offset else 0.0)) % 24
    return min(away, 24 - away) <= ZONE_HOURS


def _minute(time: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(time, zone)
    return local.hour * 60 + local.minute


def lessons(rules: Rules, kind: Kind, text: str, time: int, zone: ZoneInfo, has_power: bool = False) -> list[Rules]:
    """Rules that a refusal may teach, the mildest first: the caller takes the first that changes what it sent.

    `time`: of a row among the refused ones that the server's numbers may mean; `has_power`: whether one of them has
    power, which is then what PVOutput does not take at night.
    """
    numbers = [int(number) for number in BRACKETS.findall(text) if number.isdecimal()]
    match kind:
        case Kind.NIGHT:
            return [replace(rules, night=level) for level in ((1,) if has_power else (1, 2)) if level > rules.night]
        case Kind.POWER if len(numbers) > 1 and numbers[1]:
            return [replace(rules, size_w=numbers[1]),
                    replace(rules, size_w=numbers[1], power_percent=min(rules.power_percent, 100))]
        case Kind.DAY_ENERGY if len(numbers) > 1 and numbers[1]:
            return [replace(rules, size_w=numbers[1])]
        case Kind.EARLY_ENERGY if numbers and rules.size_w:
            limit = early_limit_wh(rules.size_w, _minute(time, zone))
            return [replace(rules, early_percent=min(rules.early_percent, max(0, numbers[0] - 1) * 100 // limit))]
        case Kind.EXTENDED:
            return [replace(rules, without=tuple(sorted({*rules.without, *EXTENDED})))]
        case Kind.FIELD:
            found = re.search(r"\bv([5-9]|1[0-2])\b", text)
            return [replace(rules, without=tuple(sorted({*rules.without, found[0]})))] if found else []
    return []


def darkness(rules: Rules, time: int, zone: ZoneInfo) -> Rules:
    """It is dark at `time`: so it is from midnight until then, or from then until midnight."""
    minute, ordinal = _minute(time, zone), datetime.fromtimestamp(time, zone).toordinal()
    until, since, known = rules.dark or (-1, 1440, ordinal)
    if abs(known - ordinal) > SEASON_DAYS:
        until, since = -1, 1440
    return replace(rules, dark=(max(until, minute), since, ordinal) if minute < 720
                   else (until, min(since, minute), ordinal))


def is_named(values: Values, text: str) -> bool:
    """Whether the server's words hold one of a row's first four values."""
    return any(str(value) in BRACKETS.findall(text) for value in values[:4] if value is not None)


def shares_cause(kind: Kind, text: str, refused: tuple[int, Values], other: tuple[int, Values]) -> bool:
    """Whether the row `other` (time, values) of the same day would be refused like `refused`, by the numbers that the
    words name: a value that is too high, or below what the server holds."""
    numbers = [int(number) for number in BRACKETS.findall(text) if number.isdecimal()]
    column = next((at for at, value in enumerate(refused[1][:4]) if numbers and value == numbers[0]), None)
    if column is None or other[1][column] is None:
        return False
    value = other[1][column] or 0
    if kind is Kind.LOWER:
        return len(numbers) > 1 and other[0] > refused[0] and value < numbers[1]
    return kind in (Kind.LIMIT, Kind.POWER, Kind.DAY_ENERGY) and value >= numbers[0]


ADVICE = {
    Kind.NIGHT: "PVOutput takes it for night there: check the system's location and time zone at PVOutput, then Retry.",
    Kind.POWER: "Correct the system's size at PVOutput, then Retry.",
    Kind.DAY_ENERGY: "Correct the system's size at PVOutput, then Retry.",
    Kind.EARLY_ENERGY: "Correct the system's size at PVOutput, then Retry. The day's total is right all the same.",
    Kind.LOWER: "PVOutput holds more for an earlier time of that day: delete that day there, then Send again.",
    Kind.LIMIT: "Check the meter: PVOutput takes such a value for a mistake. Skip it if it is one.",
    Kind.FIELD: "PVOutput could not read a value. Report it with the debug bundle.",
    Kind.EXTENDED: "Switch on extended data for the system at PVOutput, then Retry.",
    Kind.OTHER: "Retry once; if it is refused again, Skip it: the rest goes on without it.",
}
