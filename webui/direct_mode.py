"""Direct mode: what the PVS sends to port 80 of this box goes to the stand-in, everything else to the page.

The owner's router names this box as the collector; page and collector then share a port. A request with that host name
and one of the two paths is handed to the collector process through its Unix socket, with the sender's address; what it
may do is decided there (appliance.collector.stand_in). The page neither reads nor stores the upload. A request with one
of BROWSERS is a browser's: any web page can let one post to the collector's name, which the owner's router points here.
"""
import http.client
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from appliance.collector import NAME, PATHS, PEER, PEER_MAC
from appliance.system import heartbeat
from appliance.system.files import short_path
from appliance.system.neighbours import hardware_address, plain
from webui.limits import HANDED_OVER_AT_ONCE, HANDOVER_TIMEOUT_S

BROWSERS = frozenset({"HTTP_ORIGIN", "HTTP_REFERER", "HTTP_SEC_FETCH_SITE", "HTTP_COOKIE", "HTTP_UPGRADE"})
HOP_BY_HOP = ("connection", "keep-alive", "server", "date")
Environ = dict[str, Any]


def is_upload(host: str, path: str) -> bool:
    """Whether a request with this Host header and path is for the collector."""
    return host.rpartition(":")[0 if ":" in host else 2].lower().rstrip(".") == NAME and path in PATHS


class Door:
    """WSGI: `app` for everybody but the PVS."""

    def __init__(self, app: Callable[..., Iterable[bytes]], data_dir: Path) -> None:
        self.app, self.data_dir = app, data_dir
        self._places = threading.BoundedSemaphore(HANDED_OVER_AT_ONCE)

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if BROWSERS & environ.keys() or not is_upload(environ.get("HTTP_HOST", ""), environ["PATH_INFO"]):
            return self.app(environ, start)
        status, headers, text = self._hand_over(environ)
        start(status, headers)
        return [text]

    def _hand_over(self, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
        """The stand-in's answer, or 503 where there is none."""
        if not self._places.acquire(blocking=False):
            return _unavailable()
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(HANDOVER_TIMEOUT_S)
                with short_path(self._socket()) as name:
                    connection.connect(name)
                _send(connection, environ)
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
                return f"{answer.status} {answer.reason}", headers, answer.read()
        except (OSError, http.client.HTTPException):
            return _unavailable()
        finally:
            self._places.release()

    def _socket(self) -> Path:
        """The stand-in's. Raises FileNotFoundError while there is none."""
        last = heartbeat.read("collector", self.data_dir)
        if not last or not last.get("serving"):
            raise FileNotFoundError
        return Path(str(last.get("page_socket")))


def _send(connection: socket.socket, environ: Environ) -> None:
    query, peer = environ.get("QUERY_STRING", ""), plain(environ["REMOTE_ADDR"])
    head = [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{'?' if query else ''}{query} HTTP/1.1",
            f"Host: {NAME}", f"{PEER}: {peer}:{environ['REMOTE_PORT']}", "Connection: close",
            f"{PEER_MAC}: {hardware_address(peer)}",
            f"Content-Length: {int(environ.get('CONTENT_LENGTH') or 0)}"]
    connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1"))
    while piece := environ["wsgi.input"].read(65536):
        connection.sendall(piece)


def _unavailable() -> tuple[str, list[tuple[str, str]], bytes]:
    return "503 Service Unavailable", [("Content-Type", "text/plain"), ("Content-Length", "0")], b""
