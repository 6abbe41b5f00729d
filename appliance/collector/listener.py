"""waitress around the stand-in: which connections are taken, how many, for how long, with how much in them.

Theory: a connection that the kernel's redirection brought here knows whom it was meant for (SO_ORIGINAL_DST, from
connection tracking): any other one came to this port by itself, from whoever, and is closed unread. The page's way
in is a Unix socket that only its user may open. One loop, few threads; whoever is silent or slow for too long goes,
and of one address no more than a few connections stay, so nobody keeps the PVS out.
"""
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import waitress  # type: ignore[import-untyped]
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.task import ErrorTask, WSGITask  # type: ignore[import-untyped]

from appliance.collector import COLLECTOR_PORT
from appliance.collector.wsgi_app import CLOSE, DESTINATION, StandIn
from appliance.system.files import short_path

MAX_BODY = 4 << 20          # bytes; 60 intervals of 24 inverters out of the flash are 150 kB
MAX_HEAD = 8192             # bytes of a request's header block; the PVS's has 150
IN_MEMORY = 128 << 10       # bytes of a body before it goes to the data directory
CONNECTIONS = 64            # open at once; for one more, the one that is silent for longest goes
PER_ADDRESS = 8             # of one address
REQUEST_S = 60.0            # from a request's first byte to its last
IDLE_S = 30                 # s between two requests of a kept connection
THREADS = 2                 # beside the inbox's one writer at a time
BACKLOG = 128
SO_ORIGINAL_DST = 80        # netfilter's socket option (linux/netfilter_ipv4.h)
COUNTERS = ("connections", "not_redirected", "crowded_out", "too_slow", "too_long", "not_http")

Original = Callable[[socket.socket], str]


def original_destination(connection: socket.socket) -> str:
    """"ADDRESS:PORT" that a redirected connection was meant for; "" for one that was meant for this machine."""
    try:
        answer = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
        here = connection.getsockname()
    except OSError:     # no connection tracking: nothing can have been redirected
        return ""
    port, packed = struct.unpack_from("!2xH4s", answer)
    address = socket.inet_ntoa(packed)
    return "" if port != COLLECTOR_PORT or (address, port) == here[:2] else f"{address}:{port}"


class Listener:
    """The stand-in's sockets, served by a thread of its own. `port` 0: any free one. Raises OSError (port in use)."""

    def __init__(self, app: StandIn, data_dir: Path, page_socket: Path, port: int, host: str = "0.0.0.0",
                 original: Original = original_destination) -> None:
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._original = original
        self._map: dict[int, Any] = {}
        tempfile.tempdir = str(data_dir)    # on the card's image /tmp is memory
        tcp = socket.create_server((host, port), backlog=BACKLOG)
        try:
            page = _unix_server(page_socket)
        except OSError:
            tcp.close()
            raise
        self.port: int = tcp.getsockname()[1]
        self._servers = [self._server(app, tcp), self._server(app, page)]
        self._thread = threading.Thread(target=self._servers[0].run, name="stand-in", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the loop still runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop listening and answering."""
        channels = list(self._map.values())
        # Loop and workers end before the files: they wake each other by a byte into a descriptor.
        self._servers[0].trigger.pull_trigger(self._map.clear)
        self._thread.join(5)
        for server in self._servers:
            server.task_dispatcher.shutdown()
        for channel in channels:
            channel.close()

    def _server(self, app: StandIn, listening: socket.socket) -> Any:
        server = waitress.create_server(
            app, map=self._map, sockets=[listening], threads=THREADS, connection_limit=2 * CONNECTIONS + 8,
            channel_timeout=IDLE_S, cleanup_interval=IDLE_S // 3, ident=None, max_request_body_size=MAX_BODY,
            max_request_header_size=MAX_HEAD, inbuf_overflow=IN_MEMORY, backlog=BACKLOG, asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True)
        server.channel_class = self._channel_class(listening.family == socket.AF_UNIX)
        return server

    def _channel_class(self, is_page: bool) -> type:
        owner = self

        class Task(WSGITask):  # type: ignore[misc]
            """One request."""

            wrote_header: bool
            close_on_finish: bool

            def get_environment(self) -> dict[str, Any]:
                environ: dict[str, Any] = super().get_environment()
                if not is_page:
                    environ[DESTINATION] = self.channel.destination
                environ[CLOSE] = self.end_connection
                return environ

            def end_connection(self) -> None:
                """Say so in this answer, and do it after it."""
                if not self.close_on_finish:
                    self.response_headers.append(("Connection", "close"))
                self.close_on_finish = True

            def build_response_header(self) -> bytes:
                if self.version == "1.1" and not self.close_on_finish and self.request.headers.get(
                        "CONNECTION", "").lower() != "close":
                    self.response_headers.append(("Connection", "keep-alive"))
                head: bytes = super().build_response_header()
                return head

            def write(self, data: bytes) -> None:
                """Head and text of the answer in one segment, as a simple client may expect them."""
                if self.wrote_header:
                    super().write(data)
                    return
                self.channel.write_soon(self.build_response_header() + data)
                self.wrote_header = True
                self.content_bytes_written += len(data)

        class Refusal(ErrorTask):  # type: ignore[misc]
            """waitress's own answer: 400, 413, 431."""

            def execute(self) -> None:
                owner.counters["too_long" if self.request.error.code in (413, 431) else "not_http"] += 1
                super().execute()

        class Channel(HTTPChannel):  # type: ignore[misc]
            """One connection."""

            task_class, error_task_class = Task, Refusal
            will_close: bool
            began = 0.0         # when the first byte of the request came that is being read
            destination = ""

            def __init__(self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: Any = None) -> None:
                super().__init__(server, sock, addr, adj, map=map)
                owner.counters["connections"] += 1
                if not is_page:
                    self.destination = owner._original(sock)
                    if not self.destination:
                        owner.counters["not_redirected"] += 1
                        self.handle_close()
                        return
                    owner._make_room(list(server.active_channels.values()), self)

            def received(self, data: bytes) -> bool:
                if self.request is None:
                    self.began = time.monotonic()
                return bool(super().received(data))

            def readable(self) -> bool:
                if self.request is not None and time.monotonic() - self.began > REQUEST_S and not self.will_close:
                    owner.counters["too_slow"] += 1
                    self.will_close = True
                return bool(super().readable())

        return Channel

    def _make_room(self, channels: list[Any], new: Any) -> None:
        """One connection more than is allowed, of this address or of all: the one silent for longest goes."""
        same = [channel for channel in channels if channel.addr[0] == new.addr[0]]
        for crowd, limit in ((same, PER_ADDRESS), (channels, CONNECTIONS)):
            idle = [channel for channel in crowd if channel is not new and not channel.requests and channel.connected]
            if len(crowd) > limit and idle:
                self.counters["crowded_out"] += 1
                min(idle, key=lambda channel: channel.last_activity).handle_close()


def _unix_server(path: Path) -> socket.socket:
    """The page's socket: its group may open it. One that a killed process left is replaced."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    try:
        with short_path(path) as name:
            listening.bind(name)
        path.chmod(0o660)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
