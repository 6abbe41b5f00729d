"""What every template may use: navigation, formats of numbers and times, static files by version; the error pages."""
import hashlib
import logging
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, generate_csrf
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from appliance import __version__, store
from appliance.store.database import explained
from webui.data import box
from webui.present import localtime, units
from webui.security import access, auth

log = logging.getLogger(__name__)

NAVIGATION = (
    ("dashboard.today", "Today"), ("history.show", "History"), ("pvoutput.show", "PVOutput"),
    ("diagnostics.show", "Diagnostics"), ("settings.show", "Settings"),
)


def install(app: Flask) -> None:
    """Filters, globals and error pages."""
    app.context_processor(_context)
    app.jinja_env.globals.update(asset=asset, csrf=csrf, csrf_token=generate_csrf)
    app.jinja_env.filters.update(
        codes=codes, kwh=units.kwh, kwh_sum=units.kwh_sum, watts=units.watts, whole=units.whole,
        percent=units.percent, bytes=units.size,
        age=localtime.age, span=localtime.span, moment=_moment, clock=_clock, long_date=localtime.long_date,
        short_date=localtime.short_date)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(sqlite3.Error, _no_history)
    app.register_error_handler(Exception, _unexpected)


def _context() -> dict[str, Any]:
    here = (request.blueprint or "").split(".")[0]
    owner = auth.is_owner()
    return {
        "navigation": [(endpoint, name, endpoint.split(".")[0] == here) for endpoint, name in NAVIGATION
                       if owner or access.level_of(current_app, endpoint) is access.Level.DASHBOARD],
        "owner": owner, "version": __version__, "zone_name": box().zone().key.replace("_", " "),
    }


def _moment(seconds: float | None) -> str:
    return localtime.moment(seconds, box().zone(), box().now())


def _clock(seconds: float) -> str:
    return localtime.clock_time(seconds, box().zone())


def csrf() -> Markup:
    """The hidden field that every form carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def codes(text: str) -> Markup:
    """A sentence whose `commands` in backticks are shown as code; everything in it is escaped."""
    parts = [Markup.escape(part) for part in str(text).split("`")]
    for number in range(1, len(parts) - 1, 2):
        parts[number] = Markup("<code>{}</code>").format(parts[number])
    return Markup("").join(parts)


def asset(name: str) -> str:
    """URL of a static file that changes when its content does, so that browsers may keep it for a year."""
    return url_for("static", filename=name, v=_digest(str(current_app.static_folder), name))


@cache
def _digest(folder: str, name: str) -> str:
    return hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()[:10]


def _http_error(error: HTTPException) -> ResponseReturnValue:
    """One page for all errors: what, and what to do."""
    code = error.code or 500
    title, advice = {
        403: ("Not allowed", "Log in as the owner and try again."),
        404: ("Not found", "There is no such page. The navigation above leads to all that there are."),
        405: ("Not this way", "This address takes forms only. Go back and use the button on the page."),
        413: ("Too large", "What was sent is larger than this page accepts."),
    }.get(code, (error.name, error.description or ""))
    if isinstance(error, CSRFError):
        title = "Please send that again"
        advice = ("The form was older than your session, or came from another site. Nothing was changed. "
                  "Go back, reload the page, and send it again.")
    if request.path.startswith("/api/"):
        return jsonify(error=f"{title}. {error.description if code == 400 else advice}"), code
    return render_template("error.html", title=title, advice=advice), code


def _no_history(error: sqlite3.Error) -> ResponseReturnValue:
    """The disk's fault, or a moment's: what is wrong, and that nothing has to be done at once. A statement that SQLite
    does not understand is a bug like any other."""
    if getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR":
        return _unexpected(error)
    reason = str(explained(error, box().data_dir / store.FILE))
    log.error("%s %s: %s", request.method, request.path, reason)
    if request.path.startswith("/api/"):
        return jsonify(error=reason), 503
    return render_template(
        "error.html", title="The history cannot be read just now",
        advice=f"{reason}. The bridge and the capture go on without it; Diagnostics shows how they are."), 503


def _unexpected(error: Exception) -> ResponseReturnValue:
    """A bug: the log gets all of it, the visitor a sentence."""
    log.exception("%s %s failed", request.method, request.path)
    if request.path.startswith("/api/"):
        return jsonify(error="suntap could not answer this; its log says why"), 500
    return render_template("error.html", title="That went wrong",
                           advice="suntap could not build this page. The diagnostics page and the log say why."), 500
