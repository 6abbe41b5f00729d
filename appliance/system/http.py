"""One bounded HTTP request to somebody else's server: PVOutput, or an address of the owner's.

Invariants: no proxy, .netrc or redirect of anybody's comes between; TLS is verified; a body is read up to a number of
bytes and for a number of seconds, as it came: what a server packs is not unpacked, for a few bytes can be gigabytes.
Whatever a server or a network does is an Answer or a NoAnswer.

requests is imported with the first request: it and what it brings take 4 MB, which the page needs only while somebody
tries an address.
"""
from __future__ import annotations

import enum
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

    Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]

TIMEOUTS = (10.0, 30.0)     # seconds: connect, each read
LIMIT_S = 45.0              # for the body of one answer
PIECE = 8192                # bytes
PLAIN = "identity"          # for Accept-Encoding


class Trouble(enum.Enum):
    """What came between a request and its answer."""

    TLS = "the certificate could not be verified"
    UNREACHABLE = "no connection in time"
    SILENT = "no answer in time"
    NO_NAME = "the name could not be resolved"
    REFUSED = "the connection was refused"
    SLOW = "the answer came too slowly"
    HALF = "the connection ended in the middle of the answer"
    CLOSED = "the connection failed or was closed without an answer"
    OTHER = "something else"


class NoAnswer(Exception):
    """Nothing usable came. `detail`: what it was, where `trouble` is OTHER; it may quote the server."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(detail or trouble.value)
        self.trouble, self.detail = trouble, detail


@dataclass(frozen=True)
class Answer:
    """Status, headers (their names ignore case) and body. `whole`: nothing is missing at the end of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


def exchange(method: str, url: str, data: bytes | Mapping[str, str] | None, headers: Mapping[str, str], most: int,
             auth: Auth | None = None) -> Answer:
    """Send one request and read up to `most` bytes of its answer. `auth` sees the request last. Raises NoAnswer."""
    import requests
    limit_s = sum(TIMEOUTS) + LIMIT_S
    end = time.monotonic() + limit_s
    try:
        with _session(limit_s) as session, session.request(
                method, url, data=data, headers={**headers, "Accept-Encoding": PLAIN}, auth=auth, timeout=TIMEOUTS,
                stream=True, allow_redirects=False) as response:
            if time.monotonic() > end:      # cut off within the headers, which then seem to be all
                raise NoAnswer(Trouble.SILENT)
            body, whole = _read(response, most)
            return Answer(response.status_code, response.headers, body, whole)
    except (requests.RequestException, OSError, ValueError) as error:
        found = _no_answer(error)
        late = found.trouble is Trouble.CLOSED and time.monotonic() > end   # cut off before the first line was whole
        raise (NoAnswer(Trouble.SILENT) if late else found) from None


class Body:
    """The body of an answer, to be read as a file. Its bounds are the reader's bytes and the time of download()."""

    def __init__(self, response: requests.Response, end: float) -> None:
        self.status, self.headers = response.status_code, response.headers
        self._response, self._end = response, end

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; b"" at the end of a whole body. Raises NoAnswer."""
        import urllib3
        try:
            piece: bytes = self._response.raw.read(size, decode_content=False)
        except urllib3.exceptions.ReadTimeoutError:
            raise NoAnswer(Trouble.SILENT) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            raise NoAnswer(Trouble.SLOW if time.monotonic() > self._end else Trouble.HALF) from None
        if time.monotonic() > self._end:
            raise NoAnswer(Trouble.SLOW)
        length = self.headers.get("Content-Length", "")
        if not piece and length.isdigit() and self._response.raw.tell() < int(length):     # urllib3 1 does not say so
            raise NoAnswer(Trouble.HALF)
        return piece


@contextmanager
def download(url: str, limit_s: float) -> Iterator[Body]:
    """Ask for `url` and yield the answer, all of which may take `limit_s`. Raises NoAnswer."""
    import requests
    end = time.monotonic() + limit_s
    with _session(limit_s) as session:
        try:
            response = session.get(url, headers={"Accept-Encoding": PLAIN}, timeout=TIMEOUTS, stream=True,
                                   allow_redirects=False)
        except (requests.RequestException, OSError, ValueError) as error:
            raise (NoAnswer(Trouble.SLOW) if time.monotonic() > end else _no_answer(error)) from None
        with response:
            if time.monotonic() > end:
                raise NoAnswer(Trouble.SLOW)
            _refuse_packed(response)
            yield Body(response, end)


@contextmanager
def _session(limit_s: float) -> Iterator[requests.Session]:
    """Make one whose connections end after `limit_s`: a read waits for all that it wants, and a server may drip it."""
    import requests
    lines: list[socket.socket] = []

    def cut() -> None:
        for line in list(lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
    timer = threading.Timer(max(0.0, limit_s), cut)
    timer.daemon = True
    timer.start()
    try:
        with requests.Session() as session:
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, _adapter(lines))
            yield session
    finally:
        timer.cancel()
        for line in lines:
            line.close()


def _adapter(lines: list[socket.socket]) -> requests.adapters.HTTPAdapter:
    """Make one that puts a second handle of each socket into `lines`, before anything is said on it."""
    from requests.adapters import HTTPAdapter
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    def pool(kind: Any) -> Any:
        def new_conn(self: Any) -> socket.socket:
            made: socket.socket = kind.ConnectionCls._new_conn(self)
            lines.append(made.dup())
            return made
        connection = type("Connection", (kind.ConnectionCls,), {"_new_conn": new_conn})
        return type("Pool", (kind,), {"ConnectionCls": connection})

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more)
            self.poolmanager.pool_classes_by_scheme = {
                "http": pool(HTTPConnectionPool), "https": pool(HTTPSConnectionPool)}
    return Adapter()


def _refuse_packed(response: requests.Response) -> None:
    packed = response.headers.get("Content-Encoding", PLAIN).strip().lower()
    if packed not in (PLAIN, ""):
        raise NoAnswer(Trouble.OTHER, f"the server packed its reply ({packed[:40]!r}), which it was not asked for")


def _read(response: requests.Response, most: int) -> tuple[bytes, bool]:
    import urllib3
    _refuse_packed(response)
    end, body = time.monotonic() + LIMIT_S, bytearray()
    try:
        for piece in response.raw.stream(PIECE, decode_content=False):
            body += piece
            if len(body) > most or time.monotonic() > end:
                return bytes(body[:most]), False
    except urllib3.exceptions.ReadTimeoutError:
        raise NoAnswer(Trouble.SILENT) from None
    except urllib3.exceptions.HTTPError:
        if time.monotonic() > end:
            return bytes(body), False
        raise NoAnswer(Trouble.HALF) from None
    return bytes(body), True


def _no_answer(error: BaseException) -> NoAnswer:
    from requests import exceptions
    text = str(error)
    if isinstance(error, exceptions.SSLError):
        return NoAnswer(Trouble.TLS)
    if isinstance(error, exceptions.ConnectTimeout):
        return NoAnswer(Trouble.UNREACHABLE)
    if isinstance(error, exceptions.Timeout) or "timed out" in text:
        return NoAnswer(Trouble.SILENT)
    if "NameResolution" in text or "resolve" in text:
        return NoAnswer(Trouble.NO_NAME)
    if "refused" in text:
        return NoAnswer(Trouble.REFUSED)
    if isinstance(error, exceptions.ConnectionError):
        return NoAnswer(Trouble.CLOSED)
    return NoAnswer(Trouble.OTHER, f"the request failed ({type(error).__name__})")
