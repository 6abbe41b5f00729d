"""Where line protocol goes: an address, how its token is shown, and what kind of engine answers there.

    http://host:8428                          → /write of InfluxDB 1 or VictoriaMetrics, database "suntap"
    http://host:8086/write?db=solar           InfluxDB 1, VictoriaMetrics (also /influx/write, /insert/0/influx/write)
    https://host/api/v2/write?org=O&bucket=B  InfluxDB 2 (Authorization: Token …)
    https://host/api/v3/write_lp?db=D         InfluxDB 3 (Authorization: Bearer …)

A token "user:password" is Basic authentication. VictoriaMetrics and everything of its family name themselves in the
header X-Server-Hostname of every answer; InfluxDB, which replaces what has the same time, does not.
"""
import base64
import gzip
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from appliance.outputs import http
from appliance.outputs.contract import OutputError
from appliance.settings import Lines

PRECISIONS = {"write_lp": "millisecond"}        # InfluxDB 3 has other words
DATABASE = "suntap"


class Refused(OutputError):
    """The engine does not take these lines (400, 413, 422): some of them, or their number."""


@dataclass(frozen=True)
class Written:
    """What became of lines that were taken. `dropped`: the engine's words where it kept only a part of them (older than
    its retention, say)."""

    dropped: str = ""


class Target:
    """One engine. Nothing is sent until the first call."""

    def __init__(self, lines: Lines) -> None:
        """`lines`: the [lines] settings, their url not empty."""
        self._token = lines.token
        self._url = urlsplit(lines.url)
        if self._url.path in ("", "/"):
            self._url = self._url._replace(path="/write")
        self._replaces: bool | None = None

    @property
    def replaces(self) -> bool:
        """Whether a line replaces an earlier one of the same time: InfluxDB's way; VictoriaMetrics keeps both.
        Asked once. Raises OutputError."""
        if self._replaces is None:
            self._replaces = "X-Server-Hostname" not in self._call("GET", None).headers
        return self._replaces

    def write(self, body: str) -> Written:
        """Write lines. Raises Refused for these lines, OutputError when it should be tried again later."""
        answer = self._call("POST", gzip.compress(body.encode(), 1, mtime=0))
        if answer.status in (200, 204):
            return Written()
        if answer.status in (400, 422) and "partial write" in answer.text:
            return Written(answer.text)
        if answer.status in (400, 413, 422):
            raise Refused(f"the engine refused what was written ({answer.status}): {answer.text}")
        raise OutputError(_explain(answer), answer.retry_after_s)

    def address(self, replaces: bool) -> str:
        """The address as it is asked: with the precision, and a database where InfluxDB 1 needs one."""
        query = dict(parse_qsl(self._url.query, keep_blank_values=True))
        name = self._url.path.rstrip("/").rsplit("/", 1)[-1]
        query["precision"] = PRECISIONS.get(name, "ms")
        if replaces and name == "write" and "db" not in query and "bucket" not in query:
            query["db"] = DATABASE
        return urlunsplit(self._url._replace(query=urlencode(query)))

    def _call(self, method: str, body: bytes | None) -> http.Answer:
        headers = {"Content-Type": "text/plain; charset=utf-8", **self._authorization()}
        if body is not None:
            headers["Content-Encoding"] = "gzip"
        return http.request(method, self.address(self._replaces is not False), body, headers, self._token)

    def _authorization(self) -> dict[str, str]:
        token = self._token.reveal()
        if not token:
            return {}
        if ":" in token:
            return {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()}
        kind = "Token" if "/api/v2/" in self._url.path else "Bearer"
        return {"Authorization": f"{kind} {token}"}


def _explain(answer: http.Answer) -> str:
    """What to do about an answer that is no refusal of the lines themselves."""
    said = f" ({answer.status}: {answer.text})" if answer.text else f" ({answer.status})"
    if answer.status in (401, 403):
        return f"the engine does not accept the token: enter it again{said}"
    if answer.status == 404:
        return f"nothing takes line protocol at this address, or the database is not there: make it, or check it{said}"
    if 300 <= answer.status < 400:
        return f"the address leads elsewhere: enter the one it leads to{said}"
    return f"the engine could not take what was written just now{said}"
