"""Small doors: cells that are formulas, names that are not ours, numbers without end, pipes, no addresses."""
import os
import socket
import threading
import unicodedata

import pytest

from appliance import settings
from appliance.history.export import harmless
from appliance.system import heartbeat
from tests.web.conftest import Visitor
from webui.security.headers import host_is_ours


@pytest.mark.parametrize("text", ["=1+1", "a;=1+1", "a\t=1+1", "a;\t@x", "+x", "1;-x", " =1", 'a;"=1', "a\n=1", "\t=2",
                                  "\r=1", "\xa0=1", "\u200b=1", "\ufeff@x", "\u202e+1", "\x01=1", "a;\u3000=1", "--1+x",
                                  "\uff1d1+1", "\uff0b1", "\uff20x", "\uff0d1+x", "\ufe66x", " \uff1d1"])
def test_no_cell_is_a_formula_wherever_it_is_split(text: str) -> None:
    for separator in (";", "\t", "\n"):
        for cell in harmless(text).split(separator):
            seen = "".join(sign for sign in cell if sign.isprintable() and not sign.isspace()).lstrip('";')
            assert unicodedata.normalize("NFKC", seen[:1]) not in ("=", "+", "@", "-")


@pytest.mark.parametrize("text", ["12.5", "-12.5", "a;-1", "AC_Module_Type_C\t\t12", "2026-05-09T12:00:00-07:00", ""])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("host", ["[::1].evil.example", "evil/.local", "evil.example#.local", "a@b.local", "x y.local",
                                  "evil.example?.lan", "[::1]evil", "::1].local", "evil\\.local", "[fe80::1%25x/]", "",
                                  "a..local", f"{'a' * 64}.local", f"{'a.' * 130}local", "..local",
                                  "2130706433", "0x7f.1", "localhost:", "localhost:80:80", "localhost, evil.example"])
def test_a_host_that_only_looks_like_ours_is_not(host: str) -> None:
    assert not host_is_ours(host)


@pytest.mark.parametrize("host", ["suntap.local", "192.0.2.7", "192.0.2.7:8080", "[2001:db8::7]", "[2001:db8::7]:81",
                                  "localhost:5000", "SUNTAP.LOCAL.", "a-b_c.lan", f"{'a' * 63}.local"])
def test_ours_is(host: str) -> None:
    assert host_is_ours(host)


@pytest.mark.parametrize("target", ["http://[", "http://[::1", "//[", "http://[x]:y/"])
def test_an_address_that_is_none_gets_an_answer(served: tuple[str, int], target: str) -> None:
    with socket.create_connection(served, timeout=20) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert client.recv(12)[9:10] in (b"2", b"3", b"4")


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "1e5", "٣", "1_0"])
def test_a_number_that_is_none_is_a_bad_request(owner: Visitor, number: str) -> None:
    answer = owner.send("/settings", "/pvoutput/row", name="retry", time=number)
    assert answer.status_code == 400
    assert owner.send("/settings", "/settings/capture", **{"capture.buffer_mib": "9" * 5000}).status_code == 422


def test_a_pipe_in_the_data_directory_keeps_nobody_waiting(tmp_path) -> None:
    os.mkfifo(tmp_path / "web-status.json")
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.append(heartbeat.read("web", tmp_path)), daemon=True)
    thread.start()
    thread.join(20)
    assert done == [None]


def test_healthz_quotes_nothing_to_a_stranger(guest: Visitor, owner: Visitor, config) -> None:
    settings.load(config)
    config.write_text('[pvoutput]\napi_key = "secret-part\n')
    for reason in guest.get("/healthz").json["reasons"]:
        assert " " not in reason and "secret" not in reason
    assert any(": " in reason for reason in owner.get("/healthz").json["reasons"])


@pytest.mark.parametrize("host", ["a..local", f"{'a' * 300}.local", "evil.example"])
def test_a_foreign_or_broken_host_is_told_so_before_anything_is_done(served: tuple[str, int], host: str) -> None:
    with socket.create_connection(served, timeout=20) as client:
        client.sendall(f"GET /login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert client.recv(12)[9:] == b"421"


@pytest.mark.parametrize("framing", ["Content-Length: 6\r\nTransfer-Encoding: chunked",
                                     "Transfer-Encoding: chunked\r\nContent-Length: 6",
                                     "Content-Length: 6\r\nContent-Length: 0", "Transfer-Encoding: xchunked"])
def test_a_request_whose_end_two_readers_may_see_elsewhere_is_refused_with_all_behind_it(
        served: tuple[str, int], framing: str) -> None:
    with socket.create_connection(served, timeout=20) as client:
        client.sendall(f"POST /login HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n0\r\n\r\n"
                       "GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        got = b""
        while piece := client.recv(1 << 16):
            got += piece
    assert got.count(b"HTTP/1.1 ") == 1 and got[9:12] in (b"400", b"501")
