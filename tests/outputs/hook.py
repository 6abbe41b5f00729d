"""An HTTP server that records what it gets and answers as a test says, in every wrong way too."""
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hook(BaseHTTPRequestHandler):
    """Records each request as (path, headers, body); answers `behaviour`: (status or None for none, headers, text), or
    what it returns for (path, headers, body)."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = (self.path, dict(self.headers), body)
        if self.command == "POST":
            server.got.append(request)
        behaviour = server.behaviour
        status, headers, text = behaviour(*request) if callable(behaviour) else behaviour
        if status is None:
            self.connection.close()
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[Any]:
    """A running server with `got`, `behaviour` and `server_port`."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.behaviour = [], (200, {}, b"ok")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def url_of(hook: Any, path: str = "/hook") -> str:
    """The address of `path` at a running server."""
    return f"http://127.0.0.1:{hook.server_port}{path}"
