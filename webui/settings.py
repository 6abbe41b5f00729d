"""Every key of the settings file as a form, checked field by field; the cards of password, backup and update.

Saving replaces the file atomically. The other processes notice the new file by themselves and derive the days again
when zone, sign, source or size changed; keys that only a new start can change say so.
"""
from collections.abc import Iterable

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from appliance import settings as store
from webui import access, fields, orders, restore, update
from webui.data import box
from webui.security import without_port

page = Blueprint("settings", __name__)

PORT_KEYS = ("web.host", "web.port")


@page.get("/settings")
@access.owner
def show() -> ResponseReturnValue:
    """All sections."""
    return render({}, {})


@page.post("/settings/<section>")
@access.owner
def save(section: str) -> ResponseReturnValue:
    """One section: all of its fields or none."""
    keys = [key for key in fields.FIELDS if key.startswith(f"{section}.")]
    if not keys:
        return render_template("error.html", title="Not found", advice="There is no such section."), 404
    changes, errors = fields.read(request.form, keys)
    before = box().settings().web
    if not errors:
        try:
            apply(changes)
        except store.SettingsError as error:
            errors[keys[0]] = str(error)
    if errors:
        return render({**request.form.to_dict(), "section": section}, errors), 422
    after = box().settings().web
    if follows_port() and (after.host, after.port) != (before.host, before.port):  # this process ends in a moment
        return render_template("moved.html", address=_address(before, after))
    flash(f"{dict(fields.SECTIONS)[section]}: saved.")
    return redirect(url_for("settings.show", _anchor=section))


def follows_port() -> bool:
    """Whether systemd holds the page's socket and lets it follow the settings at once."""
    return bool(current_app.config.get("FOLLOWS_PORT"))


def _address(before: store.Web, after: store.Web) -> str:
    """Where this browser finds the page from now on."""
    same = after.host in (*store.EVERYWHERE, before.host)
    name = without_port(request.host) if same else after.host
    return f"http://{f'[{name}]' if ':' in name else name}{'' if after.port == 80 else f':{after.port}'}/"


def apply(changes: dict[str, object]) -> None:
    """Write the keys that changed. Raises SettingsError, then nothing was written."""
    before = box().settings()
    changed = {key: value for key, value in changes.items() if fields.value(before, key) != value}
    if changed:
        store.update(box().config_path, changed)


def rows(keys: Iterable[str], form: dict[str, str], errors: dict[str, str],
         typed: bool = False) -> dict[str, dict[str, object]]:
    """Fields as the templates show them; `typed` or refused ones as they were sent, but a secret never."""
    settings = box().settings()
    shown: dict[str, dict[str, object]] = {}
    for key in keys:
        kind = fields.kind(key)
        section = key.split(".")[0]
        sent = (typed or bool(errors)) and kind != "secret" and form.get("section", section) == section
        shown[key] = {
            "later": fields.FIELDS[key].later and not (key in PORT_KEYS and follows_port()),
            "key": key, "field": fields.FIELDS[key], "kind": kind, "error": errors.get(key, ""),
            "text": form.get(key, "") if sent else fields.as_text(settings, key),
            "on": key in form if sent else fields.value(settings, key) is True,
            "stored": kind == "secret" and bool(fields.value(settings, key)),
        }
    return shown


def render(form: dict[str, str], errors: dict[str, str], outcome: object = None) -> str:
    """The page, with a refused form's texts, or with the outcome of a test of what is typed."""
    all_rows = rows(fields.FIELDS, form, errors, typed=bool(form))
    sections = [(name, title, [row for key, row in all_rows.items() if key.startswith(f"{name}.")])
                for name, title in fields.SECTIONS]
    return render_template("settings.html", sections=sections, config_path=box().config_path, errors=errors,
                           outcome=outcome, order=orders.last(), zones=box().zone_names(),
                           **restore.shown(), **update.shown(), password_error=session.pop("password_error", ""),
                           password_done=session.pop("password_done", False))
