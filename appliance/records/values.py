"""Texts on the wire → exact integers and UTC seconds. None where the text is not what it should be."""
from calendar import timegm
from datetime import datetime
from functools import lru_cache

MAX_TEXT = 17               # characters of a number: what has more is none, and every result fits SQLite's 64 bits


def parse_decimal(text: str, places: int) -> int | None:
    """The decimal number `text` times 10**places, exactly; digits beyond are rounded half to even."""
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not digits.isdigit() and not (whole[:1] in ("+", "-") and digits[1:].isdigit()):
        return None
    if len(text) > MAX_TEXT or not text.isascii():
        return None
    missing = places - len(fraction)
    if missing >= 0:
        return int(digits) * 10 ** missing
    number = int(whole.lstrip("+-") + fraction)
    kept, rest = divmod(number, 10 ** -missing)
    twice = 2 * rest - 10 ** -missing
    kept += twice > 0 or (twice == 0 and kept % 2)
    return -kept if whole[:1] == "-" else kept


@lru_cache(maxsize=4096)
def parse_timestamp(text: str) -> int | None:
    """YYYYMMDDHHMMSS in UTC as seconds since 1970; None for what is no such time."""
    if len(text) != 14 or not text.isascii() or not text.isdigit():
        return None
    try:
        when = datetime(int(text[:4]), int(text[4:6]), int(text[6:8]),
                        int(text[8:10]), int(text[10:12]), int(text[12:]))
    except ValueError:
        return None
    return timegm(when.timetuple()) if when.year >= 1970 else None
