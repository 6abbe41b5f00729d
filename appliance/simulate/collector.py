"""A simulated collector of the maker: answers uploads with `1002<TAB>time`, keeps them, and fails on request."""
import argparse
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler
from typing import Self

from appliance.simulate.server import Server
from appliance.simulate.uploads import stamp
from appliance.system import clock as clocks

MAX_BODY = 64 << 20


class Mode(Enum):
    """The collector's reaction to an upload."""

    ANSWER = "answer"
    HANG = "hang"                        # takes it, never answers
    REFUSE = "refuse"                    # resets the connection at once
    ERROR = "error"                      # takes it, answers 500
    RESET = "reset"                      # takes it, then resets the connection
    WORDLESS = "wordless"                # takes it, answers 200 without 1002


@dataclass(frozen=True)
class Received:
    """An upload as it arrived."""

    time: float
    path: str
    body: bytes


class Collector:
    """The server; a context manager that serves from threads. Set `mode` at any time."""

    def __init__(self, clock: clocks.Clock | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        """Bind to `host` and `port` (0: any free one). Raises OSError if the port is taken or not allowed."""
        self.clock = clock or clocks.Clock()
        self.mode = Mode.ANSWER
        self.received: list[Received] = []
        self._stopping = threading.Event()
        owner = self

        class Handler(_Handler):
            collector = owner

        self._http = _Server((host, port), Handler)
        self._http.collector = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self.address: tuple[str, int] = (host, self._http.server_port)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def reset(connection: socket.socket) -> None:
    """Close `connection` with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class _Server(Server):
    collector: Collector

    def process_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        if self.collector.mode is Mode.REFUSE:
            reset(request)
            return
        super().process_request(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    collector: Collector

    def do_POST(self) -> None:
        body = self._chunked() if "chunked" in self.headers.get("Transfer-Encoding", "") else self.rfile.read(
            min(MAX_BODY, int(self.headers.get("Content-Length") or 0)))
        collector = self.collector
        mode = collector.mode
        collector.received.append(Received(collector.clock.time(), self.path, body))
        if mode is Mode.HANG:
            collector._stopping.wait()
            self.close_connection = True
            return
        if mode is Mode.RESET:
            reset(self.connection)
            self.close_connection = True
            return
        reply = b"" if mode in (Mode.ERROR, Mode.WORDLESS) else f"1002\t{stamp(collector.clock.time())}\r\n".encode()
        self.send_response(500 if mode is Mode.ERROR else 200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def _chunked(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(64), 16):
            parts.append(self.rfile.read(min(size, MAX_BODY)))
            self.rfile.readline(2)
        self.rfile.readline(64)
        return b"".join(parts)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the uploads are in `received`."""


def main() -> None:
    """Serve until interrupted; the first line printed is HOST:PORT."""
    parser = argparse.ArgumentParser(description="A simulated collector.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], default="answer")
    chosen = parser.parse_args()
    with Collector(clocks.from_environment(), chosen.host, chosen.port) as collector:
        collector.mode = Mode(chosen.mode)
        with contextlib.suppress(KeyboardInterrupt):
            print("{}:{}".format(*collector.address), flush=True)
            threading.Event().wait()


if __name__ == "__main__":
    main()
