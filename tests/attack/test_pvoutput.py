"""A PVOutput that lies about the time or packs a bomb, and an address that would like to have the key."""
import gzip
import tracemalloc
from datetime import date

import pytest

from appliance import settings
from appliance.outputs import http
from appliance.outputs.contract import OutputError
from appliance.pvoutput import outbox, servertime
from appliance.pvoutput.client import Client
from appliance.pvoutput.replies import NetworkTrouble
from appliance.settings import PVOutput, Secret
from appliance.system.clock import Clock
from tests.ledger.support import NOON
from tests.pvoutput.odd import odd_server
from tests.pvoutput.support import KEY
from tests.web.conftest import Visitor
from webui.security.key_host import moved

YEAR = 365 * 86400
BOMB_BYTES = 16 << 20


@pytest.fixture
def right(monkeypatch) -> Clock:
    """A clock that stands at noon."""
    monkeypatch.setattr(Clock, "time", lambda self: NOON)
    return Clock()


def test_one_date_that_contradicts_a_set_clock_is_not_acted_on_and_the_same_again_is(box, right):
    assert servertime.learn(box.store, right, NOON).server == NOON
    assert abs(servertime.learn(box.store, right, NOON + YEAR).server - NOON) < 5
    assert abs(servertime.learn(box.store, right, NOON).server - NOON) < 5
    assert abs(servertime.learn(box.store, right, NOON + 2 * YEAR).server - NOON) < 5
    assert servertime.learn(box.store, right, NOON + 2 * YEAR).server == NOON + 2 * YEAR


def test_a_first_date_that_contradicts_a_set_clock_leaves_the_clock(box, right):
    assert servertime.learn(box.store, right, NOON - YEAR).server == NOON


def test_a_clock_that_is_a_guess_contradicts_nothing(box, right, monkeypatch):
    monkeypatch.setattr(servertime, "is_set", lambda: False)
    assert servertime.learn(box.store, right, NOON + YEAR).server == NOON + YEAR


def test_rows_that_a_wrong_time_expired_come_back_with_the_right_one(box):
    box.store.execute("INSERT INTO outbox (time, day, state) VALUES (?, '2026-05-09', 'waiting')", (NOON,))
    assert outbox.expire(box.store, "", date(2027, 5, 9), 14) == 1
    outbox.expire(box.store, "", date(2026, 5, 10), 14)
    assert box.store.execute("SELECT state, reason FROM outbox").fetchall() == [("waiting", "")]


@pytest.mark.parametrize(("changes", "told"), [
    ({"pvoutput.url": "https://evil.example/service/r2"}, True), ({"pvoutput.url": "http://127.0.0.1:9/"}, True),
    ({"pvoutput.url": "https://pvoutput.org/service/r2"}, False), ({"pvoutput.url": "https://pvoutput.org:444/"}, True),
    ({"pvoutput.url": "https://evil.example/", "pvoutput.api_key": Secret("new")}, False),
    ({"pvoutput.system_id": "5"}, False), ({"pvoutput.url": "https://[::1"}, True)])
def test_a_stored_key_goes_to_its_own_host_alone(changes, told, tmp_path):
    settings.update(tmp_path / "suntap.toml", {"pvoutput.api_key": "abcdef", "pvoutput.system_id": "7"})
    assert bool(moved(settings.load(tmp_path / "suntap.toml"), changes)) is told
    assert moved(settings.Settings(), changes) == ""


@pytest.mark.parametrize(("url", "told"), [
    ("mqtts://192.0.2.1:8883", False), ("mqtt://192.0.2.1:8883", True), ("mqtts://192.0.2.1:8884", True), ("", False)])
def test_a_stored_password_does_not_go_in_the_clear_where_it_went_encrypted(url, told, tmp_path):
    settings.update(tmp_path / "suntap.toml", {"mqtt.url": "mqtts://192.0.2.1:8883", "mqtt.username": "u",
                                               "mqtt.password": "secret"})
    assert bool(moved(settings.load(tmp_path / "suntap.toml"), {"mqtt.url": url})) is told


@pytest.mark.parametrize(("url", "told"), [
    ("mailto:me@example.org?smtp=smtps://me@mail.example.org:465", False),
    ("mailto:you@example.org?smtp=smtps://me@mail.example.org:465", False),
    ("mailto:me@example.org?smtp=smtps://me@evil.example:465", True),
    ("mailto:me@example.org?smtp=smtp://me@mail.example.org:465", True), ("https://mail.example.org/", True),
    ("MAILTO:me@example.org?smtp=smtps://evil.example", True), ("mailto:[?smtp=x", True),
    ("mailto:x?a&b&c&d&e&f", True)])
def test_the_password_of_a_mail_server_goes_to_no_other(url, told, tmp_path):
    settings.update(tmp_path / "suntap.toml", {
        "notify.url": "mailto:me@example.org?smtp=smtps://me@mail.example.org:465", "notify.token": "secret"})
    assert bool(moved(settings.load(tmp_path / "suntap.toml"), {"notify.url": url})) is told


@pytest.mark.parametrize("url", [
    "http://pvoutput.org/", "https://pvoutput.org@evil.example/", "https://pvoutput.org\\@evil.example/",
    "https://evil.example#pvoutput.org", "https://evil.example?@pvoutput.org", "https://pvoutput.org%2eevil.example/",
    "//evil.example", "https://pvoutput.org\t.evil.example/"])
def test_an_address_that_only_looks_like_the_keys_host_is_another(url, tmp_path):
    settings.update(tmp_path / "suntap.toml", {"pvoutput.api_key": "abcdef", "pvoutput.system_id": "7"})
    assert moved(settings.load(tmp_path / "suntap.toml"), {"pvoutput.url": url})


def test_neither_test_nor_save_sends_the_stored_key_elsewhere(owner: Visitor, config) -> None:
    settings.update(config, {"pvoutput.api_key": "abcdef", "pvoutput.system_id": "7"})
    form = {"pvoutput.url": "http://127.0.0.1:9/", "pvoutput.api_key": "", "pvoutput.system_id": "7"}
    for action in ("/pvoutput/test", "/settings/pvoutput"):
        answer = owner.send("/settings", action, **form)
        assert "enter the key again" in answer.text, action
    assert settings.load(config).pvoutput.url == settings.Settings().pvoutput.url


@pytest.mark.parametrize("packed", ["gzip, gzip", "GZIP,gzip", "deflate", "br"])
def test_a_reply_that_is_packed_though_nobody_asked_is_not_unpacked(packed):
    bomb = gzip.compress(gzip.compress(bytes(BOMB_BYTES)))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {packed}\r\nContent-Length: {len(bomb)}\r\n\r\n"
    with odd_server(head.encode() + bomb) as (url, seen):
        tracemalloc.start()
        reply = Client(PVOutput(enabled=True, api_key=Secret(KEY), system_id="12345", url=url)).getoutput("1", "2")
        with pytest.raises(OutputError, match="packed its reply"):
            http.request("POST", url, b"x", {}, Secret("hidden"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert isinstance(reply.outcome, NetworkTrouble) and peak < BOMB_BYTES // 2
    assert all(b"accept-encoding: identity\r\n" in request.lower() for request in seen) and len(seen) == 2
