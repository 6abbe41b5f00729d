"""What PVOutput's answers hold, read field by field: what is missing or garbled is unknown and costs nothing else.

Owners leave fields of their system empty, names hold commas and semicolons, and the service adds fields now and then.
So no answer is refused for a field that posting does not need. What an answer needs to be one at all is said by each
function; a caller that finds less raises Unreadable.
"""
import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_TEXT = 300                      # characters of a text from the server that are kept
INTERVALS = {"1": 60, "5": 300, "10": 600, "15": 900, "30": 1800}   # minutes as sent → seconds
DEFAULT_INTERVAL_S = 300            # what a system has where its owner chose nothing
LEAST_FIELDS = 8                    # an answer with fewer fields is not about a system
INTERVAL_AT = 15                    # its place where no text before it holds a comma
LEAST_AT = 9                        # its first place where fields are missing: those of a date and a place precede it
MISSING = ("", "nan", "null")
NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{0,12})?")
ZONE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z0-9_+\-]+)+|UTC|GMT")


class Unreadable(Exception):
    """A reply of 200 that is not what the service documents: trouble on the way, one line for the owner."""


@dataclass(frozen=True)
class System:
    """What getsystem tells. `size_w` 0, `zone` "", coordinates None: not told. `interval_known` False: the status
    interval was not told, and DEFAULT_INTERVAL_S is taken."""

    name: str
    size_w: int
    interval_s: int
    zone: str
    donor: bool
    latitude: float | None = None
    longitude: float | None = None
    interval_known: bool = True


