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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from appliance.pvoutput import replies, reply_fields
from appliance.settings import PVOutput
from appliance.system import http
from appliance.system.http import Trouble

LIMIT_S = 45.0           # for one reply as a whole, its head included
LATE_THREADS = 4         # requests whose replies came in no time and that still hold a connection
MAX_REPLY = 256 * 1024   # bytes; a day's history is about 20 KiB
HISTORY_ROWS = 288
KEY = re.compile(r"[\x21-\x7e]{1,128}")
SYSTEM_ID = re.compile(r"[0-9]{1,12}")
TOO_LONG = f"a reply of more than {MAX_REPLY} bytes, or one that takes too long"
WORDS = {
    Trouble.TLS: "TLS failed: the server's certificate could not be verified",
    Trouble.UNREACHABLE: "the server could not be reached in time",
    Trouble.SILENT: "the server did not answer in time",
    Trouble.NO_NAME: "this box could not find the server's address",
    Trouble.REFUSED: "the connection failed or was closed without a reply",
    Trouble.HALF: "the connection ended in the middle of the reply",
    Trouble.CLOSED: "the connection failed or was closed without a reply",
}


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
        self._system_id = account.system_id

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
            answer = http.exchange("POST", f"{self._url}{service}.jsp", form, {}, MAX_REPLY, self._headers)
        except http.NoAnswer as error:
            trouble = WORDS.get(error.trouble) or reply_fields.one_line(error.detail)
            return Reply(replies.NetworkTrouble(self._masked(trouble)))
        if not answer.whole:
            return Reply(replies.NetworkTrouble(TOO_LONG))
        body = self._masked(answer.body.decode("utf-8", "replace"))
        quota = _quota(answer.headers)
        outcome = replies.classify(answer.status, body, quota.reset if quota else None)
        answered = not isinstance(outcome, replies.NetworkTrouble)
        return Reply(outcome, _date(answer.headers) if answered else None, quota if answered else None, answered)

    def _headers(self) -> dict[str, str]:
        """The key's and what belongs to it: asked for at the last moment, so that nothing else holds it in clear."""
        return {"X-Pvoutput-Apikey": self._key.reveal(), "X-Pvoutput-SystemId": self._system_id, "X-Rate-Limit": "1"}

    def _masked(self, text: str) -> str:
        return text.replace(self._key.reveal(), "****")


def client_of(account: PVOutput) -> Client | str:
    """The client for the [pvoutput] settings `account`, or what the owner must change in them."""
    try:
        return Client(account)
    except (BadCredentials, InsecureUrl) as error:
        return str(error)


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
