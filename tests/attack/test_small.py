"""Small doors: cells that are formulas, names that are not ours, numbers without end, pipes, no addresses."""
import os
import socket
import threading

import pytest

from appliance import settings
from appliance.history.export import harmless
from appliance.system import heartbeat
from tests.web.conftest import Visitor
from webui.security.headers import host_is_ours


@pytest.mark.parametrize("text", ["=1+1", "a;=1+1", "a\t=1+1", "a;\t@x", "+x", "1;-x", " =1", 'a;"=1', "a\n=1", "\t=2"])
def test_no_cell_is_a_formula_wherever_it_is_split(text: str) -> None:
    for separator in (";", "\t", "\n"):
        for cell in harmless(text).split(separator):
            assert cell.lstrip(' "\t;\n')[:1] not in ("=", "+", "@")


@pytest.mark.parametrize("text", ["12.5", "-12.5", "a;-1", "AC_Module_Type_C\t\t12", "2026-05-09T12:00:00-07:00", ""])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("host", ["[::1].evil.example", "evil/.local", "evil.example#.local", "a@b.local", "x y.local",
                                  "evil.example?.lan", "[::1]evil", "::1].local", "evil\\.local", "[fe80::1%25x/]", ""])
def test_a_host_that_only_looks_like_ours_is_not(host: str) -> None:
    assert not host_is_ours(host)


@pytest.mark.parametrize("host", ["suntap.local", "192.0.2.7", "192.0.2.7:8080", "[2001:db8::7]", "[2001:db8::7]:81",
                                  "localhost:5000", "SUNTAP.LOCAL."])
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
