"""What needs the owner, since when and what to do; and a log of the last year."""
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.health.log import LAMP
from webui import orders
from webui.data import box
from webui.query import is_number
from webui.security import access
from webui.words import lamp_names

page = Blueprint("notices", __name__, url_prefix="/notices")


@page.get("")
@access.owner
def show() -> ResponseReturnValue:
    """What is there first, a lamp's cause before its effects; then the log."""
    found = box().notices()
    there = sorted((one for one in found if one.is_open),
                   key=lambda one: lamp_names.rank(one.matter.removeprefix(LAMP)))
    return render_template("notices.html", open=there, order=orders.last(),
                           question=box().question(),
                           past=[one for one in found if not one.is_open])


@page.post("/dismiss")
@access.owner
def dismiss() -> ResponseReturnValue:
    """Put one away; the recorder does it."""
    number = request.form.get("id", "")
    if not is_number(number):
        abort(404)
    orders.submit("dismiss", id=int(number))
    return redirect(url_for("notices.show"))
