"""The PVOutput page: what was sent, what waits and why, what was refused in the server's words, and what can be done.

Retry, skip and sending a day again are orders to the supervisor process. What changes by itself is a fragment that the
page fetches anew.
"""
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.pvoutput import views
from appliance.system import heartbeat
from webui import orders
from webui.data import box
from webui.present import localtime
from webui.present.catch_up import catch_up_hours
from webui.query import is_number, parse_day
from webui.security import access
from webui.words import pvoutput as words

page = Blueprint("pvoutput", __name__)


@page.get("/pvoutput")
@access.owner
def show() -> ResponseReturnValue:
    """State of the posting, day by day."""
    return render_template("pvoutput.html", order=orders.last(), **_state())


@page.get("/pvoutput/state")
@access.owner
def state() -> ResponseReturnValue:
    """What changes by itself, as a fragment."""
    return render_template("_pvoutput.html", **_state())


def _state() -> dict[str, Any]:
    connection, loaded = box().store(), box().settings()
    recorder = heartbeat.read("supervisor", box().data_dir) or {}
    today = localtime.today(box().now(), box().zone())
    days, systems = views.day_states(connection), views.systems(connection, loaded)
    quota = views.quota_view(connection, loaded, box().clock)
    return {
        "account": loaded.pvoutput, "days": days, "hours_left": catch_up_hours(days, systems, quota),
        "refused": views.refused(connection),
        "oldest": views.oldest_unsent(connection, loaded, today),
        "quota": quota, "last_success": views.last_success(connection),
        "trouble": views.trouble(connection, loaded), "held": views.held(connection),
        "waits_for_time": recorder.get("clock_is_set") is False,
        "too_small": views.too_small(connection, loaded), "systems": systems,
    }


@page.get("/pvoutput/day/<day>")
@access.owner
def rows(day: str) -> ResponseReturnValue:
    """Which rows of a day went with which values, and what each went without."""
    connection, asked = box().store(), request.args.get("system", "")
    found = next((system for system in views.systems(connection, box().settings()) if system.key == asked), None)
    if found is None and asked:
        abort(404)
    listed = views.day_rows(connection, parse_day(day).isoformat(), asked)
    names = [name for name in (f"v{number}" for number in range(1, 13)) if any(name in row.values for row in listed)]
    units = {"v1": "Wh", "v2": "W", "v3": "Wh", "v4": "W", **(found.units if found else {})}
    return render_template("pvoutput_day.html", day=parse_day(day), rows=listed, names=names, units=units, system=asked,
                           words=words)


@page.post("/pvoutput/resend")
@access.owner
def resend() -> ResponseReturnValue:
    """Send a day again."""
    day = parse_day(request.form.get("day", ""))
    orders.submit("resend_day", day=day.isoformat())
    return redirect(url_for("pvoutput.show"))


@page.post("/pvoutput/row")
@access.owner
def row() -> ResponseReturnValue:
    """Retry or skip one refused row."""
    name = request.form.get("name", "")
    time, system = request.form.get("time", ""), request.form.get("system", "")
    if name not in ("retry", "skip") or not is_number(time) or not (not system or is_number(system)):
        abort(400)
    orders.submit(name, time=int(time), **({"system": system} if system else {}))
    return redirect(url_for("pvoutput.show"))


@page.post("/pvoutput/now")
@access.owner
def now() -> ResponseReturnValue:
    """The way to PVOutput is there again: do not wait for the next try."""
    orders.submit("try_now")
    return redirect(url_for("pvoutput.show"))


@page.post("/pvoutput/retry")
@access.owner
def retry() -> ResponseReturnValue:
    """The owner put something right at PVOutput: ask it again, and send what it refused."""
    orders.submit("retry_refused")
    return redirect(url_for("pvoutput.show"))
