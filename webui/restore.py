"""Restore: an uploaded backup is checked from end to end and shown, and only then may it replace anything.

The file waits in the restore handover's folder. The supervisor process, which alone may replace its database, restores
history, settings and password; the uploads are added to the inbox by whoever may write there (history.backup).
A file that nobody confirms is removed.
"""
import sqlite3
import time
from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from appliance.history import backup
from appliance.system.handover import Handover, TooLargeError
from webui import access, orders
from webui.data import box
from webui.security import MAX_RESTORE

page = Blueprint("restore", __name__, url_prefix="/settings/restore")

KEEP_S = 3600       # that a checked backup waits for the owner's word


def handover() -> Handover:
    """Where the backup waits."""
    return backup.handover(box().data_dir)


@page.post("")
@access.owner
def upload() -> ResponseReturnValue:
    """Take a backup, check it, and ask whether to go on."""
    session.pop("restore", None)
    sent, pending = request.files.get("file"), handover()
    if sent is None or not sent.filename:
        flash("Choose a backup file first.", "bad")
    elif busy():
        flash("Another restore is under way. Wait for it to end.", "bad")
    else:
        try:
            pending.store(sent.stream, MAX_RESTORE)
            session["restore"] = asdict(backup.check(pending.file, box().data_dir))
        except (backup.BackupError, OSError, TooLargeError) as error:
            pending.remove()
            reason = str(error).removeprefix(f"{pending.file.name}: ") or "it is too large"
            flash(f"Nothing was replaced: {reason}.", "bad")
    return _back()


@page.post("/confirm")
@access.owner
def confirm() -> ResponseReturnValue:
    """The owner has seen what is in it: hand it to the supervisor process."""
    try:
        if session.pop("restore", None) is None or not handover().file.exists():
            flash("The backup is no longer here. Choose it again.", "bad")
        elif not busy():
            orders.give("restore")
    except (OSError, sqlite3.Error) as error:
        flash(f"Nothing was replaced: {error}.", "bad")
    return _back()


@page.post("/discard")
@access.owner
def discard() -> ResponseReturnValue:
    """Forget the uploaded backup."""
    session.pop("restore", None)
    if not busy():
        handover().remove()
    return _back()


@page.get("/state")
@access.owner
def state() -> ResponseReturnValue:
    """How far the uploads are, as a fragment; the page loads itself anew at the end."""
    return orders.news("restore", handover())


def busy() -> bool:
    """Whether a backup is being put back right now."""
    try:
        return handover().state().under_way or box().waits("restore")
    except sqlite3.Error:  # no history that could be read: then no order can wait in it either
        return False


def shown() -> dict[str, Any]:
    """What the settings page needs: the checked backup that waits, and how far the last restore is."""
    pending, state = handover(), handover().state()
    if "restore" in session and not pending.file.exists():
        session.pop("restore")
    if not busy():
        try:
            if time.time() - pending.file.stat().st_mtime > KEEP_S:
                pending.remove()
                session.pop("restore", None)
        except OSError:
            pass
    return {"restore": session.get("restore"), "restore_state": state}


def _back() -> ResponseReturnValue:
    return redirect(url_for("settings.show", _anchor=orders.place("backup")))
