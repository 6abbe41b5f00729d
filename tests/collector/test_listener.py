"""Bounds on connections, bodies and time: who misbehaves is refused or goes, and the true PVS is served meanwhile."""
import socket
import threading
import time

import pytest

from appliance.collector import listener
from appliance.simulate import uploads
from tests.cli.processes import wait_for
from tests.collector.support import answer_on, serving

BODY = b"100\tSPMS\n102\tx\n"


@pytest.fixture
def served(tmp_path):
    with serving(tmp_path / "data") as made:
        yield made


def head(length: object, *more: str) -> bytes:
    lines = [f"POST {uploads.DATA} HTTP/1.1", "Host: x", f"Content-Length: {length}", *more]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def test_a_connection_that_was_not_redirected_is_closed_unread(tmp_path):
    with serving(tmp_path / "data", original=listener.original_destination) as served:
        assert served.raw(uploads.post(BODY).wire) == b""
        assert served.listener.counters["not_redirected"] == 1
        assert sum(served.app.counters.values()) == 0


def test_a_body_over_the_limit_is_refused_with_413_before_it_is_taken(served):
    answer = served.raw(head(listener.MAX_BODY + 1) + b"x" * 1000)
    assert answer.split()[1] == b"413" and served.listener.counters["too_long"] == 1


def test_an_endless_chunked_body_is_cut_off(served):
    with socket.create_connection(served.address, 10) as connection:
        connection.sendall(f"POST {uploads.DATA} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(4 * listener.MAX_BODY // 0x10000):
                connection.sendall(chunk)
        except OSError:
            pass
    wait_for(lambda: served.listener.counters["too_long"] == 1)
    assert served.send(BODY) == 1


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999999999999999999", "5, 6"])
def test_a_wrong_content_length_is_refused(served, length):
    answer = served.raw(head(length) + BODY)
    assert answer.split()[1] in (b"400", b"413", b"501")
    assert served.app.counters["answered"] == 0 and served.send(BODY) == 1


def test_endless_headers_are_refused(served):
    answer = served.raw(head(5, *(f"X-{number}: {'y' * 100}" for number in range(200))))
    assert answer.split()[1] == b"431" and served.listener.counters["too_long"] == 1


def test_bytes_that_come_too_slowly_end_the_connection(served, monkeypatch):
    monkeypatch.setattr(listener, "REQUEST_S", 0.5)
    with socket.create_connection(served.address, 10) as connection:
        connection.sendall(head(10_000))
        end = time.monotonic() + 20
        with pytest.raises(OSError):
            while time.monotonic() < end:
                connection.sendall(b"x")
                time.sleep(0.05)
    assert served.listener.counters["too_slow"] == 1


def test_a_thousand_connections_do_not_keep_the_pvs_out(tmp_path):
    with serving(tmp_path / "data") as served:
        crowd = []
        for number in range(1000):
            connection = socket.socket()
            connection.bind((f"127.0.0.{2 + number % 100}", 0))
            connection.connect(served.address)
            connection.sendall(b"POST /")
            crowd.append(connection)
        assert served.send(BODY) == 1
        wait_for(lambda: served.listener.counters["crowded_out"] >= 1000 - listener.CONNECTIONS)
        for connection in crowd:
            connection.close()


def test_of_one_address_only_a_few_connections_stay(served):
    first = socket.create_connection(served.address, 10)
    crowd = [socket.create_connection(served.address, 10) for _ in range(listener.PER_ADDRESS)]
    wait_for(lambda: served.listener.counters["crowded_out"] == 1)
    assert answer_on(first) == b""
    for connection in [first, *crowd]:
        connection.close()


def test_uploads_at_once_are_each_answered_and_stored(served):
    done: list[int] = []
    threads = [threading.Thread(target=lambda name=name: done.append(
        served.send(*(b"100\tSPMS\n%d-%d\n" % (name, number) for number in range(20))))) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [20] * 6 and len(set(served.stored())) == 120


def test_after_close_the_port_is_free_and_the_loop_has_ended(tmp_path):
    with serving(tmp_path / "data") as served:
        assert served.send(BODY) == 1
    assert not served.listener.alive
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(served.address)
