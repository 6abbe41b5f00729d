"""One line's fields → a typed record: which builder a message number has, and what each reads.

`_BUILDERS`, at the end, is the table of message numbers.
"""
from collections.abc import Callable
from functools import lru_cache

from appliance.records.no_readings import MAX_SERIAL, Header, Malformed, Record, Trailer, Unknown
from appliance.records.readings import Inverter, InverterExtra, Meter, MeterExtra, Reading, Status, Supervisor
from appliance.records.values import parse_decimal, parse_timestamp
from appliance.settings.serials import spelled

_make = tuple.__new__           # what a named tuple's own __new__ calls: a million readings show the difference
ENERGY = POWER = 4              # decimals of a kWh that 0.1 Wh are, of a kW that 0.1 W are


def parse(fields: list[str]) -> Record:
    """One line's fields, the message number first, as a typed record."""
    build = _BUILDERS.get(fields[0])
    if build is None:
        return _unknown(fields)
    return build(fields)


@lru_cache(maxsize=1024)
def _serial(text: str) -> str:
    """Kept, as a roof's lines name the same devices over and over."""
    return spelled(text.strip())


def _header(fields: list[str]) -> Header | Malformed:
    if len(fields) < 4 or not fields[3].strip():
        return Malformed(100, "no serial of the supervisor", fields)
    return Header(_serial(fields[3]), parse_timestamp(fields[4]) if len(fields) > 4 else None)


def _trailer(fields: list[str]) -> Trailer:
    return Trailer(fields[1] if len(fields) > 1 else "")


def _counting(kind: type[Inverter] | type[Meter], number: int) -> Callable[[list[str]], Record]:
    """130 and 140: f3 model, f5 lifetime energy kWh, f6 power kW."""
    def build(fields: list[str]) -> Record:
        if len(fields) < 6:
            return Malformed(number, "too short", fields)
        time, serial = parse_timestamp(fields[1]), _serial(fields[2])
        if time is None or not 0 < len(serial) <= MAX_SERIAL:
            return _no_key(number, time, fields)
        return _make(kind, (number, time, serial, 0, fields[3], parse_decimal(fields[5], ENERGY),
                            parse_decimal(fields[6], POWER) if len(fields) > 6 else None, fields))
    return build


def _plain(kind: type[Reading], number: int, least: int, model: int | None, part: int | None) -> Callable[[list[str]],
Record]:
    """A reading without a counter: at least `least` fields after the number, model and part at these places."""
    def build(fields: list[str]) -> Record:
        if len(fields) <= least:
            return Malformed(number, "too short", fields)
        time, serial = parse_timestamp(fields[1]), _serial(fields[2])
        if time is None or not 0 < len(serial) <= MAX_SERIAL:
            return _no_key(number, time, fields)
        return _make(kind, (number, time, serial, (parse_decimal(fields[part], 0) or 0) if part else 0,
                            fields[model] if model else "", None, None, fields))
    return build


def _no_key(number: int, time: int | None, fields: list[str]) -> Malformed:
    what = "its time is no time" if time is None else "no serial" if not fields[2].strip() else "its serial is too long"
    return Malformed(number, what, fields)


def _unknown(fields: list[str]) -> Unknown | Malformed:
    number = parse_decimal(fields[0], 0)
    if number is None or number < 0:
        return Malformed(-1, "its number is no number", fields)
    time = parse_timestamp(fields[1]) if len(fields) > 1 else None
    serial = spelled(fields[2]) if len(fields) > 2 and 0 < len(fields[2]) <= MAX_SERIAL else ""
    return Unknown(number, time, serial if time is not None else "", fields)


_BUILDERS: dict[str, Callable[[list[str]], Record]] = {
    "100": _header,
    "102": _trailer,
    "120": _plain(Status, 120, least=7, model=None, part=None),
    "122": _plain(Supervisor, 122, least=4, model=3, part=None),
    "130": _counting(Inverter, 130),
    "131": _plain(InverterExtra, 131, least=4, model=3, part=4),
    "140": _counting(Meter, 140),
    "141": _plain(MeterExtra, 141, least=4, model=3, part=4),
}
