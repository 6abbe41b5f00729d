"""The API, version 1: JSON for the owner's other programs. Its contract is static/openapi.json; a test holds both
together.

Energies are integers in 0.1 Wh (`_dwh`) and decimal text in kWh (`_kwh`), powers integers in W, times RFC 3339 in
UTC beside the site's local date. A value that is not known is null, never 0. What is in version 1 stays; new
members may come.
"""
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify

from appliance.health.notices import kwh
from appliance.history import views
from webui.data import box
from webui.limits import MAX_DAYS
from webui.present import energy, localtime
from webui.present.energy import Totals
from webui.query import asked_day
from webui.security import access

page = Blueprint("api", __name__, url_prefix="/api/v1")

DEFAULT_DAYS = 31


@page.get("/openapi.json")
@access.public
def openapi() -> Response:
    """This API, described."""
    text = (Path(str(current_app.static_folder)) / "openapi.json").read_text(encoding="utf-8")
    return Response(json.dumps(json.loads(text)), mimetype="application/json")


@page.get("/now")
@access.dashboard
def now() -> Response:
    """The last interval with its age; `state` says whether it may be called now."""
    found = energy.now(box())
    here = localtime.today(box().now(), box().zone())
    return jsonify(
        state=found.state, time=utc(found.time), age_s=found.age_s, production_w=found.production_w,
        consumption_w=found.consumption_w, net_w=found.net_w, supervisor_heard_age_s=found.heard_age_s,
        timezone=box().zone().key, today=totals(energy.days(box(), here, here).get(here, Totals(here))), **_lifetime())


def _lifetime() -> dict[str, Any]:
    """What rises for ever: production with what the inverters had counted before, the rest since the history began."""
    since = views.lifetime(box().store())
    return {**both("lifetime", energy.lifetime_dwh(box())), **both("lifetime_consumption", since.consumption_dwh),
            **both("lifetime_import", since.import_dwh), **both("lifetime_export", since.export_dwh)}


@page.get("/days")
@access.dashboard
def days() -> Response:
    """?from=&to=: totals of each local day; the last 31 days without."""
    here = localtime.today(box().now(), box().zone())
    last = asked_day("to", here)
    first = asked_day("from", last - timedelta(days=DEFAULT_DAYS - 1))
    if not 0 <= (last - first).days <= MAX_DAYS:
        abort(400, f"from and to must be at most {MAX_DAYS} days apart, the earlier one first")
    found = energy.days(box(), first, last).values()
    return jsonify(timezone=box().zone().key, days=[totals(day) for day in found])


@page.get("/slots")
@access.dashboard
def slots() -> Response:
    """?day=: the slots of one local day, today without."""
    zone = box().zone()
    day = asked_day("day", localtime.today(box().now(), zone))
    start, end = localtime.day_bounds(day, zone)
    found = [
        {"time": utc(slot.time), "local": localtime.local(slot.time, zone).isoformat(),
         **both("production", slot.production_dwh), **both("net", slot.net_dwh),
         **both("consumption", slot.consumption_dwh),
         "production_w": slot.production_w, "consumption_w": slot.consumption_w, "seconds": slot.seconds,
         "hole": slot.hole}
        for slot in energy.slots(box(), day)]
    return jsonify(day=day.isoformat(), timezone=zone.key, start=utc(start), end=utc(end),
                   slot_seconds=box().slot_seconds(), slots=found)


@page.get("/inverters")
@access.dashboard
def inverters() -> Response:
    """?day=: what each inverter counted on one local day, today without."""
    here = localtime.today(box().now(), box().zone())
    day = asked_day("day", here)
    return Response(box().kept(("api", day, here), lambda: _inverters(day)), mimetype="application/json")


def _inverters(day: date) -> str:
    found = [{"serial": unit.serial, "model": unit.model, **both("energy", unit.energy_dwh),
              **both("lifetime", unit.counter_dwh), "percent_of_typical": unit.share, "state": unit.verdict,
              "last_seen": utc(unit.last_seen)} for unit in energy.inverters(box(), day)]
    return json.dumps({"day": day.isoformat(), "timezone": box().zone().key, "inverters": found})


@page.get("/status")
@access.reader
def state() -> Response:
    """Lamps, processes and counters, as `suntap status --json` prints them."""
    return jsonify(box().status().to_json())


def totals(found: Totals) -> dict[str, Any]:
    """A day as the API shows it."""
    return {"day": found.day.isoformat(), **both("production", found.production_dwh),
            **both("consumption", found.consumption_dwh), **both("import", found.import_dwh),
            **both("export", found.export_dwh)}


def both(name: str, energy_dwh: int | None) -> dict[str, int | str | None]:
    """An energy as an integer of 0.1 Wh and as decimal text in kWh: a JSON number would be a binary fraction."""
    return {f"{name}_dwh": energy_dwh, f"{name}_kwh": None if energy_dwh is None else kwh(energy_dwh)}


def utc(seconds: int | None) -> str | None:
    """UTC seconds as RFC 3339, None for None."""
    return None if seconds is None else localtime.utc_text(seconds)
