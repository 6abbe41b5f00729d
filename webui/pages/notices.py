"""What needs the owner, since when and what to do; and a log of the last year."""
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webui import orders
from webui.data import box
from webui.query import is_number
from webui.security import access

page = Blueprint("notices", __name__, url_prefix="/notices")


@page.get("")
@access.owner
def show() -> ResponseReturnValue:
    """What is there first, then the log."""
    found = box().notices()
    return render_template("notices.html", open=[one for one in found if one.is_open], order=orders.last(),
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
