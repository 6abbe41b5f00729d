"""One bounded HTTP request to an address of the owner's, for line protocol and webhooks.

Invariants: no proxy, .netrc or redirect of anybody's comes between; an answer is read up to MAX_ANSWER bytes and
LIMIT_S seconds; a failure is an OutputError whose text holds no secret.
"""
import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests

from appliance.outputs.base import OutputError
from appliance.settings import Secret
from appliance.system import http_body

TIMEOUTS = (10.0, 30.0)     # seconds: connect, each read
LIMIT_S = 60.0              # for the body of one answer
MAX_ANSWER = 16 * 1024
MAX_WORDS = 200             # characters of the other side's words in a message
LONGEST_RETRY_S = 3600.0    # what a Retry-After may ask for


@dataclass(frozen=True)
class Answer:
    """Status, headers (their names ignore case), and the beginning of the body as one line."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def retry_after_s(self) -> float:
        """Seconds that the other side wants to be left alone."""
        text = self.headers.get("Retry-After", "")
        return min(LONGEST_RETRY_S, float(text)) if text.isascii() and text.isdigit() else 0.0


def request(method: str, url: str, body: bytes | None, headers: Mapping[str, str], secret: Secret) -> Answer:
    """Send one request; `secret` is kept out of whatever comes back. Raises OutputError."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Accept-Encoding"] = http_body.PLAIN
            with session.request(method, url, data=body, headers=dict(headers), timeout=TIMEOUTS, stream=True,
                                 allow_redirects=False) as response:
                text = _words(response, secret)
                return Answer(response.status_code, response.headers, text)
    except (requests.RequestException, OSError, ValueError) as error:
        raise OutputError(_reason(error)) from None


def _words(response: requests.Response, secret: Secret) -> str:
    end, found = time.monotonic() + LIMIT_S, bytearray()
    for piece in http_body.pieces(response, 1024):
        found += piece
        if len(found) >= MAX_ANSWER or time.monotonic() > end:
            break
    return one_line(found[:MAX_ANSWER].decode("utf-8", "replace"), secret)


def one_line(text: str, secret: Secret, most: int = MAX_WORDS) -> str:
    """Words from outside as they may be shown: one line, printable, short, without the secret."""
    for part in (secret.reveal(), *secret.reveal().split(":", 1)[1:]):
        if len(part) > 3:
            text = text.replace(part, "****")
    line = " ".join(text.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:most]


def _reason(error: BaseException) -> str:
    """Why a request failed, in words for the owner."""
    text = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS failed: the server's certificate could not be verified"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "the server could not be reached in time: is it on?"
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in text:
        return "the server did not answer in time"
    if "NameResolution" in text or "resolve" in text:
        return "the server's name could not be resolved: check the name, or write its IP address"
    if "refused" in text:
        return "the connection was refused: is the program running there, and is the port right?"
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "the connection failed or was closed without an answer"
    return f"the request failed ({type(error).__name__})"
