"""History as rows of text: readings, slots, days, inverters, or what an update changed, for CSV and JSON alike.

Times are ISO 8601 in the site's zone with its offset, and once more as date, clock and UTC for spreadsheets;
energies in Wh with one decimal (kept as integers of 0.1 Wh: no float on the way), powers in W. An empty field
means: not known. Rows are made as they are asked for.
"""
import csv
import io
import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from appliance.history import inverters, views

SLOTS = ("time", "production_wh", "net_wh", "consumption_wh", "day_production_wh", "day_consumption_wh",
         "production_w", "consumption_w", "seconds", "hole", "date", "clock", "utc")
DAYS = ("day", "production_wh", "consumption_wh", "import_wh", "export_wh", "peak_w", "slots", "holes", "source")
READINGS = ("time", "number", "kind", "serial", "model", "lifetime_wh", "power_w", "fields", "date", "clock", "utc")
INVERTERS = ("day", "serial", "model", "energy_wh", "expected_wh", "share_percent", "state")
CHANGES = ("day", "production_before_wh", "production_wh", "consumption_before_wh", "consumption_wh")
TEXT = {"time", "state", "day", "source", "kind", "serial", "model", "fields", "date", "clock", "utc"}
COLUMNS = {"readings": READINGS, "slots": SLOTS, "days": DAYS, "inverters": INVERTERS, "changes": CHANGES}

SPLITS = (";", "\t", "\r", "\n")
UNSEEN = re.compile(r'^[\s"\0-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+')   # before a formula

Row = tuple[str, ...]


def rows(conn: sqlite3.Connection, what: str, zone: ZoneInfo, first: date | None, last: date | None) -> Iterator[Row]:
    """The rows of COLUMNS[what] for the local days `first` to `last`, both included; None: no bound."""
    low, high = (day.isoformat() if day else None for day in (first, last))
    if what == "days":
        for day in views.days(conn, low, high):
            yield (day.day, tenths(day.production_dwh), tenths(day.consumption_dwh), tenths(day.import_dwh),
                   tenths(day.export_dwh), plain(day.peak_w), plain(day.slots), plain(day.holes), day.source)
    elif what == "inverters":
        for one in inverters.of_days(conn, low, high):
            yield (one.day, one.serial, one.model, tenths(one.energy_dwh), tenths(one.expected_dwh),
                   plain(one.share_percent), one.state)
    elif what == "changes":
        for row in views.changed_by_rules(conn):
            yield (str(row[0]), *map(tenths, row[1:]))
    elif what == "slots":
        for slot in views.slots(conn, low, high):
            yield (local(slot.time, zone), tenths(slot.production_dwh), tenths(slot.net_dwh),
                   tenths(slot.consumption_dwh), tenths(slot.day_production_dwh), tenths(slot.day_consumption_dwh),
                   plain(slot.production_w), plain(slot.consumption_w), plain(slot.seconds), plain(int(slot.hole)),
                   *spreadsheet(slot.time, zone))
    else:
        begin = midnight(first, zone) if first else -(1 << 62)
        end = midnight(last + timedelta(days=1), zone) if last else 1 << 62
        for reading in views.readings(conn, begin, end):
            yield (local(reading.time, zone), plain(reading.number), reading.kind, reading.serial, reading.model,
                   tenths(reading.energy_dwh), tenths(reading.power_dw), reading.fields,
                   *spreadsheet(reading.time, zone))


def as_csv(columns: Row, found: Iterable[Row]) -> Iterator[str]:
    """CSV text (RFC 4180) with a header line, piece by piece."""
    for row in chain([columns], found):
        line = io.StringIO()
        csv.writer(line).writerow(map(harmless, row))
        yield line.getvalue()


def as_json(columns: Row, found: Iterable[Row]) -> Iterator[str]:
    """A JSON array of objects, one per line, piece by piece. Numbers are written digit by digit as they are kept."""
    yield "["
    for number, row in enumerate(found):
        pairs = (f'"{name}": {_json(name, text)}' for name, text in zip(columns, row, strict=True))
        yield (",\n" if number else "\n") + "{" + ", ".join(pairs) + "}"
    yield "\n]\n"


def _json(name: str, text: str) -> str:
    if name in TEXT:
        return json.dumps(text)
    return text or "null"


def harmless(text: str) -> str:
    """A field that a spreadsheet would take for a formula is text from the wire: a leading quote says so.

    Spreadsheets of some countries also split at ";" and TAB, so what stands behind those is looked at as well.
    """
    guarded = "".join(part if part in SPLITS or not _is_formula(part) else "'" + part
                      for part in re.split(r"([;\t\r\n])", text))
    return "'" + guarded if guarded[:1] in ("\t", "\r") else guarded


def _is_formula(text: str) -> bool:
    bare = UNSEEN.sub("", text)
    bare = unicodedata.normalize("NFKC", bare[:1]) + bare[1:]       # full-width signs too
    return bare[:1] in ("=", "+", "@") or (bare[:1] == "-" and not _is_number(bare))


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def tenths(value: int | None) -> str:
    """An integer of tenths as decimal text."""
    if value is None:
        return ""
    whole, rest = divmod(abs(value), 10)
    return f"{'-' if value < 0 else ''}{whole}.{rest}"


def plain(value: int | None) -> str:
    return "" if value is None else str(value)


def local(seconds: int, zone: ZoneInfo) -> str:
    """ISO 8601 with the zone's offset; a time that no calendar has (from the wire) as the number it is."""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(zone).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def spreadsheet(seconds: int, zone: ZoneInfo) -> tuple[str, str, str]:
    """(local date, local time of day, UTC date and time) as every spreadsheet takes them; empty for a time that no
    calendar has."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
        here = moment.astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return "", "", ""
    return f"{here:%Y-%m-%d}", f"{here:%H:%M:%S}", f"{moment:%Y-%m-%d %H:%M:%S}"


def midnight(day: date, zone: ZoneInfo) -> int:
    """The UTC second at which a local day begins."""
    return int(datetime.combine(day, time(), zone).timestamp())
