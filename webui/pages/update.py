"""The update button: an uploaded file is handed to root's side (suntap-update), which checks, installs and tries it.

The page has no right to install anything. It puts the file in the update handover's folder, and then only reads how far
it is: root checks the maker's signature on a copy of its own before anything of the file is used. The web process
itself ends with the restart; the browser's script waits for that of the new system.
"""
from pathlib import Path
from threading import Lock, Thread

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from appliance.health import news
from appliance.settings import SettingsError
from appliance.system.handover import Handover, TooLargeError
from appliance.update import fetch as fetching
from appliance.update import look
from appliance.update.bundle import UpdateError
from appliance.update.requested import MAX_BUNDLE, need_room
from webui import orders
from webui.data import box
from webui.handovers import update_handover as handover
from webui.handovers import update_key, updates_possible
from webui.language import _
from webui.security import access

FETCHING = Lock()       # one at a time

page = Blueprint("update", __name__, url_prefix="/settings/update")


@page.post("")
@access.owner
def upload() -> ResponseReturnValue:
    """Take an update file and ask root's side to install it."""
    sent, pending = request.files.get("file"), handover()
    if not updates_possible():
        flash(_("This system installs no update files. Update, below, says how it gets a newer suntap."), "bad")
    elif sent is None or not sent.filename:
        flash(_("Choose an update file first."), "bad")
    elif pending.state().under_way:
        flash(_("Another update is under way. Wait for it to end."), "bad")
    else:
        try:
            need_room(pending, request.content_length or 0)
            pending.store(sent.stream, MAX_BUNDLE)
            pending.submit()
        except UpdateError as error:
            flash(_("The file was not stored: {reason}.").format(reason=error), "bad")
        except TooLargeError:
            text = _("Larger than {most} MiB: this is no update file. Nothing was changed.")
            flash(text.format(most=MAX_BUNDLE >> 20), "bad")
        except OSError as error:
            text = _("The file could not be stored: {reason}. Nothing was changed. Look at Storage on the Diagnostics "
                     "page.")
            flash(text.format(reason=error.strerror), "bad")
    return redirect(url_for("settings.show", _anchor=orders.place("update")))


@page.post("/check")
@access.owner
def check() -> ResponseReturnValue:
    """Hold the list in an index or an update file against this system. Nothing is installed."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        flash(_("Choose a list of security fixes or an update file first."), "bad")
    else:
        try:
            look.remember(box().data_dir, look.from_stream(sent.stream, update_key(), news.read(box().data_dir),
                                                           box().clock))
        except UpdateError as error:
            flash(_("This file cannot be compared: {reason}. Download suntap-ARCH.index or the update file again from "
                    "the release page, and choose that file.").format(reason=error), "bad")
    return redirect(url_for("settings.show", _anchor=orders.place("update")))


@page.post("/address")
@access.owner
def address() -> ResponseReturnValue:
    """Keep the address that is asked once a day; empty: none is."""
    try:
        box().change({"update.url": request.form.get("url", "").strip()})
    except SettingsError:
        flash(_("Enter the address of a folder, such as https://example.org/suntap/, or leave it empty."), "bad")
    else:
        flash(_("Update address: saved."))
    return redirect(url_for("settings.show", _anchor=orders.place("update")))


@page.post("/fetch")
@access.owner
def fetch() -> ResponseReturnValue:
    """Fetch the version that was offered, and hand it over as if it came by the browser."""
    url, known, pending = box().settings().update.url, news.read(box().data_dir), handover()
    if not updates_possible():
        flash(_("This system installs no update files. Update, below, says how it gets a newer suntap."), "bad")
    elif not url or known.url != url or not known.offered or known.offered != request.form.get("version"):
        flash(_("This version is not offered any more. Look again tomorrow, or choose an update file."), "bad")
    elif pending.state().under_way or not FETCHING.acquire(blocking=False):
        flash(_("Another update is under way. Wait for it to end."), "bad")
    else:
        try:
            fetching.begin(pending, known)
            Thread(target=_fetch, args=(url, update_key(), known, pending), name="update-fetch", daemon=True).start()
        except OSError as error:
            FETCHING.release()
            text = _("The file could not be stored: {reason}. Nothing was changed. Look at Storage on the Diagnostics "
                     "page.")
            flash(text.format(reason=error.strerror), "bad")
    return redirect(url_for("settings.show", _anchor=orders.place("update")))


def _fetch(url: str, key: Path, known: news.News, pending: Handover) -> None:
    try:
        fetching.fetch(url, key, known, pending)
    finally:
        FETCHING.release()


@page.get("/state")
@access.owner
def state() -> ResponseReturnValue:
    """How far it is, as a fragment; the page loads itself anew at the end, from the version that runs then."""
    return orders.news("update", handover())
