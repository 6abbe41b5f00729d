"""Log in and out, and change the password."""
import logging
import time
from dataclasses import dataclass

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from appliance.health import image_problems
from webui.security import access, auth
from webui.security.passwords import Busy
from webui.security.throttle import Throttle
from webui.words import login as words

page = Blueprint("login", __name__)
log = logging.getLogger(__name__)


def throttle() -> Throttle:
    """The counter of tries of this app."""
    found: Throttle = current_app.extensions["suntap-throttle"]
    return found


@dataclass(frozen=True)
class Attempt:
    """A try at the password: `login` is its value where it was right, else `error` says what to tell with `status`."""

    login: str | None
    error: str = ""
    status: int = 200


def try_password(password: str) -> Attempt:
    """Check the password and count the try."""
    address = request.remote_addr or ""
    wait = throttle().take(address, time.monotonic(), auth.known_browser())
    if wait > 0:
        return Attempt(None, words.TOO_MANY.format(seconds=int(wait) + 1), 429)
    try:
        login = auth.current().check(password)
    except Busy:
        throttle().give_back(address, time.monotonic(), auth.known_browser())
        return Attempt(None, words.BUSY, 429)
    if login is None:
        log.warning("wrong password from %s", address)
        return Attempt(None, words.WRONG, 403)
    throttle().succeeded(address)
    auth.remember_browser()
    return Attempt(login)


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
    shell = not image_problems.on_image()
    target = local_target(request.values.get("next", ""))
    if auth.is_owner():
        return redirect(target)
    if request.method == "GET":
        return render_template("login.html", error="", target=target, shell=shell)
    attempt = try_password(request.form.get("password", ""))
    if attempt.login is None:
        return render_template("login.html", error=attempt.error, target=target, shell=shell), attempt.status
    auth.open_session(attempt.login)
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
    attempt = try_password(request.form.get("old", ""))
    error = attempt.error
    if attempt.login is not None:
        new = request.form.get("new", "")
        if new != request.form.get("again", ""):
            error = words.DIFFER
        else:
            try:
                auth.open_session(auth.current().set_password(new))
            except auth.PasswordError as reason:
                error = str(reason)
            except OSError as reason:
                error = words.NOT_STORED.format(reason=reason.strerror)
    session["password_error"] = error
    session["password_done"] = not error
    return redirect(url_for("settings.show", _anchor="password"))
