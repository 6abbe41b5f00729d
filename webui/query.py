"""Values from an address: dates and months. Anything else is an address that leads nowhere (404)."""
from datetime import date

from flask import abort

FIRST_YEAR, LAST_YEAR = 2000, 2100


def parse_day(text: str) -> date:
    """A local date as YYYY-MM-DD; 404 for anything else."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        abort(404)
    if not FIRST_YEAR <= found.year <= LAST_YEAR or len(text) != 10:
        abort(404)
    return found


def parse_month(text: str) -> date:
    """The first day of a month as YYYY-MM; 404 for anything else."""
    return parse_day(f"{text}-01")
