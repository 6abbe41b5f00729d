"""One request: headers, form, what is refused before sending, and every odd reply."""
import re
from dataclasses import replace

import pytest

from appliance.pvoutput import client as client_module
from appliance.pvoutput.client import BadCredentials, Client, InsecureUrl
from appliance.pvoutput.replies import Accepted, NetworkTrouble, QuotaExceeded, SettingsRefused
from appliance.settings import PVOutput, Secret
from appliance.simulate.pvoutput import Fault, PvOutput
from appliance.system import heartbeat, http
from tests.cli.command import ROOT
from tests.ports import free_port
from tests.pvoutput.odd import odd_server
from tests.pvoutput.support import KEY, HandClock

ACCOUNT = PVOutput(enabled=True, api_key=Secret(KEY), system_id="12345")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nOK 200: Added Status"


def client_at(url: str) -> Client:
    return Client(replace(ACCOUNT, url=url))


@pytest.mark.parametrize("url", [
    "http://pvoutput.org/service/r2/", "http://192.0.2.7/service/r2/", "ftp://127.0.0.1/", "//127.0.0.1/",
    "http://127.0.0.1.example/", "https://user:pass@pvoutput.org/", "https://pvoutput.org/?key=1", "",
    "http://[2001:db8::1]/",
])
def test_an_address_that_would_show_the_key_is_refused(url: str) -> None:
    with pytest.raises(InsecureUrl):
        client_at(url)


@pytest.mark.parametrize("url", [
    "https://pvoutput.org/service/r2/", "http://127.0.0.1:8081/service/r2", "http://localhost/", "http://[::1]:8/",
])
def test_https_and_this_machine_are_allowed(url: str) -> None:
    client_at(url)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "x" * 200, "ümlaut"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(BadCredentials) as caught:
        Client(replace(ACCOUNT, api_key=Secret(key)))
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("system_id", ["", "12 45", "12345\r\nX: y", "abc"])
def test_a_system_id_that_is_none_is_refused(system_id: str) -> None:
    with pytest.raises(BadCredentials):
        Client(replace(ACCOUNT, system_id=system_id))


def test_the_key_is_in_one_header_and_nowhere_else_on_the_wire() -> None:
    with odd_server(OK) as (url, seen):
        reply = client_at(url).addstatus({"d": "20260509", "t": "12:00", "v1": "5"}, 1)
    assert reply.outcome == Accepted("OK 200: Added Status")
    (request,) = seen
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /service/r2/addstatus.jsp HTTP/1.1"
    assert [line for line in lines if KEY.encode() in line] == [b"X-Pvoutput-Apikey: " + KEY.encode()]
    assert {b"X-Pvoutput-SystemId: 12345", b"X-Rate-Limit: 1"} <= set(lines)
    assert body in (b"", b"d=20260509&t=12%3A00&v1=5&c1=1")


def test_rate_headers_are_read_in_any_case_and_the_date_too() -> None:
    head = (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-rate-limit-REMAINING: 7\r\nX-RATE-LIMIT-LIMIT: 60\r\n"
            b"x-rate-limit-reset: 1778360400\r\ndate: Sat, 09 May 2026 20:00:01 GMT\r\n\r\nOK")
    with odd_server(head) as (url, _):
        reply = client_at(url).getsystem()
    assert reply.quota == client_module.Quota(60, 7, 1778360400.0)
    assert reply.date == 1778356801.0


@pytest.mark.parametrize("headers", [
    b"", b"X-Rate-Limit-Limit: 60\r\n", b"X-Rate-Limit-Limit: many\r\nX-Rate-Limit-Remaining: 3\r\n",
    b"X-Rate-Limit-Limit: 0\r\nX-Rate-Limit-Remaining: 0\r\n",
])
def test_rate_headers_that_are_no_numbers_are_no_headers(headers: bytes) -> None:
    with odd_server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: yesterday\r\n" + headers + b"\r\nOK") as (url, _):
        reply = client_at(url).getsystem()
    assert reply.quota is None and reply.date is None and reply.answered


