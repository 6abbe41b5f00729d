"""Values from an address: dates and months.

In a page's path anything else is an address that leads nowhere (404); in a question of a program it is a mistake that
the answer names (400).
"""
from datetime import date

from flask import abort, request

from webui.limits import MAX_DIGITS

FIRST_YEAR, LAST_YEAR = 2000, 2100
EXAMPLE = date(2026, 11, 27)


def parse_day(text: str) -> date:
    """A local date as YYYY-MM-DD; 404 for anything else."""
    found = _date(text)
    return found if found is not None else abort(404)


def parse_month(text: str) -> date:
    """The first day of a month as YYYY-MM; 404 for anything else."""
    return parse_day(f"{text}-01")


def asked_day(name: str, default: date | None = None) -> date:
    """The date in ?name=, or `default` where it is not asked for; 400 with the name for anything else."""
    text = request.args.get(name)
    if text is None and default is not None:
        return default
    found = _date(text or "")
    if found is None:
        abort(400, f"{name} must be a date such as {default or EXAMPLE}")
    return found


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR and found.isoformat() == text else None


def is_number(text: str) -> bool:
    """Whether a form's text is a number that a database can hold."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
