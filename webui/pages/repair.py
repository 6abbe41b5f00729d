"""The button that has the card checked: root's side (suntap-repair) does it, on the SD-card image.

The request lies in memory, since the data directory cannot be written then. The web process itself is stopped on the
way and started again; the browser's script waits for it.
"""
from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from webui import orders
from webui.handovers import repair_handover as handover
from webui.handovers import repair_possible
from webui.security import access
from webui.words import repair as words

page = Blueprint("repair", __name__, url_prefix="/diagnostics/repair")


@page.post("")
@access.owner
def ask() -> ResponseReturnValue:
    """Ask root's side to check the card and to use it again."""
    if not repair_possible():
        flash(str(words.NO_CARD), "bad")
    elif not handover().state().under_way:
        try:
            handover().submit()
        except OSError as error:
            flash(words.NOT_ASKED.format(reason=error.strerror), "bad")
    return redirect(url_for("diagnostics.show", _anchor="repair"))


@page.get("/state")
@access.owner
def state() -> ResponseReturnValue:
    """How far it is, as a fragment; the page loads itself anew at the end."""
    return orders.news("repair", handover())
