"""Log in and out: a password opens a session, a wrong one is counted, and the way back is on this page."""
import pytest
from flask import Flask

from tests.web.conftest import PASSWORD, Visitor
from webui.pages.login import local_target


@pytest.mark.parametrize("target", ["/", "/settings", "/day/2026-05-09?x=1#y"])
def test_the_way_back_is_a_path_of_this_page(app: Flask, target: str) -> None:
    with app.test_request_context():
        assert local_target(target) == target


@pytest.mark.parametrize("target", [
    "", "//evil.example", "/\\evil.example", "https://evil.example", "settings", "/a\\b", "/a\nb", "\\\\evil.example"])
def test_anything_else_leads_to_today(app: Flask, target: str) -> None:
    with app.test_request_context():
        assert local_target(target) == "/"


def test_a_wrong_password_is_said_and_the_right_one_goes_where_it_was_asked_for(guest: Visitor) -> None:
    wrong = guest.send("/login", password="not the password")
    assert wrong.status_code == 403 and "That is not the password." in wrong.text
    right = guest.send("/login", password=PASSWORD, next="/settings")
    assert (right.status_code, right.headers["Location"]) == (302, "/settings")
    assert guest.get("/login?next=/diagnostics").headers["Location"] == "/diagnostics"


def test_after_logging_out_the_settings_ask_for_the_password(owner: Visitor) -> None:
    assert owner.get("/settings").status_code == 200
    owner.send("/settings", "/logout")
    assert owner.get("/settings").status_code == 302


def test_without_a_password_the_first_visit_comes_first(fresh: Flask) -> None:
    assert fresh.test_client().get("/login").headers["Location"].startswith("/welcome")


def test_a_new_password_is_typed_twice_and_the_old_one_once(owner: Visitor) -> None:
    new = "another long password"
    for form, word in (({"old": "wrong", "new": new, "again": new}, "not the password"),
                       ({"old": PASSWORD, "new": new, "again": new + "x"}, "not the same"),
                       ({"old": PASSWORD, "new": "x", "again": "x"}, "8")):
        owner.send("/settings", "/settings/password", **form)
        assert word in owner.get("/settings").text
    owner.send("/settings", "/settings/password", old=PASSWORD, new=new, again=new)
    assert "not the same" not in owner.get("/settings").text


def test_the_form_is_the_only_thing_called_log_in_on_its_page(guest: Visitor) -> None:
    assert 'href="/login' in guest.get("/").text
    shown = guest.get("/login?next=/settings").text     # a link beside it would take away what is typed and the way on
    assert "<button" in shown and 'href="/login' not in shown
