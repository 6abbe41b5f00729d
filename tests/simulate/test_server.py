"""The HTTP server under the simulated services: no name server is asked, it ends at once, bugs show and lost clients do
not."""
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest

from appliance.simulate.server import Server


class Handler(BaseHTTPRequestHandler):
    """GET /bug is a bug, GET /lost a closed connection, GET /slow never answers."""

    hold = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/bug":
            raise KeyError("a bug")
        if self.path == "/lost":
            raise ConnectionResetError("gone")
        if self.path == "/slow":
            self.hold.wait(30)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def get(server: Server, path: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.server_port), timeout=20)
    client.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
    return client


@pytest.mark.parametrize(("path", "shown"), [("/bug", True), ("/lost", False)])
def test_a_bug_shows_its_traceback_and_a_lost_client_does_not(capfd: pytest.CaptureFixture[str], path, shown) -> None:
    with Server(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        with get(server, path) as client:
            assert client.recv(100) == b""
        server.shutdown()
        serving.join()
    assert ("KeyError" in capfd.readouterr().err) is shown


def test_a_thread_that_does_not_answer_delays_no_end() -> None:
    server = Server(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    with get(server, "/slow"):
        before = time.monotonic()
        server.shutdown()
        server.server_close()
        serving.join()
        assert time.monotonic() - before < 20        # the handler holds on for 30
    Handler.hold.set()


def test_its_name_is_the_address_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda *_: pytest.fail("asks for a name"))
    with Server(("127.0.0.1", 0), Handler) as server:
        assert server.server_name == "127.0.0.1" and server.server_port > 0
