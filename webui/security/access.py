"""Who may open what. Every route declares one of four levels, and a route that declares none stops the start-up.

public      anybody, before a password exists too: the first-visit page, the login, static files, /healthz
dashboard   anybody while `web.public_dashboard` is on, else the owner: what shows energy and nothing else
reader      the owner, or a program with a token: what tells how the box is, and writes nothing
owner       a browser that gave the password: settings, PVOutput, diagnostics, everything that writes

A program with a token (module tokens) also reads what the dashboard shows while that is not public.
Before a password is chosen nothing but the public routes answers. The level sits on the view function, next to the
route, so a reader of a page's module sees it there.
"""
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from flask import Flask, Response, current_app, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webui.data import box
from webui.security import auth, tokens

View = TypeVar("View", bound=Callable[..., object])


class Level(Enum):
    """Access level of a route."""

    PUBLIC = "public"
    DASHBOARD = "dashboard"
    READER = "reader"
    OWNER = "owner"


def public(view: View) -> View:
    """Declare a route that anybody may open."""
    return _declare(view, Level.PUBLIC)


def dashboard(view: View) -> View:
    """Declare a route that anybody may open while the dashboard is public."""
    return _declare(view, Level.DASHBOARD)


def reader(view: View) -> View:
    """Declare a route for the owner and for programs with a token."""
    return _declare(view, Level.READER)


def owner(view: View) -> View:
    """Declare a route for the owner alone."""
    return _declare(view, Level.OWNER)


def _declare(view: View, level: Level) -> View:
    view.access_level = level  # type: ignore[attr-defined]
    return view


def level_of(app: Flask, endpoint: str) -> Level | None:
    """The level that the endpoint's view declared, None if it forgot to."""
    return getattr(app.view_functions[endpoint], "access_level", None)


def check_map(app: Flask) -> None:
    """Refuse to start with a route that declares no level. Raises RuntimeError naming the routes."""
    undeclared = sorted({rule.rule for rule in app.url_map.iter_rules() if level_of(app, rule.endpoint) is None})
    if undeclared:
        raise RuntimeError(f"routes without an access level: {', '.join(undeclared)}")


def guard() -> BaseResponse | None:
    """Before every request: let it through, or send the visitor to the page that helps."""
    if request.endpoint is None:  # no such page; the 404 says nothing that needs a password
        return None
    level = level_of(current_app, request.endpoint)
    if level is Level.PUBLIC:
        return None
    if not auth.password_is_set():
        return _turn_away("welcome.password", "Choose a password on the first-visit page first.")
    web = box().settings().web
    if auth.is_owner() or (level is Level.DASHBOARD and web.public_dashboard):
        return None
    if level in (Level.DASHBOARD, Level.READER) and request.method in ("GET", "HEAD") and tokens.presented(web.tokens):
        return None
    return _turn_away("login.login", "This needs the owner's password.")


def _turn_away(endpoint: str, reason: str) -> BaseResponse:
    """Pages redirect; programs (the API, the polling script, downloads of JSON) get 401 with the reason."""
    if request.path.startswith(("/api/", "/metrics")) or request.accept_mimetypes.best == "application/json":
        response: Response = jsonify(error=reason)
        response.status_code = 401
        return response
    onward = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for(endpoint, next=onward if endpoint == "login.login" else None))
