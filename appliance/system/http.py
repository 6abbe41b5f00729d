"""One bounded HTTP request to somebody else's server: PVOutput, or an address of the owner's.

Invariants: no proxy, .netrc or redirect of anybody's comes between; TLS is verified; a body is read up to a number of
bytes and for a number of seconds, as it came: what a server packs is not unpacked, for a few bytes can be gigabytes.
Whatever a server or a network does is an Answer or a NoAnswer.

urllib3 is imported with the first request: it takes 2 MB, which the page needs only while somebody tries an address.
requests, which sits on it, would take 4 MB more (it loads chardet) for what is switched off here.
"""
from __future__ import annotations

import enum
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    import urllib3

TIMEOUTS = (10.0, 30.0)     # seconds: connect, each read
LIMIT_S = 45.0              # for the body of one answer
PIECE = 8192                # bytes
PLAIN = "identity"          # for Accept-Encoding
FORM = "application/x-www-form-urlencoded"


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
             secret: Callable[[], Mapping[str, str]] = dict) -> Answer:
    """Send one request and read up to `most` bytes of its answer. `data`: a body, or the fields of a form; `secret`
    gives headers that nothing holds but the request on its way. Raises NoAnswer."""
    limit_s = sum(TIMEOUTS) + LIMIT_S
    end = time.monotonic() + limit_s
    if isinstance(data, Mapping):
        data, headers = urlencode(data).encode(), {"Content-Type": FORM, **headers}
    with _pool(limit_s) as pool:
        try:
            response = _ask(pool, method, url, data, {**headers, **secret()})
        except NoAnswer as error:
            late = error.trouble is Trouble.CLOSED and time.monotonic() > end
            raise NoAnswer(Trouble.SILENT) if late else error from None     # cut off before the first line was whole
        with closing(response):
            if time.monotonic() > end:      # cut off within the headers, which then seem to be all
                raise NoAnswer(Trouble.SILENT)
            body, whole = _read(response, most)
            return Answer(response.status, response.headers, body, whole)


class Body:
    """The body of an answer, to be read as a file. Its bounds are the reader's bytes and the time of download()."""

    def __init__(self, response: urllib3.BaseHTTPResponse, end: float) -> None:
        self.status, self.headers = response.status, response.headers
        self._response, self._end = response, end

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; b"" at the end of a whole body. Raises NoAnswer."""
        import urllib3
        try:
            piece: bytes = self._response.read(size, decode_content=False)
        except urllib3.exceptions.ReadTimeoutError:
            raise NoAnswer(Trouble.SILENT) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            raise NoAnswer(Trouble.SLOW if time.monotonic() > self._end else Trouble.HALF) from None
        if time.monotonic() > self._end:
            raise NoAnswer(Trouble.SLOW)
        return piece


@contextmanager
def download(url: str, limit_s: float) -> Iterator[Body]:
    """Ask for `url` and yield the answer, all of which may take `limit_s`. Raises NoAnswer."""
    end = time.monotonic() + limit_s
    with _pool(limit_s) as pool:
        try:
            response = _ask(pool, "GET", url, None, {})
        except NoAnswer as error:
            raise (NoAnswer(Trouble.SLOW) if time.monotonic() > end else error) from None
        with closing(response):
            if time.monotonic() > end:
                raise NoAnswer(Trouble.SLOW)
            _refuse_packed(response)
            yield Body(response, end)


def _ask(pool: urllib3.PoolManager, method: str, url: str, data: bytes | None,
         headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
    """Send a request; the answer, of which the head is read. Raises NoAnswer."""
    import urllib3
    if not url.startswith(("http://", "https://")):     # urllib3 would guess
        raise NoAnswer(Trouble.OTHER, "the request failed (no address of a web server)")
    connect_s, read_s = TIMEOUTS
    try:
        return pool.urlopen(
            method, url, body=data, headers={"User-Agent": "suntap", "Accept-Encoding": PLAIN, **headers},
            timeout=urllib3.Timeout(connect=connect_s, read=read_s), preload_content=False, decode_content=False,
            redirect=False, retries=False, enforce_content_length=True)     # in urllib3 1 nobody does it unasked
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _no_answer(error) from None


@contextmanager
def _pool(limit_s: float) -> Iterator[urllib3.PoolManager]:
    """Make one whose connections end after `limit_s`: a read waits for all that it wants, and a server may drip it."""
    import urllib3
    lines: list[socket.socket] = []     # a second handle of each socket, made before anything is said on it

    def kept(kind: Any) -> Any:
        def new_conn(self: Any) -> socket.socket:
            made: socket.socket = kind.ConnectionCls._new_conn(self)
            lines.append(made.dup())
            return made
        connection = type("Connection", (kind.ConnectionCls,), {"_new_conn": new_conn})
        return type("Pool", (kind,), {"ConnectionCls": connection})

    def cut() -> None:
        for line in list(lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
    timer = threading.Timer(max(0.0, limit_s), cut)
    timer.daemon = True
    timer.start()
    try:
        with urllib3.PoolManager(cert_reqs="CERT_REQUIRED") as pool:
            pool.pool_classes_by_scheme = {
                "http": kept(urllib3.HTTPConnectionPool), "https": kept(urllib3.HTTPSConnectionPool)}
            yield pool
    finally:
        timer.cancel()
        for line in lines:
            line.close()


def _refuse_packed(response: urllib3.BaseHTTPResponse) -> None:
    packed = response.headers.get("Content-Encoding", PLAIN).strip().lower()
    if packed not in (PLAIN, ""):
        raise NoAnswer(Trouble.OTHER, f"the server packed its reply ({packed[:40]!r}), which it was not asked for")


def _read(response: urllib3.BaseHTTPResponse, most: int) -> tuple[bytes, bool]:
    import urllib3
    _refuse_packed(response)
    end, body = time.monotonic() + LIMIT_S, bytearray()
    try:
        for piece in response.stream(PIECE, decode_content=False):
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
    from urllib3 import exceptions
    cause = error.__context__
    if isinstance(error, exceptions.SSLError):
        return NoAnswer(Trouble.TLS)
    if isinstance(error, exceptions.NewConnectionError):
        return NoAnswer(Trouble.NO_NAME if isinstance(cause, socket.gaierror) else
                        Trouble.REFUSED if isinstance(cause, ConnectionRefusedError) else Trouble.CLOSED)
    if isinstance(error, exceptions.ConnectTimeoutError):
        return NoAnswer(Trouble.UNREACHABLE)
    if isinstance(error, exceptions.TimeoutError):
        return NoAnswer(Trouble.SILENT)
    if isinstance(error, exceptions.ProtocolError):
        return NoAnswer(Trouble.CLOSED)
    return NoAnswer(Trouble.OTHER, f"the request failed ({type(error).__name__})")
