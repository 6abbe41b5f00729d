"""Who sends reports, and whose count: the first SunPower box is trusted, another one is one question to the owner.

What the owner decides is an order to the supervisor process: the days are derived again, and posts follow.
"""
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.health import image_problems
from appliance.store.trust import ASIDE, TRUSTED
from webui import orders
from webui.data import box
from webui.query import is_number
from webui.security import access
from webui.words import senders as words

page = Blueprint("senders", __name__, url_prefix="/senders")

NEWEST = 20     # uploads that can be set aside here; `suntap senders --uploads` lists more


@page.get("/")
@access.owner
def show() -> str:
    """All senders, what is set aside, and the newest uploads."""
    found = box().who_reports(NEWEST)
    return render_template("senders.html", found=found, words=words, order=orders.last(),
                           shell=not image_problems.on_image())


@page.post("/sender")
@access.owner
def sender() -> ResponseReturnValue:
    """id, decision: trusted or aside."""
    decision = request.form.get("decision", "")
    if decision not in (TRUSTED, ASIDE):
        abort(400)
    orders.submit("sender", id=_number(), decision=decision)
    return redirect(url_for("senders.show"))


@page.post("/device")
@access.owner
def device() -> ResponseReturnValue:
    """id, aside: 1 or 0."""
    orders.submit("device", id=_number(), aside=request.form.get("aside") == "1")
    return redirect(url_for("senders.show"))


@page.post("/upload")
@access.owner
def upload() -> ResponseReturnValue:
    """id, aside: 1 or 0."""
    orders.submit("upload", id=_number(), aside=request.form.get("aside") == "1")
    return redirect(url_for("senders.show"))


def _number() -> int:
    text = request.form.get("id", "")
    if not is_number(text):
        abort(400)
    return int(text)
