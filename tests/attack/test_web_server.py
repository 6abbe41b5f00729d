"""Who does not read, asks too far ahead, downloads slowly, or lets the journal fill: the page goes on answering."""
import logging
import os
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from tests.web.conftest import PASSWORD, Visitor
from webui import channel
from webui.limits import CONNECTIONS, DOWNLOADS, LOG_BURST, MAX_AHEAD
from webui.security import passwords

Address = tuple[str, int]
STATIC = b"GET /static/vendor/uPlot.iife.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n"


def answers(address: Address) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{address[1]}/static/icon.svg", timeout=20) as answer:
        return answer.status == 200 and len(answer.read()) > 100


def small(connection: socket.socket, address: Address) -> socket.socket:
    """A client that has hardly any room for what it does not read."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(20)
    connection.connect(address)
    return connection


def is_cut_off(connection: socket.socket, within: float = 20.0) -> bool:
    """Whether the other side ends the connection."""
    connection.settimeout(within)
    try:
        while connection.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_who_pipelines_hundreds_of_requests_is_cut_off_and_holds_no_files(served: Address) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with ExitStack() as stack:
        clients = [small(stack.enter_context(socket.socket()), served) for _ in range(20)]
        for client in clients:
            client.sendall(STATIC * 400)
        assert answers(served)
        assert len(os.listdir("/proc/self/fd")) < before + 3 * len(clients)
        assert all(is_cut_off(client) for client in clients)


def test_a_few_requests_ahead_are_answered_in_order(served: Address) -> None:
    with socket.create_connection(served, timeout=20) as client:
        client.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n" * MAX_AHEAD
                       + b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        got = b""
        while piece := client.recv(1 << 16):
            got += piece
    assert got.count(b"HTTP/1.1 200 OK") == MAX_AHEAD + 1


def test_more_connections_than_select_can_hold_do_not_end_the_process(served: Address) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(open("/dev/null")) for _ in range(1100)]     # numbers beyond 1024 for what follows
        clients = [small(stack.enter_context(socket.socket()), served) for _ in range(CONNECTIONS // 2)]
        for client in clients:
            client.sendall(STATIC)
        assert answers(served) and held


def test_a_reader_that_does_not_read_is_cut_off(served: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "READER_S", 0.5)
    with socket.socket() as client:
        small(client, served).sendall(STATIC * 2)
        time.sleep(4)
        assert answers(served)
        got = b""
        try:
            while piece := client.recv(1 << 16):
                got += piece
        except OSError:
            pass
    assert len(got) < 2 * 40_000


def test_slow_downloads_leave_threads_for_the_page(app: Flask, served: Address,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(what: str, first: object, last: object) -> Iterator[str]:
        while True:
            yield "x" * 4096

    monkeypatch.setattr(app.extensions["suntap"], "csv", endless, raising=False)
    monkeypatch.setattr(channel, "READER_S", 3.0)
    ask = (b"GET /export/days.csv?first=2026-01-01&last=2026-05-01 HTTP/1.1\r\nHost: localhost\r\n"
           b"Connection: close\r\n\r\n")
    with ExitStack() as stack:
        clients = [small(stack.enter_context(socket.socket()), served) for _ in range(6)]
        for client in clients:
            client.sendall(ask)
        first = [client.recv(12) for client in clients]
        assert sorted(first) == [b"HTTP/1.1 200"] * DOWNLOADS + [b"HTTP/1.1 503"] * (6 - DOWNLOADS)
        assert answers(served)
        limit = time.monotonic() + 30       # the places are free again once those that do not read are cut off
        while time.monotonic() < limit:
            with socket.create_connection(served, timeout=20) as again:
                again.sendall(ask)
                if again.recv(12) == b"HTTP/1.1 200":
                    break
            time.sleep(.5)
        else:
            pytest.fail("no place became free")


def test_a_flood_of_lines_of_one_kind_fills_no_journal(caplog: pytest.LogCaptureFixture,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(channel.time, "monotonic", lambda: now[0])
    rate, written = channel.LogRate(), []

    def line(number: int) -> None:
        record = logging.LogRecord("waitress", logging.WARNING, "x", 1, "Task queue depth is %d", (number,), None)
        if rate.filter(record):
            written.append(record.getMessage())

    for number in range(10_000):
        line(number)
    assert len(written) == LOG_BURST and written[-1] == f"Task queue depth is {LOG_BURST - 1}"
    now[0] += 60
    line(7)
    assert written[-1] == f"Task queue depth is 7 ({10_000 - LOG_BURST} such lines were left out)"


def test_passwords_are_checked_one_at_a_time_and_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    running_now, most, busy = [0], [0], []
    gate = threading.Event()

    def slow(password: str, salt: str) -> str:
        running_now[0] += 1
        most[0] = max(most[0], running_now[0])
        gate.wait(10)
        running_now[0] -= 1
        return "00"

    monkeypatch.setattr(passwords, "_hash", slow)

    def check() -> None:
        try:
            passwords.check_password_hash("scrypt:1:1:1$a$b", "x")
        except passwords.Busy:
            busy.append(1)

    threads = [threading.Thread(target=check) for _ in range(12)]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + 10
    while len(busy) < 9 and time.monotonic() < limit:
        time.sleep(.01)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert most[0] == 1 and len(busy) == 9


def test_a_password_that_must_wait_is_told_so(guest: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(password: str, salt: str) -> str:
        raise passwords.Busy

    monkeypatch.setattr(passwords, "_scrypt", busy)
    answer = guest.send("/login", password=PASSWORD)
    assert answer.status_code == 429 and "few seconds" in answer.text
