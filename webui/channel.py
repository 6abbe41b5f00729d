"""What one connection may hold of the page: few requests ahead, answers that are read in time, a place for a download.

Theory: waitress queues whatever a client pipelines and keeps what it does not read. Here a connection with more than
MAX_AHEAD requests waiting is closed, and so is one that does not read its answers at READER_BYTES_S after a grace of
READER_S: that also frees the thread that waits to write more. Files are read by the thread that answers and not by the
loop, so that none stays open for an answer that nobody reads. What lasts long, a download, has DOWNLOADS of the
THREADS.
"""
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from werkzeug.wsgi import ClosingIterator

from webui.limits import (
    DOWNLOADS,
    LOG_BURST,
    LOG_SECONDS,
    MAX_AHEAD,
    READER_BYTES_S,
    READER_S,
    SEND_BUFFER,
)

Environ = dict[str, Any]
DOWNLOAD_PATHS = ("/export/", "/settings/backup")
BUSY = b"Other downloads are under way: try again when one has ended.\n"


class BoundedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection whose client must read."""

    _answering_since: float | None = None
    _sent, _sent_at = 0, 0.0

    def __init__(self, server: Any, sock: Any, *args: Any, **more: Any) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)   # else megabytes count as read
        super().__init__(server, sock, *args, **more)

    def received(self, data: bytes) -> bool:
        """Take in what was read; a client that asks too far ahead is cut off."""
        taken: bool = super().received(data)
        if len(self.requests) > MAX_AHEAD + 1:
            self.handle_close()
        return taken

    def readable(self) -> bool:
        """Asked by the loop at each turn: also whether the client reads in time."""
        if self._is_overdue():
            self.handle_close()
            return False
        return bool(super().readable())

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send and count."""
        sent: int = super().send(data, do_close=do_close)
        if sent:
            self._sent, self._sent_at = self._sent + sent, time.monotonic()
        return sent

    def _is_overdue(self) -> bool:
        now = time.monotonic()
        if not self.total_outbufs_len:
            self._answering_since = None
            return False
        if self._answering_since is None:
            self._answering_since, self._sent, self._sent_at = now, 0, now
        return (now - self._sent_at > READER_S
                or now - self._answering_since > READER_S + self._sent / READER_BYTES_S)


class Places:
    """WSGI: `app`, with a place for each download and no file left to the loop."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self._places = threading.BoundedSemaphore(DOWNLOADS)

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        environ.pop("wsgi.file_wrapper", None)
        if not environ["PATH_INFO"].startswith(DOWNLOAD_PATHS):
            return self.app(environ, start)
        if not self._places.acquire(blocking=False):
            start("503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "30"),
                                              ("Content-Length", str(len(BUSY)))])
            return [BUSY]
        try:
            return ClosingIterator(self.app(environ, start), [self._places.release])
        except BaseException:
            self._places.release()
            raise


class LogRate(logging.Filter):
    """At most LOG_BURST lines of one kind at once, then one every LOG_SECONDS: a flood of requests fills no journal."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], tuple[float, float, int]] = {}   # tokens, at, left out
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; one that is says how many of its kind were not."""
        kind, now = (record.name, str(record.msg)[:80]), time.monotonic()
        with self._lock:
            if len(self._kinds) > 200:
                self._kinds.clear()
            tokens, at, left_out = self._kinds.get(kind, (float(LOG_BURST), now, 0))
            tokens = min(float(LOG_BURST), tokens + (now - at) / LOG_SECONDS)
            written = tokens >= 1
            self._kinds[kind] = (tokens - 1, now, 0) if written else (tokens, now, left_out + 1)
        if written and left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} such lines were left out)", ()
        return written
