"""The PVOutput page: what was sent, what waits and why, what was refused in the server's words, and what can be done.

Retry, skip and sending a day again are orders to the supervisor process.
"""
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.pvoutput import views
from webui import orders
from webui.data import box
from webui.present import localtime
from webui.query import parse_day
from webui.security import access

page = Blueprint("pvoutput", __name__)

@page.get("/pvoutput")
@access.owner
def show() -> ResponseReturnValue:
    """State of the posting, day by day."""
    connection, loaded = box().store(), box().settings()
    today = localtime.today(box().now(), box().zone())
    allowance = views.quota_view(connection, loaded, box().clock)
    return render_template(
        "pvoutput.html", account=loaded.pvoutput, days=views.day_states(connection), refused=views.refused(connection),
        oldest=views.oldest_unsent(connection, loaded, today), quota=allowance, returns_s=allowance.returns_s,
        last_success=views.last_success(connection), trouble=views.trouble(connection, loaded),
        held=views.held(connection), order=orders.last())


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
    time = request.form.get("time", "")
    if name not in ("retry", "skip") or not time.isdecimal():
        abort(400)
    orders.submit(name, time=int(time))
    return redirect(url_for("pvoutput.show"))