def test_a_refused_key_and_a_spent_quota_are_outcomes_not_exceptions(server: PvOutput) -> None:
    assert isinstance(Client(replace(ACCOUNT, url=server.url, api_key=Secret("1" * 40))).getsystem().outcome,
                      SettingsRefused)
    server.spend(60)
    outcome = client_at(server.url).getsystem().outcome
    assert isinstance(outcome, QuotaExceeded) and outcome.reset == (server.clock.time() // 3600 + 1) * 3600


@pytest.mark.parametrize("raw", [
    b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK 200: Ad",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nOK 20", b"HTTP/1.1 999 \r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
])
def test_a_reply_that_is_none_or_only_half_is_network_trouble(raw: bytes) -> None:
    with odd_server(raw) as (url, _):
        reply = client_at(url).getsystem()
    assert isinstance(reply.outcome, NetworkTrouble) and not reply.answered and reply.date is None


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with odd_server(OK) as (target, seen), odd_server(
            b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nLocation: " + target.encode()
            + b"\r\n\r\n") as (url, _):
        assert isinstance(client_at(url).getsystem().outcome, NetworkTrouble)
    assert not seen


def test_an_endless_reply_is_given_up_at_its_limit() -> None:
    with odd_server(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, drip=0.001) as (url, _):
        outcome = client_at(url).getsystem().outcome
    assert outcome == NetworkTrouble(client_module.TOO_LONG)


@pytest.mark.parametrize("parts", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"), (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
    (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"), (b"HTTP/1.1 2", b"0"), (b"HTTP/1.1 100 Continue\r\n\r\n",),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", b"\r\nx\r\n1"),
])
def test_a_reply_that_drips_anywhere_is_given_up_as_a_whole(parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes well within the time-out of a read; all of them together never end."""
    monkeypatch.setattr(client_module, "LIMIT_S", 0.3)
    with odd_server(*parts, drip=0.02) as (url, _):
        reply = client_at(url).getsystem()
    assert reply.outcome == NetworkTrouble("the server did not answer in time") and not reply.answered


def test_where_a_server_holds_several_connections_nothing_more_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LIMIT_S", 0.1)
    monkeypatch.setattr(client_module, "_late", [])
    with odd_server(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", drip=0.02) as (url, seen):
        for _ in range(client_module.LATE_THREADS + 3):
            outcome = client_at(url).getsystem().outcome
        assert outcome == NetworkTrouble("the server holds several connections without answering")
        assert len(seen) <= client_module.LATE_THREADS
    for thread in client_module._late:
        thread.join(5)
    assert not any(thread.is_alive() for thread in client_module._late)


def test_no_request_takes_as_long_as_the_watchdogs_wait() -> None:
    """Connecting to two addresses, and the whole reply; the unit's watchdog and the page's are behind that."""
    unit = (ROOT / "image/deb/debian/suntap.suntap-supervisor.service").read_text()
    watchdog_s = int(re.search(r"^WatchdogSec=(\d+)$", unit, re.M)[1])
    longest_s = 2 * http.TIMEOUTS[0] + client_module.LIMIT_S
    assert longest_s + 20 < heartbeat.STALE_S < watchdog_s


def test_a_server_that_never_answers_meets_the_time_out(server: PvOutput, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(0 < seconds <= 60 for seconds in http.TIMEOUTS)
    monkeypatch.setattr(http, "TIMEOUTS", (0.2, 0.2))
    server.fail(Fault.NEVER)
    assert client_at(server.url).getsystem().outcome == NetworkTrouble("the server did not answer in time")


def test_a_name_that_does_not_resolve_and_a_closed_port_are_told() -> None:
    outcome = client_at("https://pvoutput.invalid/").getsystem().outcome
    assert isinstance(outcome, NetworkTrouble)
    outcome = client_at(f"http://127.0.0.1:{free_port()}/").getsystem().outcome
    assert outcome == NetworkTrouble("the connection failed or was closed without a reply")


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server: str) -> None:
    outcome = client_at(tls_server).getsystem().outcome
    assert outcome == NetworkTrouble("TLS failed: the server's certificate could not be verified")


def test_proxies_and_netrc_of_the_environment_never_see_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with odd_server(OK) as (proxy, overheard), odd_server(OK) as (url, seen):
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("HTTP_PROXY", proxy)
        assert isinstance(client_at(url).getsystem().outcome, Accepted)
    assert seen and not overheard


def test_the_servers_words_are_searched_for_the_key() -> None:
    text = f"Unauthorized 401: Invalid API Key {KEY}".encode()
    raw = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
    with odd_server(raw) as (url, _):
        assert client_at(url).getsystem().outcome == SettingsRefused("Invalid API Key ****")


def test_a_batch_is_one_form_field_without_trailing_commas(server: PvOutput, clock: HandClock) -> None:
    rows = [{"d": "20260509", "t": "11:00", "v1": "5", "v2": "60"}, {"d": "20260509", "t": "11:05", "v3": "7"}]
    reply = client_at(server.url).addbatchstatus(list(rows))
    assert reply.outcome == Accepted("20260509,11:00,1;20260509,11:05,1")
    assert server.requests[-1].parameters == {"data": "20260509,11:00,5,60;20260509,11:05,,,7"}
