"""The first visit: password, listening, site, SunPower's server, PVOutput, done. Each step can be left and found
again; only the password is a must.

Before the password exists nothing else answers (see access). The later steps are ordinary owner pages that write the
same settings as the settings page, by the same checks.
"""
import logging
import sqlite3

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.settings import SettingsError, Site
from webui import account_check, fields
from webui.data import box
from webui.limits import CLAIM_S, MIN_LENGTH
from webui.present import energy, listening
from webui.security import access, auth
from webui.words import welcome as words
from webui.words.login import DIFFER

page = Blueprint("welcome", __name__, url_prefix="/welcome")
log = logging.getLogger(__name__)

SITE_KEYS = ["site.timezone", "site.size_w"]
ANSWERS = ("auto", "off")
PVOUTPUT_KEYS = ["pvoutput.api_key", "pvoutput.system_id"]


@page.route("/", methods=["GET", "POST"])
@access.public
def password() -> ResponseReturnValue:
    """Step 1: choose the password."""
    if auth.password_is_set():
        return redirect(url_for("welcome.listen" if auth.is_owner() else "login.login"))
    if not current_app.extensions["suntap-claim"].is_open():
        return render_template("welcome/closed.html", step=1, minutes=CLAIM_S // 60), 403
    error = ""
    if request.method == "POST":
        typed = request.form.get("password", "")
        try:
            if typed != request.form.get("again", ""):
                raise auth.PasswordError(DIFFER)
            auth.open_session(auth.current().set_first_password(typed))
            return redirect(url_for("dashboard.today" if _is_known() else "welcome.listen"))
        except auth.PasswordError as reason:
            error = str(reason)
        except OSError as reason:
            log.error("the password cannot be stored: %s", reason)
            error = words.NOT_STORED.format(folder=box().data_dir, reason=reason.strerror)
    known = _is_known()
    return render_template("welcome/password.html", step=0 if known else 1, error=error, least=MIN_LENGTH, known=known
                           ), 422 if error else 200


def _is_known() -> bool:
    """Whether only the password is new: it was reset, and the box has a history."""
    try:
        return bool(current_app.extensions["suntap-claim"].was_reset() and energy.span(box()))
    except sqlite3.Error:
        return False


@page.get("/listen")
@access.owner
def listen() -> ResponseReturnValue:
    """Step 2: lamps that fill in."""
    return render_template("welcome/listen.html", step=2, lamps=_lamps())


@page.get("/lamps")
@access.owner
def lamps() -> ResponseReturnValue:
    """The lamps alone, for the polling script."""
    return render_template("welcome/_lamps.html", lamps=_lamps())


def _lamps() -> list[listening.Lamp]:
    try:
        return listening.lamps(box())
    except sqlite3.Error as error:
        name, text, check = words.UNREADABLE
        return [listening.Lamp(name, "bad", text.format(error=error), check)]


@page.route("/site", methods=["GET", "POST"])
@access.owner
def site() -> ResponseReturnValue:
    """Step 3: zone and size. The rest of the section is found by suntap itself, and can be set later."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        changes, errors = fields.read(request.form, SITE_KEYS)
        if not errors:
            try:
                box().change(changes)
                return redirect(url_for("welcome.server"))
            except SettingsError as error:
                errors["site.timezone"] = str(error)
    rows = fields.rows(box().settings(), SITE_KEYS, request.form.to_dict(), errors)
    guess = request.method == "GET" and box().settings().site == Site()     # what the owner typed is never replaced
    return render_template("welcome/site.html", step=3, rows=rows, zones=box().zone_names(), guess_zone=guess
                           ), 422 if errors else 200


@page.route("/server", methods=["GET", "POST"])
@access.owner
def server() -> ResponseReturnValue:
    """Step 4: shall this box answer the PVS when SunPower's server does not?"""
    error = ""
    if request.method == "POST" and request.form.get("stand_in") not in ANSWERS:
        error = words.CHOOSE
    elif request.method == "POST":
        try:
            box().change({"collector.stand_in": request.form["stand_in"]})
            return redirect(url_for("welcome.post"))
        except SettingsError as reason:
            error = str(reason)
    return render_template("welcome/server.html", step=4, error=error), 422 if error else 200


@page.route("/pvoutput", methods=["GET", "POST"])
@access.owner
def post() -> ResponseReturnValue:
    """Step 5: PVOutput's key and system with a test, or only record."""
    if request.method == "GET":
        return _post_page({})
    changes, errors = ({}, {}) if "local" in request.form else fields.read(request.form, PVOUTPUT_KEYS)
    if errors:
        return _post_page(errors)
    outcome = None if "local" in request.form else account_check.try_out(changes)
    if outcome is not None and ("test" in request.form or not (outcome.ok or "anyway" in request.form)):
        return _post_page({}, outcome)
    try:
        box().change({**changes, "pvoutput.enabled": outcome is not None})
    except SettingsError as error:
        return _post_page({PVOUTPUT_KEYS[0]: str(error)})
    if account_check.wants_fragment():
        return "", 200, {"X-Go": url_for("welcome.done")}
    return redirect(url_for("welcome.done"))


def _post_page(errors: dict[str, str], outcome: account_check.Outcome | None = None) -> ResponseReturnValue:
    if account_check.wants_fragment():
        return render_template("_outcome.html", outcome=account_check.wrong(errors) if errors else outcome, keep=True)
    rows = fields.rows(box().settings(), PVOUTPUT_KEYS, request.form.to_dict(), errors, typed=outcome is not None)
    page_text = render_template("welcome/pvoutput.html", step=5, rows=rows, outcome=outcome, keep=True)
    return page_text, 422 if errors else 200


@page.get("/done")
@access.owner
def done() -> ResponseReturnValue:
    """Step 6: what happens now."""
    return render_template("welcome/done.html", step=6, posting=box().settings().pvoutput.enabled, lamps=_lamps())
