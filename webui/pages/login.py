"""Log in and out, and change the password."""
import logging
import time

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from webui.security import access, auth
from webui.security.passwords import Busy
from webui.security.throttle import Throttle

page = Blueprint("login", __name__)
log = logging.getLogger(__name__)


def throttle() -> Throttle:
    """The counter of tries of this app."""
    found: Throttle = current_app.extensions["suntap-throttle"]
    return found


def try_password(password: str) -> tuple[str | None, str]:
    """(login value, "") or (None, what to tell). Counts the try."""
    address = request.remote_addr or ""
    wait = throttle().take(address, time.monotonic(), auth.known_browser())
    if wait > 0:
        return None, f"Too many tries. The next one counts in {int(wait) + 1} seconds."
    try:
        login = auth.current().check(password)
    except Busy:
        return None, "Too many tries at the same time. Try again in a few seconds."
    if login is None:
        log.warning("wrong password from %s", address)
        return None, "That is not the password."
    throttle().succeeded(address)
    auth.remember_browser()
    return login, ""


def local_target(target: str) -> str:
    """Where to go after the login: a path on this page, never another site."""
    if target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target and target.isprintable():
        return target
    return url_for("dashboard.today")


@page.route("/login", methods=["GET", "POST"])
@access.public
def login() -> ResponseReturnValue:
    """The owner's password opens a session."""
    if not auth.password_is_set():
        return redirect(url_for("welcome.password"))
    target = local_target(request.values.get("next", ""))
    if auth.is_owner():
        return redirect(target)
    if request.method == "GET":
        return render_template("login.html", error="", target=target)
    value, error = try_password(request.form.get("password", ""))
    if value is None:
        return render_template("login.html", error=error, target=target), 429 if "tries" in error else 403
    auth.open_session(value)
    return redirect(target)


@page.post("/logout")
@access.public
def logout() -> ResponseReturnValue:
    """End the session, for every copy of its cookie."""
    auth.close_session()
    return redirect(url_for("dashboard.today"))


@page.post("/settings/password")
@access.owner
def change() -> ResponseReturnValue:
    """A new password, given the old one. Every other browser is logged out."""
    value, error = try_password(request.form.get("old", ""))
    if value is not None:
        error = ""
        new = request.form.get("new", "")
        if new != request.form.get("again", ""):
            error = "The two new passwords differ."
        else:
            try:
                auth.open_session(auth.current().set_password(new))
            except auth.PasswordError as reason:
                error = str(reason)
            except OSError as reason:
                error = f"The password could not be stored: {reason.strerror}. Check the disk on the diagnostics page."
    session["password_error"] = error
    session["password_done"] = not error
    return redirect(url_for("settings.show", _anchor="password"))
