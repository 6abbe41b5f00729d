"""The update button: an uploaded file is handed to root's side (suntap-update), which checks, installs and tries it.

The page has no right to install anything. It puts the file in the update handover's folder, and then only reads how far
it is: root checks the maker's signature on a copy of its own before anything of the file is used. The web process
itself is replaced on the way; the browser's script waits for the new one.
"""
from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from appliance.system.handover import TooLargeError
from appliance.update.requested import MAX_BUNDLE
from webui import orders
from webui.handovers import update_handover as handover
from webui.handovers import updates_possible
from webui.language import _
from webui.security import access

page = Blueprint("update", __name__, url_prefix="/settings/update")


@page.post("")
@access.owner
def upload() -> ResponseReturnValue:
    """Take an update file and ask root's side to install it."""
    sent, pending = request.files.get("file"), handover()
    if not updates_possible():
        flash(_("This system installs no update files."), "bad")
    elif sent is None or not sent.filename:
        flash(_("Choose an update file first."), "bad")
    elif pending.state().under_way:
        flash(_("Another update is under way. Wait for it to end."), "bad")
    else:
        try:
            pending.store(sent.stream, MAX_BUNDLE)
            pending.submit()
        except TooLargeError:
            text = _("Larger than {most} MiB: this is no update file. Nothing was changed.")
            flash(text.format(most=MAX_BUNDLE >> 20), "bad")
        except OSError as error:
            text = _("The file could not be stored: {reason}. Nothing was changed.")
            flash(text.format(reason=error.strerror), "bad")
    return redirect(url_for("settings.show", _anchor=orders.place("update")))


@page.get("/state")
@access.owner
def state() -> ResponseReturnValue:
    """How far it is, as a fragment; the page loads itself anew at the end, from the version that runs then."""
    return orders.news("update", handover())
