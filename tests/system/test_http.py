"""An exchange with somebody else's server has bounds, and every way in which it fails has a kind."""
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from appliance.system import http
from appliance.system.http import NoAnswer, Trouble
from tests.cli.command import ROOT, environment
from tests.pvoutput.odd import odd_server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"


def trouble(url: str, **more: object) -> NoAnswer:
    with pytest.raises(NoAnswer) as raised:
        http.exchange("GET", url, None, {}, 1000, **more)
    return raised.value


def test_an_answer_has_its_status_its_headers_in_any_case_and_its_body():
    with odd_server(b"HTTP/1.1 418 I\r\nX-One: 1\r\nContent-Length: 3\r\n\r\nabc") as (url, asked):
        answer = http.exchange("POST", url, b"body", {"X-Two": "2"}, 1000)
    assert (answer.status, answer.headers["x-one"], answer.body, answer.whole) == (418, "1", b"abc", True)
    assert asked[0].startswith(b"POST /service/r2/ ")
    assert b"X-Two: 2\r\n" in asked[0] and b"Content-Length: 4\r\n" in asked[0]
    assert b"Accept-Encoding: identity\r\n" in asked[0]


@pytest.mark.parametrize(("length", "whole"), [(1000, True), (1001, False), (9 << 20, False)])
def test_no_more_than_the_wanted_bytes_are_kept(length, whole):
    with odd_server(OK % (length, b"x" * length)) as (url, _):
        answer = http.exchange("GET", url, None, {}, 1000)
    assert (len(answer.body), answer.whole) == (1000, whole)


def test_a_body_that_drips_is_read_for_its_time_and_no_longer(monkeypatch):
    monkeypatch.setattr(http, "LIMIT_S", -1.0)
    with odd_server(OK % (2, b"ab")) as (url, _):
        assert not http.exchange("GET", url, None, {}, 1000).whole


def test_a_packed_answer_is_not_unpacked():
    with odd_server(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc") as (url, _):
        told = trouble(url)
    assert told.trouble is Trouble.OTHER and "'gzip'" in told.detail


def test_a_redirect_is_not_followed():
    with odd_server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as (url, _):
        assert http.exchange("GET", url, None, {}, 1000).status == 302


def test_no_proxy_and_no_netrc_comes_between(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hidden\n")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with odd_server(OK % (0, b"")) as (url, asked):
        assert http.exchange("GET", url, None, {}, 1000).status == 200
    assert b"authorization" not in asked[0].lower()


def test_the_secret_is_put_in_last():
    with odd_server(OK % (0, b"")) as (url, asked):
        http.exchange("GET", url, None, {}, 1000, lambda: {"X-Key": "hidden"})
    assert b"X-Key: hidden\r\n" in asked[0]


def test_what_broke_off_is_told_from_what_never_came():
    with odd_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") as (url, _):
        assert trouble(url).trouble is Trouble.HALF
    with odd_server(b"") as (url, _):
        assert trouble(url).trouble is Trouble.CLOSED
    assert trouble(url).trouble is Trouble.REFUSED


def test_a_request_that_was_made_loads_nothing_that_guesses_what_a_text_is_written_in():
    code = ("import sys, appliance.pvoutput.client; from appliance.system import http\n"
            "try: http.exchange('POST', 'http://127.0.0.1:1/', {'a': 'b'}, {}, 9)\n"
            "except http.NoAnswer as error: print(error.trouble.name, {'chardet', 'requests'} & sys.modules.keys())")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
                          env=environment())
    assert done.stdout == "REFUSED set()\n"


def test_a_form_and_an_address_are_sent_with_what_is_no_letter_in_them_written_out():
    with odd_server(OK % (0, b"")) as (url, asked):
        http.exchange("POST", f"{url}caf\u00e9 1", {"d": "20261129", "t": "a b;c&d=\u00e9"}, {}, 1000)
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /service/r2/caf%C3%A9%201 HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in head + b"\r\n"
    assert body in (b"d=20261129&t=a+b%3Bc%26d%3D%C3%A9", b"")      # sent apart


@pytest.mark.parametrize("url", ["http://", "http:///nowhere", "nowhere", "ftp://127.0.0.1/", "http://[::1", "http://127.0.0.1:99999/"])
def test_what_is_no_address_is_an_answer_that_did_not_come(url):
    assert trouble(url).trouble in (Trouble.OTHER, Trouble.CLOSED, Trouble.NO_NAME)


def test_a_header_that_would_be_two_is_not_sent():
    with odd_server(OK % (0, b"")) as (url, asked), pytest.raises(NoAnswer):
        http.exchange("GET", url, None, {"X-One": "1\r\nX-Two: 2"}, 1000)
    assert asked == [] or b"X-Two" not in asked[0]


def test_silence_ends(monkeypatch):
    monkeypatch.setattr(http, "TIMEOUTS", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert trouble(f"http://127.0.0.1:{listener.getsockname()[1]}/").trouble is Trouble.SILENT


def test_a_name_that_nobody_knows_is_said():
    assert trouble("http://nobody.invalid/").trouble is Trouble.NO_NAME


def test_a_server_without_tls_is_no_tls_server():
    with odd_server(b"no TLS here, thank you\r\n") as (url, _):
        assert trouble(url.replace("http:", "https:")).trouble is Trouble.TLS


def test_a_certificate_of_its_own_making_is_not_believed(tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve() -> None:
        with suppress(OSError):
            context.wrap_socket(listener.accept()[0], server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert trouble(f"https://127.0.0.1:{listener.getsockname()[1]}/").trouble is Trouble.TLS
        thread.join(10)


def test_neither_the_page_nor_the_supervisor_process_loads_urllib3_before_it_asks_somebody():
    code = "import sys, webui.server, appliance.supervisor.process; print('urllib3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
                          env=environment())
    assert done.stdout == "False\n"


def fetched(url: str, limit_s: float = 5.0) -> bytes:
    found = b""
    with http.download(url, limit_s) as body:
        while piece := body.read(100):
            found += piece
    return found


def test_a_download_is_read_in_pieces():
    with odd_server(OK % (250, b"x" * 250)) as (url, asked):
        assert fetched(url) == b"x" * 250
    assert asked[0].startswith(b"GET ") and b"Accept-Encoding: identity" in asked[0]


@pytest.mark.parametrize("reply", [(OK % (250, b"x" * 10), b"x"), (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"), (b"H", b"x")],
                         ids=["body", "header", "first line"])
def test_whatever_of_a_download_drips_it_ends_in_time(reply):
    with odd_server(*reply, drip=0.02) as (url, _), pytest.raises(NoAnswer) as raised:
        fetched(url, 0.4)
    assert raised.value.trouble is Trouble.SLOW


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\nX-Long: ", b"H"], ids=["header", "first line"])
def test_an_answer_whose_head_drips_ends_in_time(monkeypatch, begun):
    monkeypatch.setattr(http, "LIMIT_S", -9.6)
    monkeypatch.setattr(http, "TIMEOUTS", (5.0, 5.0))
    with odd_server(begun, b"x", drip=0.02) as (url, _):
        assert trouble(url).trouble is Trouble.SILENT


def test_a_download_that_ends_in_the_middle_is_told_from_a_whole_one():
    with odd_server(OK % (250, b"x" * 120)) as (url, _), pytest.raises(NoAnswer) as raised:
        fetched(url)
    assert raised.value.trouble is Trouble.HALF
