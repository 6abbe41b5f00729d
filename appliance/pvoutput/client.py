"""One request to PVOutput's API r2, and what came of it.

Invariants: the key travels in one header and is nowhere else, neither in a URL nor in an error, a log or a text
that is kept (the server's words are searched for it too). TLS is verified; plain http is for this machine alone.
Every wait for the server has its time-out, a reply as a whole another one and a greatest size: together less than
what the watchdog and the page take for a process that hangs. A time-out of a socket holds for each single read, and a
server may drip one byte of a head at a time: so a request is made in a thread of its own, whose answer is waited for
LIMIT_S and no longer. A thread that is late ends by itself, and what it brings is not used; where LATE_THREADS of them
still wait for the server, nothing is sent. Redirects are not followed. Nothing is raised for what a
server or a network does: every call gives a Reply.
"""
import ipaddress
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ReadTimeoutError

from appliance.pvoutput import answers, replies
from appliance.settings import PVOutput, Secret
from appliance.system import http_body

TIMEOUTS = (10.0, 30.0)  # seconds: connect, each read
LIMIT_S = 45.0           # for one reply as a whole, its head included
LATE_THREADS = 4         # requests whose replies came in no time and that still hold a connection
MAX_REPLY = 256 * 1024   # bytes; a day's history is about 20 KiB
CHUNK = 8192
HISTORY_ROWS = 288
KEY = re.compile(r"[\x21-\x7e]{1,128}")
SYSTEM_ID = re.compile(r"[0-9]{1,12}")


class InsecureUrl(ValueError):
    """The service's address would send the key unprotected. Use https:// (http:// on this machine only)."""


class BadCredentials(ValueError):
    """Key or system id cannot be sent in a header. The message does not show them."""


@dataclass(frozen=True)
class Quota:
    """The rate headers: requests an hour, how many of them are left, when the window ends (Unix time)."""

    limit: int
    remaining: int
    reset: float | None


@dataclass(frozen=True)
class Reply:
    """What came of one request. `date`: the server's clock (Unix time); None where the server did not answer."""

    outcome: replies.Outcome
    date: float | None = None
    quota: Quota | None = None
    answered: bool = False   # PVOutput itself spoke, not a proxy, a captive portal or nobody


class _Headers(AuthBase):
    """Puts the key into its header at the last moment, so that no other object holds it in clear."""

    def __init__(self, key: Secret, system_id: str) -> None:
        self._key, self._system_id = key, system_id

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Pvoutput-Apikey"] = self._key.reveal()
        request.headers["X-Pvoutput-SystemId"] = self._system_id
        request.headers["X-Rate-Limit"] = "1"
        return request


class Client:
    """PVOutput for one key and system. Raises InsecureUrl or BadCredentials when made, nothing afterwards."""

    def __init__(self, account: PVOutput) -> None:
        """`account`: the [pvoutput] settings."""
        if not KEY.fullmatch(account.api_key.reveal()):
            raise BadCredentials("pvoutput.api_key is empty or has characters that no key has: enter it again")
        if not SYSTEM_ID.fullmatch(account.system_id):
            raise BadCredentials("pvoutput.system_id must be the system's number: enter it again")
        self._url = _checked(account.url)
        self._key = account.api_key
        self._auth = _Headers(account.api_key, account.system_id)

    def getsystem(self) -> Reply:
        """The system's size, interval, zone and plan: parse_system(reply.outcome.text)."""
        return self._call("getsystem", {"tz": "1", "donations": "1"})

    def addstatus(self, row: Mapping[str, str], c1: int | None = None) -> Reply:
        """Post one status: d, t and v1..v12 (Wh, W, Wh, W, °C, V, the owner's); `c1`: which energies are counters."""
        return self._call("addstatus", {**row, **_cumulative(c1)})

    def addbatchstatus(self, rows: list[Mapping[str, str]], c1: int | None = None) -> Reply:
        """Post statuses of one local day, ascending: batch_answers(reply.outcome.text) says what became of them."""
        names = ("d", "t", *(f"v{n}" for n in range(1, 13)))
        data = ";".join(",".join(row.get(name, "") for name in names).rstrip(",") for row in rows)
        return self._call("addbatchstatus", {"data": data, **_cumulative(c1)})

    def getstatus(self, day: str) -> Reply:
        """The statuses stored for a local day (yyyymmdd): parse_history(reply.outcome.text)."""
        return self._call("getstatus", {"d": day, "h": "1", "asc": "1", "limit": str(HISTORY_ROWS)})

    def addoutput(self, day: str, generated_wh: int | None, consumed_wh: int | None) -> Reply:
        """Post a day's totals (yyyymmdd). The server may say OK and store nothing: ask getoutput."""
        totals = {"g": generated_wh, "c": consumed_wh}
        return self._call("addoutput", {"d": day, **{k: str(v) for k, v in totals.items() if v is not None}})

    def getoutput(self, first: str, last: str) -> Reply:
        """The daily totals from `first` to `last` (yyyymmdd, at most 50 days): parse_outputs(reply.outcome.text)."""
        return self._call("getoutput", {"df": first, "dt": last, "limit": "50"})

    def _call(self, service: str, form: dict[str, str]) -> Reply:
        try:
            return _within(LIMIT_S, lambda: self._request(service, form))
        except TimeoutError as error:
            return Reply(replies.NetworkTrouble(str(error)))

    def _request(self, service: str, form: dict[str, str]) -> Reply:
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy and no .netrc may come between the key and its server
                session.headers["Accept-Encoding"] = http_body.PLAIN
                with session.post(f"{self._url}{service}.jsp", data=form, auth=self._auth, timeout=TIMEOUTS,
                                  stream=True, allow_redirects=False) as response:
                    return self._reply(response)
        except (requests.RequestException, OSError, ValueError) as error:
            return Reply(replies.NetworkTrouble(self._masked(_reason(error))))

    def _reply(self, response: requests.Response) -> Reply:
        body = self._masked(_read(response).decode("utf-8", "replace"))
        quota = _quota(response.headers)
        outcome = replies.classify(response.status_code, body, quota.reset if quota else None)
        answered = not isinstance(outcome, replies.NetworkTrouble)
        return Reply(outcome, _date(response.headers) if answered else None, quota if answered else None, answered)

    def _masked(self, text: str) -> str:
        return text.replace(self._key.reveal(), "****")


