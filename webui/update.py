"""The update button: an uploaded file is handed to root's side (suntap-update), which checks, installs and tries it.

The page has no right to install anything. It puts the file in the update handover's folder, and then only reads how far
it is: root checks the maker's signature on a copy of its own before anything of the file is used. The web process
itself is replaced on the way; the browser's script waits for the new one.
"""
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from appliance.system.handover import Handover, TooLargeError
from appliance.update import requested
from webui import access, orders
from webui.data import box

page = Blueprint("update", __name__, url_prefix="/settings/update")

PACKAGED = Path("/usr/lib/suntap")


def handover() -> Handover:
    """Where the update file waits."""
    return requested.handover(box().data_dir)


def possible() -> bool:
    """Whether this system installs update files: the SD-card image with its data partition does."""
    return bool(current_app.config.get("UPDATES", requested.ROOT.is_mount()))


@page.post("")
@access.owner
def upload() -> ResponseReturnValue:
    """Take an update file and ask root's side to install it."""
    sent, pending = request.files.get("file"), handover()
    if not possible():
        flash("This system installs no update files.", "bad")
    elif sent is None or not sent.filename:
        flash("Choose an update file first.", "bad")
    elif pending.state().under_way:
        flash("Another update is under way. Wait for it to end.", "bad")
    else:
        try:
            pending.store(sent.stream, requested.MAX_BUNDLE)
            pending.submit()
        except TooLargeError:
            flash(f"Larger than {requested.MAX_BUNDLE >> 20} MiB: this is no update file. Nothing was changed.", "bad")
        except OSError as error:
            flash(f"The file could not be stored: {error.strerror}. Nothing was changed.", "bad")
    return redirect(url_for("settings.show", _anchor=orders.place("update")))


@page.get("/state")
@access.owner
def state() -> ResponseReturnValue:
    """How far it is, as a fragment; the page loads itself anew at the end, from the version that runs then."""
    return orders.news("update", handover())


def shown() -> dict[str, Any]:
    """What the settings page needs."""
    return {"updates": possible(), "packaged": PACKAGED.exists(), "update_state": handover().state(),
            "max_update": requested.MAX_BUNDLE}
