"""Every key of the settings file as a form, checked field by field; the cards of password, backup and update.

Saving replaces the file atomically. The other processes notice the new file by themselves and derive the days again
when zone, sign, source or size changed; keys that only a new start can change say so.
"""
import errno
import socket
import sqlite3
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from appliance.health import image_problems
from appliance.outputs.check import CHECKS
from appliance.pvoutput import views
from appliance.settings import EVERYWHERE, SettingsError, Web
from webui import account_check, fields, handovers, orders
from webui.data import box
from webui.language import _
from webui.security import access, tokens
from webui.security.headers import without_port
from webui.words.settings import PORT_IN_USE

page = Blueprint("settings", __name__)

PORT_KEYS = ("web.host", "web.port")


@page.get("/settings")
@access.owner
def show() -> ResponseReturnValue:
    """All sections."""
    return _render({}, {})


@page.post("/settings/<section>")
@access.owner
def save(section: str) -> ResponseReturnValue:
    """One section: all of its fields or none."""
    keys = [key for key in fields.FIELDS if key.startswith(f"{section}.")]
    if not keys:
        abort(404)
    changes, errors = fields.read(request.form, keys)
    before = box().settings().web
    if section == "web" and not errors and _in_use(before, changes):
        errors["web.port"] = PORT_IN_USE
    if not errors:
        try:
            box().change(changes)
        except SettingsError as error:
            errors[keys[0]] = str(error)
    if errors:
        return _render({**request.form.to_dict(), "section": section}, errors), 422
    after = box().settings().web
    if follows_port() and (after.host, after.port) != (before.host, before.port):  # this process ends in a moment
        return render_template("moved.html", address=_address(before, after))
    flash(_("{section}: saved.").format(section=dict(fields.SECTIONS)[section]), section)   # read at that section
    return redirect(url_for("settings.show", _anchor=section))


@page.post("/pvoutput/test")
@access.owner
def test() -> ResponseReturnValue:
    """Test what is typed into the section PVOutput; nothing is saved."""
    changes, errors = fields.read(request.form, account_check.KEYS)
    outcome = account_check.wrong(errors) if errors else account_check.try_out(changes)
    if account_check.wants_fragment():
        return render_template("_outcome.html", outcome=outcome)
    form = request.form.to_dict() | {"section": "pvoutput"}
    return _render(form, errors, outcome=outcome), 422 if errors else 200


def _in_use(before: Web, changes: dict[str, Any]) -> bool:
    """Whether another program listens where the page is to move to. Where this process may not try, nobody knows."""
    host, port = changes["web.host"], changes["web.port"]
    if (host, port) == (before.host, before.port) or (port == before.port and before.host in EVERYWHERE):
        return False
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(found[0], found[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def follows_port() -> bool:
    """Whether systemd holds the page's socket and lets it follow the settings at once."""
    return bool(current_app.config.get("FOLLOWS_PORT"))


def _address(before: Web, after: Web) -> str:
    """Where this browser finds the page from now on."""
    same = after.host in (*EVERYWHERE, before.host)
    name = without_port(request.host) if same else after.host
    return f"http://{f'[{name}]' if ':' in name else name}{'' if after.port == 80 else f':{after.port}'}/"


def _render(form: dict[str, str], errors: dict[str, str], outcome: object = None) -> str:
    """The page, with a refused form's texts, or with the outcome of a test of what is typed."""
    all_rows = fields.rows(box().settings(), fields.FIELDS, form, errors, typed=bool(form),
                           at_once=PORT_KEYS if follows_port() else ())
    sections = [(name, title, [row for key, row in all_rows.items() if key.startswith(f"{name}.")])
                for name, title in fields.SECTIONS]
    return render_template("settings.html", sections=sections, config_path=box().config_path, errors=errors,
                           outcome=outcome, order=orders.last(), zones=box().zone_names(), values=_values(),
                           tests=set(CHECKS), shell=not image_problems.on_image(),
                           token_names=tokens.names(box().settings().web.tokens),
                           **handovers.restore_shown(), **handovers.update_shown(),
                           password_error=session.pop("password_error", ""),
                           password_done=session.pop("password_done", False))


def _values() -> list[tuple[str, str]]:
    """What PVOutput's v7 to v12 may be; nothing where the history cannot be read."""
    try:
        return views.value_choices(box().store())
    except sqlite3.Error:
        return []