def one_line(text: str) -> str:
    """A server's words as they may be stored and shown: printable, on one line, not too long."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_TEXT]


def parse_system(text: str) -> System | None:
    """getsystem's answer to tz=1&donations=1; None where it is none.

    Fields (API specification, Get System): name, size, postcode, panels, panel W, brand, inverters, inverter W, brand,
    orientation, tilt, shade, install date, latitude, longitude, interval, then fields of further arrays and the zone;
    sections joined by ";", the donations last. Texts may hold "," and ";" themselves: the interval is found by what
    stands before it, name and size by what follows them.
    """
    fields = [field.strip() for field in text.strip().split(",")]
    if len(fields) < LEAST_FIELDS:
        return None
    at = _interval_at(fields)
    name, size_w = _name_and_size(fields, 0 if at is None else at - INTERVAL_AT)
    latitude, longitude = _coordinates(*fields[at - 2:at]) if at is not None else (None, None)
    interval = _interval(fields[at]) if at is not None else None
    sections = ",".join(fields[LEAST_FIELDS if at is None else at:]).split(";")
    return System(one_line(name), size_w, interval or DEFAULT_INTERVAL_S, _zone(sections[0]), _is_donor(sections[1:]),
                  latitude, longitude, interval is not None)


def _interval_at(fields: Sequence[str]) -> int | None:
    """The place of the status interval: of all that look like one, the one with the likeliest fields before it; where
    none has a date and coordinates there, its usual place."""
    best, place = 0, INTERVAL_AT if len(fields) > INTERVAL_AT else None
    for at in range(LEAST_AT, len(fields)):
        if _interval(fields[at]) is None:
            continue
        needed = _is_date(fields[at - 3]) and all(_is_number(field) for field in fields[at - 2:at])
        if not needed:
            continue
        tilt, shade, orientation = fields[at - 5], fields[at - 4], fields[at - 6]
        score = 1 + sum(1 for likely in (
            _is_number(tilt), not NUMBER.fullmatch(shade), not NUMBER.fullmatch(orientation),
            len(fields[at - 3]) == 8, _is_number(fields[at - 8]), _is_number(fields[at - 9])) if likely)
        if score > best:
            best, place = score, at
    return place


def _interval(field: str) -> int | None:
    """Seconds of "5", "5.0" or "5;...", the last field of the first section where nothing else was asked for."""
    found = re.fullmatch(r"(\d{1,2})(?:\.0*)?", field.split(";")[0].strip())
    return INTERVALS.get(found[1]) if found else None


def _name_and_size(fields: Sequence[str], commas: int) -> tuple[str, int]:
    """(name, size in W, 0 if unknown). `commas` more than usual are in the name or in a brand (below zero: so many
    fields are missing): the size is where it agrees with panels times panel watts, else the first whole number behind
    the name, where no field is missing."""
    places = [1 + more for more in range(max(0, commas) + 1) if _size(fields[1 + more])]

    def agrees(at: int) -> bool:
        panels, watts = fields[at + 2:at + 4] if len(fields) > at + 3 else ("", "")
        return panels.isdecimal() and watts.isdecimal() and _size(fields[at]) == int(panels) * int(watts) > 0

    size = next((at for at in places if agrees(at)), places[0] if places and commas >= 0 else None)
    if size is None:
        return ",".join(fields[:1 + max(0, commas)]), 0
    return ",".join(fields[:size]), _size(fields[size])


def _size(field: str) -> int:
    """Watts; 0 where they are not told."""
    return int(field.split(".")[0]) if re.fullmatch(r"\d{1,9}(\.0*)?", field) else 0


def _is_donor(sections: Sequence[str]) -> bool:
    """By the sections after the first: the donations stand in the second of them, whatever follows them one day."""
    counts = [section.split(",")[0].strip() for section in sections[1:] or sections]
    count = next((count for count in counts if count), "")
    return bool(re.fullmatch(r"\d{1,6}", count)) and int(count) > 0


def _coordinates(latitude: str, longitude: str) -> tuple[float, float] | tuple[None, None]:
    if not NUMBER.fullmatch(latitude) or not NUMBER.fullmatch(longitude):
        return None, None
    place = float(latitude), float(longitude)
    known = abs(place[0]) <= 90 and abs(place[1]) <= 180 and place != (0.0, 0.0)
    return place if known else (None, None)


def _zone(section: str) -> str:
    """The last field of the first section that looks like an IANA zone."""
    fields = [field.strip() for field in section.split(",")]
    return next((field[:64] for field in reversed(fields) if ZONE.fullmatch(field)), "")


def _is_number(field: str) -> bool:
    return field.lower() in MISSING or NUMBER.fullmatch(field) is not None


def _is_date(field: str) -> bool:
    return field.lower() in MISSING or re.fullmatch(r"\d{8}", field) is not None


def batch_answers(text: str) -> dict[tuple[str, str], bool] | None:
    """{(yyyymmdd, hh:mm): changed} from a batch's reply, or None where it speaks of the whole batch only.

    A row cut off in the middle is left out: it was not confirmed.
    """
    if text.upper().startswith("OK 200"):
        return None
    answers = {}
    for row in re.split(r"[;\n]", text):
        fields = [field.strip() for field in row.split(",")]
        time = _time(fields[1]) if len(fields) >= 3 else ""
        if time and re.fullmatch(r"\d{8}", fields[0]) and re.fullmatch(r"\d", fields[2]):
            answers[fields[0], time] = fields[2] != "0"
    return answers


def parse_history(text: str) -> dict[str, dict[str, int]]:
    """getstatus h=1: {"hh:mm": {"v1": Wh, "v2": W, "v3": Wh, "v4": W}}, what is missing left out."""
    history: dict[str, dict[str, int]] = {}
    for row in re.split(r"[;\n]", text):
        fields = [field.strip() for field in row.split(",")]
        time = _time(fields[1]) if len(fields) > 2 else ""
        if not time or not re.fullmatch(r"\d{8}", fields[0]):
            continue
        values = {name: whole(fields[at]) for name, at in (("v1", 2), ("v2", 4), ("v3", 7), ("v4", 8))
                  if at < len(fields)}
        history[time] = {name: value for name, value in values.items() if value is not None}
    return history


def parse_outputs(text: str) -> dict[str, dict[str, int]]:
    """getoutput: {"yyyy-mm-dd": {"v1": Wh generated, "v3": Wh consumed}}, what is missing left out."""
    outputs: dict[str, dict[str, int]] = {}
    for row in re.split(r"[;\n]", text):
        fields = [field.strip() for field in row.split(",")]
        if len(fields) < 2 or not re.fullmatch(r"\d{8}", fields[0]):
            continue
        values = {name: whole(fields[at]) for name, at in (("v1", 1), ("v3", 4)) if at < len(fields)}
        day = f"{fields[0][:4]}-{fields[0][4:6]}-{fields[0][6:]}"
        outputs[day] = {name: value for name, value in values.items() if value is not None}
    return outputs


def _time(text: str) -> str:
    """hh:mm of "9:05", "09:05" or "09:05:00"; "" for anything else."""
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::\d\d)?", text)
    return f"{int(found[1]):02d}:{found[2]}" if found else ""


def whole(text: str) -> int | None:
    """The whole part of a number from the server; None where it is none."""
    return int(text.split(".")[0]) if re.fullmatch(r"-?\d{1,12}(\.\d{0,9})?", text) else None
