"""Texts on the wire → exact integers and UTC seconds. None where the text is not what it should be."""
import re
from calendar import timegm
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

MAX_TEXT = 17               # characters of a number: what has more is none
LARGEST = (1 << 63) - 1     # of SQLite's integers
MAX_ODD = 64                # with blanks and leading zeros
BLANKS = " \u00a0"          # around a number
ODD = re.compile(r"([+-]?)0*((?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,2})?)")


def parse_decimal(text: str, places: int) -> int | None:
    """The decimal number `text` times 10**places, exactly; digits beyond are rounded half to even.

    A comma may stand for the point; blanks around it, a sign, leading zeros and an exponent are read too.
    """
    digits = text.replace(".", "", 1)
    if digits.isdigit() and places < len(digits) and text[~places] == "." and len(text) <= MAX_TEXT and text.isascii():
        return int(digits)      # as nearly all are
    whole, _, fraction = text.partition(".")
    if len(text) > MAX_TEXT or not text.isascii() or not (
            digits.isdigit() or (whole[:1] in ("+", "-") and digits[1:].isdigit())):
        return _parse_odd(text, places)
    missing = places - len(fraction)
    if missing >= 0:
        number: int = int(digits) * 10 ** missing
        return number if -LARGEST <= number <= LARGEST else None
    number = int(whole.lstrip("+-") + fraction)
    unit: int = 10 ** -missing
    kept, rest = divmod(number, unit)
    twice = 2 * rest - unit
    kept += twice > 0 or (twice == 0 and kept % 2)
    return -kept if whole[:1] == "-" else kept


def _parse_odd(text: str, places: int) -> int | None:
    """A number that is not written as a PVS usually writes it."""
    found = ODD.fullmatch(text.strip(BLANKS)) if len(text) <= MAX_ODD else None
    if found is None or len(found[2]) > MAX_TEXT:
        return None
    number = Decimal(found[1] + found[2].replace(",", ".")).scaleb(places)
    return int(number.to_integral_value(ROUND_HALF_EVEN)) if abs(number) <= LARGEST else None


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
