"""Starting the page: a busy port or a wrong address is one line and exit code 1."""
import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from appliance import settings
from appliance.system.clock import Clock
from tests.ports import free_port
from tests.web.conftest import Visitor, cookie_of, running
from webui.limits import CONNECTIONS, MAX_BODY
from webui.security.headers import HEADERS
from webui.server import listen, serve

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(app: Flask) -> Iterator[tuple[str, int]]:
    """The application behind a real socket: its address."""
    server = listen(app, "127.0.0.1", 0)
    with running(server):
        yield "127.0.0.1", server.effective_port


def usage(free: int) -> SimpleNamespace:
    return SimpleNamespace(free=free)


def answer_to_headers(address: tuple[str, int], *lines: str, patience_s: float = 30) -> bytes:
    """The status line of what comes back when only the headers of a request are sent; empty when nothing comes."""
    with socket.create_connection(address, timeout=patience_s) as connection:
        connection.sendall("\r\n".join([*lines, "Host: localhost", "", ""]).encode())
        try:
            return connection.recv(4096).split(b"\r\n")[0]
        except TimeoutError:
            return b""


@pytest.mark.parametrize("path", ["/login", "/settings/restore", "/static/style.css", "/nothing"])
def test_a_strangers_large_body_is_refused_before_it_is_sent(served: tuple[str, int], path: str) -> None:
    assert b" 413 " in answer_to_headers(served, f"POST {path} HTTP/1.1", f"Content-Length: {MAX_BODY + 1}")
    assert b" 413 " in answer_to_headers(served, f"POST {path} HTTP/1.1", f"Content-Length: {MAX_BODY + 1}",
                                         "Cookie: suntap=eyJsb2dpbiI6IiJ9.aaaaaa.bbbb")


def test_a_strangers_endless_body_ends_at_the_limit(served: tuple[str, int]) -> None:
    with socket.create_connection(served, timeout=20) as connection:
        connection.sendall(b"POST /settings/restore HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk, sent = b"10000\r\n" + bytes(0x10000) + b"\r\n", 0
        with contextlib.suppress(ConnectionError):
            while sent < 64 * MAX_BODY:
                connection.sendall(chunk)
                sent += 0x10000
    assert sent < 64 * MAX_BODY


def test_only_the_owner_may_send_a_large_backup_and_only_to_be_restored(served: tuple[str, int],
                                                                        owner: Visitor) -> None:
    cookie, large = f"Cookie: suntap={cookie_of(owner)}", f"Content-Length: {2 * MAX_BODY}"
    assert answer_to_headers(served, "POST /settings/restore HTTP/1.1", large, cookie,
                             patience_s=2) == b""  # it waits for the body
    assert b" 413 " in answer_to_headers(served, "POST /settings/site HTTP/1.1", large, cookie)


@pytest.mark.parametrize("path", ["/settings/update", "/settings/restore", "/settings/update/check"])
def test_a_file_that_the_disk_has_no_room_for_is_refused_before_it_is_sent_with_the_reason(
        served: tuple[str, int], owner: Visitor, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """waitress would take it in whole, to where the history grows."""
    monkeypatch.setattr("webui.handovers.disk_usage", lambda folder: usage(50 << 20))
    cookie = f"Cookie: suntap={cookie_of(owner)}"
    with socket.create_connection(served, timeout=20) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}\r\n"
                           f"Content-Length: {2 * MAX_BODY}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(8192), b""))     # it closes
    assert b" 413 " in answer.split(b"\r\n")[0] and b"no room for this file" in answer
    monkeypatch.setattr("webui.handovers.disk_usage", lambda folder: usage(70 << 20))
    assert answer_to_headers(served, f"POST {path} HTTP/1.1", f"Content-Length: {2 * MAX_BODY}", cookie,
                             patience_s=2) == b""  # it waits for the body


@pytest.mark.parametrize(("request_line", "header", "status"), [
    ("POST /login HTTP/1.1", f"Content-Length: {MAX_BODY + 1}", b" 413 "), ("GET / HTTP/1.1", "no colon", b" 400 "),
    ("GET / HTTP/1.1", "X: " + "x" * 300_000, b" 431 ")])
def test_what_the_server_refuses_by_itself_has_the_headers_too(served: tuple[str, int], request_line: str,
                                                              header: str, status: bytes) -> None:
    with socket.create_connection(served, timeout=20) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(f"{request_line}\r\nHost: localhost\r\n{header}\r\n\r\n".encode())
        answer = connection.recv(8192)
        assert status in answer.split(b"\r\n")[0]
        for name, value in HEADERS.items():
            assert f"{name}: {value}".lower().encode() in answer.lower(), name


@pytest.mark.parametrize("beginning", [b"", b"GET / HTTP/1.1\r\nHost: loc"], ids=["silent", "half a request"])
def test_idle_connections_keep_nobody_out(served: tuple[str, int], beginning: bytes) -> None:
    """Half as many again as are kept open: each newcomer is answered, and the oldest silent ones are closed for it."""
    with contextlib.ExitStack() as stack:
        idle = []
        for _ in range(CONNECTIONS * 3 // 2):
            idle.append(stack.enter_context(socket.create_connection(served, timeout=20)))
            idle[-1].sendall(beginning)
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{served[1]}/static/icon.svg", timeout=20) as answer:
                assert answer.status == 200
        assert idle[0].recv(1) == b""
        idle[-1].sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n" if not beginning
                         else b"alhost\r\n\r\n")
        assert idle[-1].recv(9) == b"HTTP/1.1 "


def start(config: Path, data_dir: Path, **web: object) -> int:
    loaded = settings.load(config)
    return serve(replace(loaded, web=replace(loaded.web, **web)), config, data_dir, Clock())


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    text = capsys.readouterr().err
    assert text.count("\n") == 1 and "Traceback" not in text
    return text


def test_a_busy_port_is_one_line(config: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert start(config, data_dir, host="127.0.0.1", port=port) == 1
    assert f"127.0.0.1:{port} is in use" in one_line(capsys)


def test_an_address_of_another_machine_is_one_line(config: Path, data_dir: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    assert start(config, data_dir, host="192.0.2.1", port=8080) == 1
    assert "no address of this machine" in one_line(capsys)


@pytest.mark.root
def test_a_port_without_the_right_to_it_is_one_line(config: Path, data_dir: Path) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 81:
        pytest.skip("only for kernels that keep ports below 1024 for root")
    code = ("import sys; from tests.web.test_server import start; from pathlib import Path;"
            f"sys.exit(start(Path({str(config)!r}), Path({str(data_dir)!r}), host='127.0.0.1', port=81))")
    done = subprocess.run(["setpriv", "--bounding-set=-net_bind_service", sys.executable, "-c", code], cwd=ROOT,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "no right to listen" in done.stderr and done.stderr.count("\n") == 1


def test_a_settings_file_that_is_none_is_one_line(config: Path, data_dir: Path,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    loaded = settings.load(config)
    config.write_text("web = 3\n")
    assert serve(loaded, config, data_dir, Clock()) == 1
    assert "web" in one_line(capsys)


def test_it_serves_until_it_is_told_to_stop(config: Path, data_dir: Path) -> None:
    port = free_port()
    settings.update(config, {"web.host": "127.0.0.1", "web.port": port})
    process = subprocess.Popen([sys.executable, "-m", "appliance.cli", "run", "--config", str(config),
                                "--data-dir", str(data_dir), "web"], cwd=ROOT)
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/static/icon.svg", timeout=30) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert process.poll() is None
                time.sleep(.1)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
