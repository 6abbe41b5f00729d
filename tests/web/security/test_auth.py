"""The password file: private, whole or old, and gone with every session after a reset."""
import json
import stat
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance import cli
from tests.web.conftest import PASSWORD, FixedClock, Visitor, cookie_of, set_cookie
from webui import create_app
from webui.limits import MAX_SESSIONS, SESSION_S
from webui.security import auth, passwords
from webui.security.auth import Auth, PasswordError

YEAR_S = 365 * 86400
COST = passwords.N  # before the fixtures make it cheap


def test_the_file_is_private_and_holds_no_password(data_dir: Path) -> None:
    Auth(data_dir).set_password(PASSWORD)
    path = data_dir / "web-auth.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    assert json.loads(path.read_text())["password"].startswith("scrypt:")


def test_a_guess_costs_what_it_should() -> None:
    assert (COST, passwords.R, passwords.P) == (1 << 15, 8, 1)


def test_only_the_password_opens(data_dir: Path) -> None:
    found = Auth(data_dir)
    login = found.set_password(PASSWORD)
    assert found.check(PASSWORD) == login
    assert found.check(PASSWORD + "x") is None
    assert found.check("") is None


def test_without_a_password_nothing_opens(data_dir: Path) -> None:
    assert Auth(data_dir).check("") is None


@pytest.mark.parametrize("password", ["", "short", "1234567", "x" * 257])
def test_a_password_too_short_or_too_long_is_refused(data_dir: Path, password: str) -> None:
    with pytest.raises(PasswordError):
        Auth(data_dir).set_password(password)
    assert not (data_dir / "web-auth.json").exists()


def test_the_first_password_can_be_chosen_once(data_dir: Path) -> None:
    Auth(data_dir).set_first_password(PASSWORD)
    with pytest.raises(PasswordError):
        Auth(data_dir).set_first_password("another password")
    assert Auth(data_dir).check(PASSWORD)


def test_a_damaged_file_opens_to_nobody(data_dir: Path) -> None:
    (data_dir / "web-auth.json").write_text('{"secret": "')
    found = Auth(data_dir)
    assert found.stored().password is not None
    assert found.check("") is None and found.check("unreadable") is None
    with pytest.raises(PasswordError):
        found.set_first_password(PASSWORD)


def test_a_session_outlives_a_restart(app: Flask, owner: Visitor, config, data_dir, clock) -> None:
    again = create_app(config, data_dir, clock)
    assert with_cookie(again, cookie_of(owner)).get("/settings").status_code == 200


