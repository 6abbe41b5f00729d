"""Every route declares who may open it, and is opened to nobody else."""
import pytest
from flask import Flask

from appliance import settings
from tests.web.conftest import Visitor
from webui.security import access
from webui.security.access import Level

PUBLIC = {"/login", "/logout", "/welcome/", "/healthz", "/static/<path:filename>", "/api/v1/openapi.json"}
SAMPLE = {"day": "2026-05-09", "section": "site", "number": "1", "filename": "icon.svg", "serial": "414050000000001"}


def routes(app: Flask) -> list[tuple[str, str, Level]]:
    """(method, path with sample values, level) of every route."""
    found = []
    for rule in app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", SAMPLE[name]).replace(f"<int:{name}>", SAMPLE[name]).replace(
                f"<path:{name}>", SAMPLE[name])
        level = access.level_of(app, rule.endpoint)
        assert level is not None, f"{rule.rule} declares no level"
        found += [(method, path, level) for method in sorted((rule.methods or set()) & {"GET", "POST"})]
    return found


def test_every_route_declares_a_level(app: Flask) -> None:
    access.check_map(app)
    assert len(routes(app)) > 30


def test_a_route_without_a_level_stops_the_start(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open to all")
    with pytest.raises(RuntimeError, match="/forgotten"):
        access.check_map(app)


def test_only_these_routes_are_public(app: Flask) -> None:
    assert {rule.rule for rule in app.url_map.iter_rules()
            if access.level_of(app, rule.endpoint) is Level.PUBLIC} == PUBLIC


def test_a_guest_opens_dashboard_and_public_routes_and_no_other(app: Flask, guest: Visitor, roof: object) -> None:
    for method, path, level in routes(app):
        if method == "GET":
            reached = guest.get(path).status_code in (200, 302, 400, 404, 503) and not away(guest, path)
            if path == "/welcome/":  # is over, and says where to go
                assert not reached
                continue
            assert reached == (level not in (Level.OWNER, Level.READER)), path


def test_a_guest_sees_no_dashboard_when_it_is_not_public(app: Flask, guest: Visitor, config, roof: object) -> None:
    settings.update(config, {"web.public_dashboard": False})
    for method, path, level in routes(app):
        if method == "GET" and level is not Level.PUBLIC:
            assert away(guest, path), path


def test_the_owner_opens_every_page(app: Flask, owner: Visitor, roof: object) -> None:
    for method, path, _ in routes(app):
        if method == "GET":
            assert owner.get(path).status_code in (200, 302, 400, 404, 503) and not away(owner, path), path


def test_before_the_first_visit_only_the_first_visit_answers(fresh: Flask) -> None:
    visitor = Visitor(fresh.test_client())
    for method, path, level in routes(fresh):
        if method == "GET" and level is not Level.PUBLIC:
            answer = visitor.get(path)
            assert answer.status_code == 401 or answer.location == "/welcome/", path


def test_no_form_of_a_stranger_changes_anything(app: Flask, guest: Visitor, config, data_dir) -> None:
    token = guest.token("/login")
    before = config.read_bytes(), (data_dir / "web-auth.json").read_bytes()
    for method, path, level in routes(app):
        if method == "POST" and level is not Level.PUBLIC:
            answer = guest.client.post(path, data={"csrf_token": token})
            assert answer.status_code == 302 and answer.location.startswith("/login"), path
    assert before == (config.read_bytes(), (data_dir / "web-auth.json").read_bytes())


def away(visitor: Visitor, path: str) -> bool:
    """Was the visitor sent to the login?"""
    answer = visitor.get(path)
    return answer.status_code == 401 or (answer.status_code == 302 and answer.location.startswith("/login"))
