"""Restore: an uploaded backup is checked from end to end and shown, and only then may it replace anything.

The file waits in the restore handover's folder. The supervisor process, which alone may replace its database, restores
history, settings and password; the uploads are added to the inbox by whoever may write there (history.backup).
A file that nobody confirms is removed.
"""
import errno
import logging
import sqlite3
from dataclasses import asdict

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from appliance.history import backup
from appliance.system.handover import TooLargeError
from webui import orders
from webui.data import box
from webui.handovers import restore_busy as busy
from webui.handovers import restore_handover as handover
from webui.limits import MAX_RESTORE
from webui.security import access
from webui.words import restore as words

log = logging.getLogger(__name__)

page = Blueprint("restore", __name__, url_prefix="/settings/restore")


@page.post("")
@access.owner
def upload() -> ResponseReturnValue:
    """Take a backup, check it, and ask whether to go on."""
    session.pop("restore", None)
    sent, pending = request.files.get("file"), handover()
    if sent is None or not sent.filename:
        flash(str(words.NO_FILE), "bad")
    elif busy():
        flash(str(words.BUSY), "bad")
    else:
        try:
            pending.store(sent.stream, MAX_RESTORE)
            session["restore"] = asdict(backup.check(pending.file, box().data_dir))
        except (backup.BackupError, OSError, TooLargeError) as error:
            pending.remove()
            log.warning("restore: %s", error or type(error).__name__)
            flash(words.REFUSED.format(reason=words.REASONS[_kind(error)]), "bad")
    return _back()


@page.post("/confirm")
@access.owner
def confirm() -> ResponseReturnValue:
    """The owner has seen what is in it: hand it to the supervisor process."""
    try:
        if session.pop("restore", None) is None or not handover().file.exists():
            flash(str(words.GONE), "bad")
        elif not busy():
            orders.submit("restore")
    except (OSError, sqlite3.Error) as error:
        log.warning("restore: %s", error)
        flash(words.REFUSED.format(reason=words.REASONS["unreadable"]), "bad")
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


def _kind(error: Exception) -> str:
    """Which of the reasons an error is."""
    if isinstance(error, backup.BackupError):
        return error.kind
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "room"
    return "large" if isinstance(error, TooLargeError) else "unreadable"


def _back() -> ResponseReturnValue:
    return redirect(url_for("settings.show", _anchor=orders.place("backup")))
