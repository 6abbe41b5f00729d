"""CSV downloads: days, slots, readings; the same columns as `suntap export` gives.

Written as they are read, so a year needs no more memory than a few hundred rows.
"""
from collections.abc import Iterator
from datetime import date
from itertools import islice

from flask import Blueprint, Response, abort

from webui.data import box
from webui.limits import MAX_DAYS
from webui.query import asked_day
from webui.security import access

page = Blueprint("export", __name__, url_prefix="/export")

CHUNK = 500     # rows sent at a time


@page.get("/days.csv")
@access.dashboard
def days() -> Response:
    """?first=&last=: one row per local day."""
    return _csv("days")


@page.get("/slots.csv")
@access.dashboard
def slots() -> Response:
    """?first=&last=: one row per slot."""
    return _csv("slots")


@page.get("/readings.csv")
@access.reader
def readings() -> Response:
    """?first=&last=: one row per reading as decoded, with its fields as they came."""
    return _csv("readings")


def _range() -> tuple[date, date]:
    first, last = (asked_day(name) for name in ("first", "last"))
    if not 0 <= (last - first).days <= MAX_DAYS:
        abort(400, f"first and last must be at most {MAX_DAYS} days apart, the earlier one first")
    return first, last


def _csv(what: str) -> Response:
    first, last = _range()
    lines = box().csv(what, first, last)

    def text() -> Iterator[str]:
        while chunk := "".join(islice(lines, CHUNK)):
            yield chunk

    name = f"suntap-{what}-{first}-{last}.csv"
    return Response(text(), mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"})
