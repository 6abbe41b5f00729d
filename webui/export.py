"""CSV downloads: days, slots, readings. Written as they are read, so a year needs no more memory than a row.

Energy is given in kWh with all its digits, power in W. A cell that begins like a formula is marked as text, since
what the wire says (a serial number) ends in somebody's spreadsheet.
"""
import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date

from flask import Blueprint, Response, abort, request

from appliance import store
from appliance.store import views
from webui import access, dashboard, energy, localtime
from webui.data import Box, box

page = Blueprint("export", __name__, url_prefix="/export")

MAX_DAYS = 3700
CHUNK = 500     # rows written at a time


@page.get("/days.csv")
@access.dashboard
def days() -> Response:
    """?first=&last=: one row per local day."""
    first, last = _range()
    header = ["day", "production_kwh", "consumption_kwh", "import_kwh", "export_kwh"]
    rows: Iterable[list[object]] = (
        [day.isoformat(), kwh(found.production_dwh), kwh(found.consumption_dwh), kwh(found.import_dwh),
         kwh(found.export_dwh)] for day, found in energy.days(box(), first, last).items())
    return _csv(f"suntap-days-{first}-{last}.csv", header, rows)


@page.get("/slots.csv")
@access.dashboard
def slots() -> Response:
    """?first=&last=: one row per slot."""
    first, last = _range()
    header = ["start_utc", "start_local", "production_kwh", "net_kwh", "consumption_kwh", "production_w", "seconds",
              "hole"]
    return _csv(f"suntap-slots-{first}-{last}.csv", header, _slots(box(), first, last))


@page.get("/readings.csv")
@access.owner
def readings() -> Response:
    """?first=&last=: one row per reading as decoded, with its fields as they came."""
    first, last = _range()
    return _csv(f"suntap-readings-{first}-{last}.csv",
                ["time_utc", "time_local", "record", "kind", "serial", "model", "energy_kwh", "power_w", "fields"],
                _readings(box(), first, last))


def _range() -> tuple[date, date]:
    first, last = (dashboard.parse_day(request.args.get(name, "")) for name in ("first", "last"))
    if not 0 <= (last - first).days <= MAX_DAYS:
        abort(400, f"first and last must be at most {MAX_DAYS} days apart, the earlier one first")
    return first, last


def _slots(box: Box, first: date, last: date) -> Iterator[list[object]]:
    zone = box.zone()
    with closing(store.connect(box.data_dir, readonly=True)) as connection:
        for slot in views.slots(connection, first.isoformat(), last.isoformat()):
            yield [localtime.utc_text(slot.time), localtime.local(slot.time, zone).isoformat(),
                   kwh(slot.production_dwh), kwh(slot.net_dwh), kwh(slot.consumption_dwh), slot.production_w,
                   slot.seconds, int(slot.hole)]


def _readings(box: Box, first: date, last: date) -> Iterator[list[object]]:
    zone = box.zone()
    start, end = localtime.day_bounds(first, zone)[0], localtime.day_bounds(last, zone)[1]
    with closing(store.connect(box.data_dir, readonly=True)) as connection:
        for found in views.readings(connection, start, end):
            yield [localtime.utc_text(found.time), localtime.local(found.time, zone).isoformat(), found.number,
                   found.kind, found.serial, found.model, kwh(found.energy_dwh), tenths(found.power_dw), found.fields]


def kwh(dwh: int | None) -> str:
    """0.1 Wh as kWh with four decimals, exactly; empty for None."""
    if dwh is None:
        return ""
    head, tail = divmod(abs(dwh), 10_000)
    return f"{'-' if dwh < 0 else ''}{head}.{tail:04d}"


def tenths(number: int | None) -> str:
    """0.1 W as W."""
    if number is None:
        return ""
    head, tail = divmod(abs(number), 10)
    return f"{'-' if number < 0 else ''}{head}.{tail}"


def plain(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets a leading apostrophe; numbers stay."""
    if not isinstance(cell, str) or not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def _csv(name: str, header: list[str], rows: Iterable[list[object]]) -> Response:
    def lines() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(header)
        for number, row in enumerate(rows, 1):
            writer.writerow([plain(cell) for cell in row])
            if number % CHUNK == 0:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()
    return Response(lines(), mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"})
