"""Serves the application with waitress: a few threads, bounded queues, one-line errors.

waitress takes in a whole body before the application hears of the request, so what a body may have is decided here,
when its headers are read: the owner's backups and updates are large, a PVS's uploads less so (module collector),
everything else is a form, and so is whatever a stranger sends. Bodies that do not fit in memory wait in the data
directory: on the card's image /tmp is memory. So one that the data partition has no room for is refused as well, before
it could keep the history from growing.
"""
import errno
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import waitress  # type: ignore[import-untyped]
from flask import Flask
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]
from waitress.task import ErrorTask  # type: ignore[import-untyped]
from waitress.utilities import RequestEntityTooLarge  # type: ignore[import-untyped]

from appliance.settings import Settings, SettingsError
from appliance.system.clock import Clock
from webui import create_app, warm
from webui.channel import BoundedChannel, LogRate, Places
from webui.direct_mode import Door, is_upload
from webui.handovers import room_for_copies
from webui.limits import (
    CHANNEL_TIMEOUT_S,
    CONNECTIONS,
    IN_MEMORY,
    LARGE,
    MAX_BODY,
    MAX_HEAD,
    MAX_UPLOAD,
    THREADS,
)
from webui.security.headers import HEADERS, is_owners

FIRST_PASSED = 3        # file descriptor, by systemd's convention
NO_ROOM = ("The data partition has no room for this file. Nothing was changed. Keep uploads for fewer days, or use a "
           "larger card")

log = logging.getLogger(__name__)


def passed_sockets() -> list[socket.socket]:
    """The listening sockets that systemd hands over (sd_listen_fds(3)). Once a process."""
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()):
        return []
    return [socket.socket(fileno=FIRST_PASSED + number) for number in range(int(os.environ.pop("LISTEN_FDS", "0")))]


def serve(settings: Settings, config_path: str | Path, data_dir: str | Path, clock: Clock,
          sockets: Sequence[socket.socket] = ()) -> int:
    """Answer requests, on `sockets` where there are any, until an exception (SystemExit, KeyboardInterrupt) ends it.

    Returns 1 when it cannot listen.
    """
    where = f"{settings.web.host}:{settings.web.port}"
    try:
        app = create_app(config_path, data_dir, clock)
        app.config["FOLLOWS_PORT"] = bool(sockets)
        server = listen(app, settings.web.host, settings.web.port, sockets)
    except SettingsError as error:
        return _fail(str(error))
    except socket.gaierror:
        return _fail(f"web: {settings.web.host!r} is no address of this machine: change web.host in {config_path}")
    except OSError as error:
        return _fail(_reason(error, where, config_path))
    tempfile.tempdir = str(data_dir)
    for handler in logging.getLogger().handlers:
        handler.addFilter(LogRate())
    warm.start(app)
    log.info("page on %s", "systemd's socket" if sockets else f"http://{where}")
    try:
        server.run()
    finally:
        server.close()
    return 0


def listen(app: Flask, host: str, port: int, sockets: Sequence[socket.socket] = ()) -> Any:
    """A waitress server on `sockets`, else on `host`:`port` (0: any free one), not yet running. Raises OSError."""
    # Proxies' headers stay: waitress believes none, and security.forwarded believes those of web.proxies.
    same: dict[str, Any] = {"clear_untrusted_proxy_headers": False, "inbuf_overflow": IN_MEMORY}
    data_dir: Path = app.extensions["suntap"].data_dir
    upload = Adjustments(max_request_body_size=MAX_UPLOAD, **same)

    class Parser(HTTPRequestParser):  # type: ignore[misc]
        """Reads one request."""

        error: Any
        _short = False      # of room

        def received(self, data: bytes) -> int:
            """Take in what was read; what there is no room for is refused in words."""
            taken: int = super().received(data)
            if self._short and isinstance(self.error, RequestEntityTooLarge):
                self.error = RequestEntityTooLarge(NO_ROOM)
            return taken

        def parse_header(self, header_plus: bytes) -> None:
            try:
                super().parse_header(header_plus)
            except ValueError as error:     # an address that is none: else the connection would stay without an answer
                raise ParsingError("Bad request line") from error
            if self.chunked and "CONTENT_LENGTH" in self.headers:   # RFC 9112 section 6.1: as in request smuggling
                raise ParsingError("Two lengths of one body")
            if is_upload(self.headers.get("HOST", ""), self.path):
                self.adj = upload
            elif self.path in LARGE and is_owners(app, self.headers.get("COOKIE", "")):
                most, room = LARGE[self.path], max(MAX_BODY, room_for_copies(data_dir))
                self._short = room < most
                self.adj = Adjustments(max_request_body_size=min(most, room), **same)

    class Refusal(ErrorTask):  # type: ignore[misc]
        """waitress's own answer (400, 413, 431), with the headers of the application's."""

        def build_response_header(self) -> bytes:
            self.response_headers.extend(HEADERS.items())
            answer: bytes = super().build_response_header()
            return answer

    class Channel(BoundedChannel):
        """One connection."""

        parser_class = Parser
        error_task_class = Refusal

        def __init__(self, server: Any, *args: Any, **more: Any) -> None:
            idle = [channel for channel in server.active_channels.values() if not channel.requests]
            if len(server.active_channels) >= CONNECTIONS and idle:
                min(idle, key=lambda channel: channel.last_activity).handle_close()
            super().__init__(server, *args, **more)

    listeners: dict[int, Any] = {}
    where: dict[str, Any] = {"sockets": list(sockets)} if sockets else {"host": host, "port": port}
    server = waitress.create_server(
        Door(Places(app), data_dir), map=listeners, **where, threads=THREADS,
        connection_limit=2 * CONNECTIONS, channel_timeout=CHANNEL_TIMEOUT_S, ident="suntap",
        max_request_body_size=MAX_BODY, max_request_header_size=MAX_HEAD, inbuf_overflow=IN_MEMORY,
        outbuf_overflow=IN_MEMORY, clear_untrusted_proxy_headers=False, asyncore_use_poll=True)
    for listener in listeners.values():
        if hasattr(listener, "channel_class"):
            listener.channel_class = Channel
    return server


def _reason(error: OSError, where: str, config_path: str | Path) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"web: {where} is in use by another program: stop it, or change web.port in {config_path}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return (f"web: no right to listen on {where}: systemd's suntap-web.socket or root may use it,"
                f" or change web.port in {config_path}")
    if error.errno == errno.EADDRNOTAVAIL:
        return f"web: {where} is no address of this machine: change web.host in {config_path}"
    return f"web: cannot start on {where}: {error.strerror or error}"


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1
