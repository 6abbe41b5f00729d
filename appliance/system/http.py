"""One bounded HTTP request to somebody else's server: PVOutput, or an address of the owner's.

Invariants: no proxy, .netrc or redirect of anybody's comes between; TLS is verified; a body is read up to a number of
bytes and for LIMIT_S, as it came: what a server packs is not unpacked, for a few bytes can be gigabytes. Whatever a
server or a network does is an Answer or a NoAnswer.

requests is imported with the first request: it and what it brings take 4 MB, which the page needs only while somebody
tries an address.
"""
from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.request(method, url, data=data, headers={**headers, "Accept-Encoding": PLAIN}, auth=auth,
                                 timeout=TIMEOUTS, stream=True, allow_redirects=False) as response:
                body, whole = _read(response, most)
                return Answer(response.status_code, response.headers, body, whole)
    except (requests.RequestException, OSError, ValueError) as error:
        raise _no_answer(error) from None


def _read(response: requests.Response, most: int) -> tuple[bytes, bool]:
    import urllib3
    packed = response.headers.get("Content-Encoding", PLAIN).strip().lower()
    if packed not in (PLAIN, ""):
        raise NoAnswer(Trouble.OTHER, f"the server packed its reply ({packed[:40]!r}), which it was not asked for")
    end, body = time.monotonic() + LIMIT_S, bytearray()
    try:
        for piece in response.raw.stream(PIECE, decode_content=False):
            body += piece
            if len(body) > most or time.monotonic() > end:
                return bytes(body[:most]), False
    except urllib3.exceptions.ReadTimeoutError:
        raise NoAnswer(Trouble.SILENT) from None
    except urllib3.exceptions.HTTPError:
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