def _cumulative(c1: int | None) -> dict[str, str]:
    return {} if c1 is None else {"c1": str(c1)}


def _checked(url: str) -> str:
    """The base address with a slash at its end; InsecureUrl where the key would travel in clear."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment or not parts.hostname:
        raise InsecureUrl("pvoutput.url must be a plain address such as https://pvoutput.org/service/r2/")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise InsecureUrl(f"pvoutput.url must begin with https:// ({parts.scheme}://{parts.hostname} "
                          "would show the API key to everybody on the way)")
    return url if url.endswith("/") else url + "/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_late: list[threading.Thread] = []


def _within(seconds: float, request: Callable[[], Reply]) -> Reply:
    """request()'s reply. Raises TimeoutError where it takes longer than `seconds`, or others still do."""
    _late[:] = [thread for thread in _late if thread.is_alive()]
    if len(_late) >= LATE_THREADS:
        raise TimeoutError("the server holds several connections without answering")
    found: list[Reply | BaseException] = []

    def work() -> None:
        try:
            found.append(request())
        except BaseException as error:  # a fault of ours: it belongs to who asked
            found.append(error)

    thread = threading.Thread(target=work, name="pvoutput request", daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        _late.append(thread)
        raise TimeoutError("the server did not answer in time")
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def _read(response: requests.Response) -> bytes:
    """The body; ValueError for one that is too long or takes too long."""
    body, end = bytearray(), time.monotonic() + LIMIT_S
    for chunk in http_body.pieces(response, CHUNK):
        body += chunk
        if len(body) > MAX_REPLY:
            raise ValueError(f"a reply of more than {MAX_REPLY} bytes")
        if time.monotonic() > end:
            raise ValueError("the server did not answer in time")
    return bytes(body)


def _quota(headers: Mapping[str, str]) -> Quota | None:
    """From the rate headers (`headers` ignores case); None where they are missing or no numbers."""
    try:
        limit, remaining = (int(headers[f"X-Rate-Limit-{name}"]) for name in ("Limit", "Remaining"))
    except (KeyError, ValueError):
        return None
    if not 0 < limit <= 100_000:
        return None
    reset = headers.get("X-Rate-Limit-Reset", "")
    return Quota(limit, max(0, remaining), float(reset) if re.fullmatch(r"\d{1,12}", reset) else None)


def _date(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _reason(error: BaseException) -> str:
    """Why a request failed, in words for the owner."""
    for kind, text in (
        (requests.exceptions.SSLError, "TLS failed: the server's certificate could not be verified"),
        (requests.exceptions.ConnectTimeout, "the server could not be reached in time"),
        (requests.exceptions.Timeout, "the server did not answer in time"),
        (requests.exceptions.ChunkedEncodingError, "the connection ended in the middle of the reply"),
    ):
        if isinstance(error, kind):
            return text
    if isinstance(error, requests.exceptions.ConnectionError):
        text = str(error)
        if error.args and isinstance(error.args[0], ReadTimeoutError):
            return "the server did not answer in time"
        if "NameResolution" in text or "resolve" in text:
            return "the server's name could not be resolved (DNS)"
        return "the connection failed or was closed without a reply"
    if isinstance(error, requests.RequestException | OSError):
        return f"the request failed ({type(error).__name__})"
    return answers.one_line(str(error))