def test_a_reset_ends_every_session_and_starts_with_a_first_visit(
        app: Flask, owner: Visitor, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert owner.get("/settings").status_code == 200
    assert cli.main(["reset-password", "--data-dir", str(data_dir)]) == 0
    assert owner.get("/settings").location == "/welcome/"
    Visitor(app.test_client()).send("/welcome/", password="a new password", again="a new password")
    assert owner.get("/settings").location.startswith("/login")
    assert (data_dir / "web-auth.json").exists()
    for word in ("the password is forgotten", "no password is set"):     # a second reset finds nothing to forget
        capsys.readouterr()
        assert cli.main(["reset-password", "--data-dir", str(data_dir)]) == 0
        assert word in capsys.readouterr().out and not (data_dir / "web-auth.json").exists()


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(app: Flask, owner: Visitor) -> None:
    other = Visitor(app.test_client()).log_in()
    owner.send("/settings", "/settings/password", old=PASSWORD, new="a new password", again="a new password")
    assert owner.get("/settings").status_code == 200
    assert other.get("/settings").location.startswith("/login")


def with_cookie(app: Flask, value: str) -> FlaskClient:
    """A browser with a copy of somebody's cookie."""
    copy = app.test_client()
    set_cookie(copy, value)
    return copy


def test_a_log_out_ends_the_session_for_every_copy_of_its_cookie(app: Flask, owner: Visitor, config: Path,
                                                                 data_dir: Path, clock: FixedClock) -> None:
    other = Visitor(app.test_client()).log_in()
    copied = cookie_of(owner)
    assert with_cookie(app, copied).get("/settings").status_code == 200
    owner.send("/settings", "/logout")
    assert with_cookie(app, copied).get("/settings").location.startswith("/login")
    assert other.get("/settings").status_code == 200
    again = create_app(config, data_dir, clock)
    assert with_cookie(again, copied).get("/settings").location.startswith("/login")


def test_a_new_password_ends_copies_of_this_browsers_cookie_too(app: Flask, owner: Visitor) -> None:
    copied = cookie_of(owner)
    owner.send("/settings", "/settings/password", old=PASSWORD, new="a new password", again="a new password")
    assert with_cookie(app, copied).get("/settings").location.startswith("/login")


def test_a_session_ends_after_its_time_and_the_oldest_for_a_new_one(data_dir: Path) -> None:
    found = Auth(data_dir)
    login = found.set_password(PASSWORD)
    first = found.begin(login, 1000.0)
    assert found.holds(first, 1000.0 + SESSION_S - 1) and not found.holds(first, 1000.0 + SESSION_S)
    for number in range(MAX_SESSIONS - 1):
        found.begin(login, 1001.0 + number)
    assert found.holds(first, 1100.0)
    found.begin(login, 1100.0)
    assert not found.holds(first, 1100.0)
    assert len(json.loads((data_dir / auth.SESSIONS).read_text())) == MAX_SESSIONS


def test_a_session_opened_while_the_time_is_a_guess_counts_from_when_it_is_known(data_dir: Path) -> None:
    found = Auth(data_dir)
    session = found.begin(found.set_password(PASSWORD), None)
    assert found.holds(session, None) and Auth(data_dir).holds(session, None)
    known = 1000.0 + SESSION_S
    assert found.holds(session, known)
    again = Auth(data_dir)
    assert again.holds(session, known + SESSION_S - 1) and not again.holds(session, known + SESSION_S)
    assert again.holds(session, None)


def test_the_owner_stays_logged_in_when_the_clock_steps_from_a_guess_to_the_time(
        guest: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a first boot: the wizard is open when NTP answers, months after the date that the system started with."""
    true = time.time
    monkeypatch.setenv("SUNTAP_CLOCK_MARK", str(tmp_path / "clock-is-set"))
    monkeypatch.setattr(time, "time", lambda: true() - YEAR_S)
    guest.log_in()
    token = guest.token("/settings")
    (tmp_path / "clock-is-set").touch()
    monkeypatch.setattr(time, "time", true)
    assert guest.get("/settings").status_code == 200
    form = {"csrf_token": token, "old": PASSWORD, "new": "a new password", "again": "a new password"}
    assert guest.client.post("/settings/password", data=form).status_code == 302
    assert guest.get("/settings").status_code == 200


@pytest.mark.parametrize("content", ["", "[]", "7", '{"a": 1}', '{"a": ["x"]}', '{"": ["", 0]}', "\xff"])
def test_a_damaged_file_of_sessions_opens_to_nobody_and_a_login_mends_it(data_dir: Path, content: str) -> None:
    login = Auth(data_dir).set_password(PASSWORD)
    (data_dir / auth.SESSIONS).write_text(content, encoding="latin-1")
    found = Auth(data_dir)
    assert not any(found.holds(number, 1000.0) for number in ("", "a"))
    assert found.holds(found.begin(login, 1000.0), 1000.0)
    assert stat.S_IMODE((data_dir / auth.SESSIONS).stat().st_mode) == 0o600


def test_where_sessions_cannot_be_written_the_owner_gets_in_all_the_same(data_dir: Path) -> None:
    found = Auth(data_dir)
    login = found.set_password(PASSWORD)
    (data_dir / auth.SESSIONS).mkdir()
    number = found.begin(login, 1000.0)
    assert found.holds(number, 1000.0)
    found.end(number)
    assert not found.holds(number, 1000.0)


def test_the_password_changes_only_with_the_old_one(app: Flask, owner: Visitor, data_dir: Path) -> None:
    owner.send("/settings", "/settings/password", old="wrong", new="a new password", again="a new password")
    assert "not the password" in owner.get("/settings").text
    owner.send("/settings", "/settings/password", old=PASSWORD, new="a new password", again="another password")
    assert "not the same" in owner.get("/settings").text
    assert Auth(data_dir).check(PASSWORD)


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(app: Flask, guest: Visitor) -> None:
    answer = guest.send("/login", password=PASSWORD)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie


def test_a_session_from_before_the_login_is_not_taken_over(app: Flask, guest: Visitor) -> None:
    guest.get("/login")
    before = cookie_of(guest)
    guest.log_in()
    assert before != cookie_of(guest)
    assert with_cookie(app, before).get("/settings").status_code == 302
