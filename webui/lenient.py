"""What people type into a form, read leniently, as they mean it: "Los Angeles" for a zone, "3.8 kW" for a size.

Each function returns what the settings file wants; a text that it cannot make sense of comes back as it is, for the
declared check to refuse.
"""
import re
import zoneinfo
from decimal import Decimal
from functools import cache

NUMBER = re.compile(r"(\d{1,3}(?:[,\s']\d{3})+|\d+)(?:[.,](\d+))?\s*(k?w)?(?:\s*p)?", re.IGNORECASE)


@cache
def _places() -> dict[str, set[str]]:
    """The last part of each zone's name, and the whole name, in small letters → the names that end so."""
    found: dict[str, set[str]] = {}
    for name in zoneinfo.available_timezones():
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/")):
            for key in (name, name.rsplit("/", 1)[1]):
                found.setdefault(_plain(key), set()).add(name)
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())


def zone(text: str) -> str:
    """ "Los Angeles", "america/los_angeles" → America/Los_Angeles, where only one zone is called so."""
    found = _places().get(_plain(text), set())
    return next(iter(found)) if len(found) == 1 else text


def watts(text: str) -> str:
    """ "3.8 kW", "3,840 W", "3840" → 3840. A fraction of a watt is none."""
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        return text
    whole, fraction, unit = found.groups()
    value = Decimal(f"{re.sub(r'[^0-9]', '', whole)}.{fraction or 0}") * (1000 if (unit or "w").lower() == "kw" else 1)
    return str(int(value)) if value == int(value) else text
