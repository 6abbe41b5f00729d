"""What every template may use: navigation, formats of numbers and times, static files by version; the error pages."""
import hashlib
import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, generate_csrf
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from appliance import __version__, store
from appliance.health.finding import BAD, WARN, Finding
from appliance.settings import SettingsError
from appliance.store.database import explained
from webui import fields, language
from webui.data import box
from webui.language import N_
from webui.present import localtime, reader_locale, units
from webui.security import access, auth
from webui.words import errors, lamp_names

log = logging.getLogger(__name__)

NAVIGATION = (
    ("dashboard.today", N_("Today")), ("history.show", N_("History")), ("panels.show", N_("Panels")),
    ("pvoutput.show", "PVOutput"), ("diagnostics.show", N_("Diagnostics")), ("settings.show", N_("Settings")),
)

ADVISED = (("pvoutput.show", "PVOutput page"), ("diagnostics.show", "Diagnostics page"),
           ("senders.show", "Diagnostics › Who reports"))
SQLITE_FULL = "database or disk is full"    # so says SQLite


def install(app: Flask) -> None:
    """Filters, globals and error pages."""
    app.before_request(_dress)
    app.teardown_request(_undress)
    app.context_processor(_context)
    app.jinja_env.globals.update(asset=asset, csrf=csrf, csrf_token=generate_csrf)
    app.jinja_env.filters.update(
        advice=advice, causes=causes, codes=codes, lamp_name=lamp_names.name, lamp_state=_lamp_state,
        kwh=units.kwh, kwh_sum=units.kwh_sum, watts=units.watts, whole=units.whole,
        percent=units.percent, bytes=units.size, temperature=units.temperature, money=units.money,
        age=localtime.age, span=localtime.span, moment=_moment, clock=_clock, long_date=localtime.long_date,
        short_date=localtime.short_date, iso_date=_iso_date, month_name=localtime.month_name,
        month_year=localtime.month_year)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # by the extension
        language.gettext, language.ngettext, newstyle=True)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(sqlite3.Error, _no_history)
    app.register_error_handler(SettingsError, _not_saved)
    app.register_error_handler(Exception, _unexpected)


def _dress() -> None:
    """Words in the browser's language, times and numbers as its country writes them."""
    wanted = [name for name, _ in request.accept_languages]
    language.speak(language.SOURCE if request.path.startswith("/api/") else language.of_languages(wanted))
    reader_locale.wear(reader_locale.of_languages(wanted))


def _undress(_error: BaseException | None) -> None:
    """What the thread says beside requests, such as its log, is English."""
    language.speak(language.SOURCE)


def _context() -> dict[str, Any]:
    owner = auth.is_owner()
    return {
        "navigation": [(endpoint, name, _is_here(endpoint)) for endpoint, name in NAVIGATION
                       if owner or access.level_of(current_app, endpoint) is access.Level.DASHBOARD],
        "language": language.now().replace("_", "-"), "english": _english(), "thousands": reader_locale.now().thousands,
        "owner": owner, "version": __version__, "zone_name": box().zone().key.replace("_", " "),
    }


def _english() -> Markup:
    """The attribute of an element whose sentence comes from the recorder, or from another program, in English."""
    return Markup("" if language.now() == language.SOURCE else ' lang="en"')


def _is_here(endpoint: str) -> bool:
    """Whether the menu's entry leads to this very page. A past day is not Today."""
    return request.endpoint == endpoint or (
        request.blueprint == endpoint.split(".")[0] and request.blueprint != "dashboard")


def _moment(seconds: float | None) -> str:
    return localtime.moment(seconds, box().zone(), box().now())


def _iso_date(day: str) -> str:
    """A local day YYYY-MM-DD as people write it."""
    return localtime.short_date(date.fromisoformat(day))


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


def causes(found: Iterable[Finding], owner: bool) -> list[Finding]:
    """The lamps that need a look, a cause before its effects; for the owner but for those about a device, which has a
    notice; others are told none. What SQLite says of a full card is said in our words."""
    return sorted((_plain(lamp) for lamp in found if lamp.state in (WARN, BAD) and not (lamp.device and owner)),
                  key=lambda lamp: lamp_names.rank(lamp.name))


def _plain(lamp: Finding) -> Finding:
    if SQLITE_FULL not in lamp.text:
        return lamp
    return replace(lamp, text=lamp_names.FULL.format(name=lamp_names.name(lamp.name)), advice=str(lamp_names.MAKE_ROOM))


def _lamp_state(lamp: str, found: str) -> str:
    """The state of a lamp in a word: that of PVOutput is off or waits."""
    return lamp_names.state(found, lamp == "upload" and not box().settings().pvoutput.enabled)


def advice(text: str) -> Markup:
    """As codes; each "Settings › Section" and each page named in it leads there, through the login where it must."""
    marked = codes(text)
    for name, title in fields.SECTIONS:     # the sentence is the recorder's, in English
        title = title.source if isinstance(title, N_) else title
        link = Markup('<a href="{}">Settings › {}</a>').format(_way("settings.show", name), title)
        marked = Markup(str(marked).replace(f"Settings › {title}", str(link)))
    for endpoint, words in ADVISED:
        link = Markup('<a href="{}">{}</a>').format(_way(endpoint), words)
        marked = Markup(str(marked).replace(words, str(link)))
    return marked


def _way(endpoint: str, section: str | None = None) -> str:
    """The address of a page of the owner's; for others the login, which leads on to it."""
    page = url_for(endpoint, _anchor=section)
    return page if auth.is_owner() else url_for("login.login", next=page)


def asset(name: str) -> str:
    """URL of a static file that changes when its content does, so that browsers may keep it for a year."""
    return url_for("static", filename=name, v=_digest(str(current_app.static_folder), name))


@cache
def _digest(folder: str, name: str) -> str:
    return hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()[:10]


def _http_error(error: HTTPException) -> ResponseReturnValue:
    """One page for all errors: what, and what to do."""
    code = error.code or 500
    title, advice = errors.PAGES.get(code, (error.name, error.description or ""))
    if isinstance(error, CSRFError):
        title, advice = errors.FORM
    if request.path.startswith("/api/"):
        reason = error.description if code == 400 else errors.API_NOT_FOUND if code == 404 else f"{title}. {advice}"
        return jsonify(error=reason), code
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
    title, advice = errors.HISTORY
    said = errors.FULL if SQLITE_FULL in reason else reason
    return render_template("error.html", title=title, advice=advice.format(reason=said)), 503


def _not_saved(error: SettingsError) -> ResponseReturnValue:
    """A change that a page without a place for it could not make: what happened and what to do."""
    log.error("%s %s: %s", request.method, request.path, error.__cause__ or error)
    if request.path.startswith("/api/"):
        return jsonify(error=str(error)), 503
    return render_template("error.html", title=errors.NOT_SAVED, advice=str(error)), 503


def _unexpected(error: Exception) -> ResponseReturnValue:
    """A bug: the log gets all of it, the visitor a sentence."""
    log.exception("%s %s failed", request.method, request.path)
    if request.path.startswith("/api/"):
        return jsonify(error=errors.API_BUG), 500
    title, advice = errors.BUG
    return render_template("error.html", title=title, advice=advice), 500
