"""A PVOutput for tests and the demo: a real HTTP server with the service's quota, refusals and failures.

    with PvOutput(clock, System(size_w=4800), api_key=KEY) as server:
        ...post to server.url...
        server.site.curve(date(2026, 5, 9))     # {"12:00": {"v1": Decimal(...), ...}, ...}
        server.requests                         # every request: when, which service, its status and reply

pvoutput_site.py stores data and refuses it for its content; pvoutput_services.py has the services; this module has
keys, quota, wire and faults. The quota is a fixed window on the clock hour (UTC) per key; every request with a known
key counts, refused ones too. Rate headers are sent only if the request asks for them, in changing case. A key is never
kept or logged in clear: requests carry its hash.
"""
import argparse
import hashlib
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler
from socket import SHUT_RDWR
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from appliance.simulate.pvoutput_services import READS, WRITES
from appliance.simulate.pvoutput_site import Refusal, Site, System
from appliance.simulate.server import Server
from appliance.system import clock as clocks

log = logging.getLogger(__name__)

PATH = "/service/r2/"
API_KEY = "00000000000000000000000000000000feedbeef"
QUOTA = {False: 60, True: 300}           # requests an hour, by donation
MAX_BODY = 1 << 20
TITLES = {
    400: ("Bad request 400", "Bad Request 400"), 401: ("Unauthorized 401", "unauthorized 401"),
    403: ("Forbidden 403", "FORBIDDEN 403"), 404: ("Not Found 404",), 405: ("Method Not Allowed 405",),
}
CASES = (str, str.lower, str.upper)


class Fault(Enum):
    """Faults of the network and the server; `PvOutput.fail` switches one on."""

    LATE = "does what was asked, answers `seconds` later"
    NEVER = "does nothing and never answers"
    ERROR = "500, nothing done"
    HTML = "200 with an HTML page, nothing done"
    HALF = "does what was asked, sends half of the reply and closes"
    CLOSE = "does what was asked and closes without a reply"
    BUSY = "400 Load in progress, nothing done"
    QUOTA = "403 Exceeded without rate headers, nothing done"
    FORGET = "says OK and stores nothing"


@dataclass
class Account:
    """One API key's rights."""

    read_only: bool = False
    disabled: bool = False


@dataclass(frozen=True)
class Request:
    """One request as the server received it."""

    time: float                          # the server's clock, seconds since 1970 UTC
    service: str                         # "addstatus", ...
    key: str                             # first eight digits of the key's SHA-256, "" without a key
    parameters: dict[str, str]
    status: int                          # what was answered, or would have been
    reply: str
    fault: Fault | None = None
    system_id: str = ""

    @property
    def accepted(self) -> bool:
        return self.status == 200

    @property
    def rows(self) -> list[str]:
        """Return the batch's rows as sent; for a single status its `d,t`; else []."""
        if "data" in self.parameters:
            return self.parameters["data"].split(";")
        return ["{d},{t}".format(**self.parameters)] if self.service == "addstatus" and self.accepted else []


@dataclass
class _Switch:
    fault: Fault
    times: int | None
    service: str | None
    seconds: float


@dataclass
class _Exchange:
    """A request under way: the reply that the wire code must send."""

    status: int = 200
    reply: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    seconds: float = 0.0


class PvOutput:
    """The server; a context manager that serves from threads. Raises OSError when the port is taken."""

    def __init__(self, clock: clocks.Clock, system: System | None = None, api_key: str = API_KEY,
                 host: str = "127.0.0.1", port: int = 0, more: Iterable[System] = ()) -> None:
        """`more`: further systems of the same owner, with the same keys and the same quota."""
        self.clock = clock
        self.sites = [Site(system or System()), *(Site(other) for other in more)]
        self.accounts = {api_key: Account()}
        self.quota: int | None = None    # requests an hour; None: the quota of the account's plan
        self.requests: list[Request] = []
        self._spent: dict[tuple[str, int], int] = {}
        self._switches: list[_Switch] = []
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        owner = self

        class Handler(_Handler):
            server_object = owner

        self._http = Server((host, port), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://{host}:{self._http.server_port}{PATH}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def fail(self, fault: Fault, times: int | None = 1, service: str | None = None,
             seconds: float = 30.0) -> None:
        """Apply `fault` to the next `times` requests (None: until heal()) of `service` (None: any).

        `seconds`: delay of LATE in real seconds.
        """
        with self._lock:
            self._switches.append(_Switch(fault, times, service, seconds))

    def heal(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._switches.clear()

    def spend(self, requests: int, api_key: str = API_KEY) -> None:
        """Use `requests` of this hour's quota, as the owner's other programs do."""
        with self._lock:
            window = (mask(api_key), self._hour())
            self._spent[window] = self._spent.get(window, 0) + requests

    def spent(self, hour: int | None = None, api_key: str = API_KEY) -> int:
        """Return the requests of a clock hour (Unix time // 3600; default: now), with refused ones and spend()."""
        return self._spent.get((mask(api_key), self._hour() if hour is None else hour), 0)

    @property
    def site(self) -> Site:
        """The first system."""
        return self.sites[0]

    def site_of(self, system_id: str) -> Site | None:
        """Return the system with this id; None if there is none."""
        return next((site for site in self.sites if site.system.system_id == system_id), None)

    def _hour(self) -> int:
        return int(self.clock.time() // 3600)

    def answer(self, method: str, target: str, headers: dict[str, str], body: str) -> _Exchange:
        """Carry out a request and return the reply; header names in lower case."""
        url = urlsplit(target)
        parameters = dict(parse_qsl(f"{url.query}&{body}", keep_blank_values=True))
        service = url.path.removeprefix(PATH).removesuffix(".jsp")
        key = headers.get("x-pvoutput-apikey", "")
        parameters = {name: mask(text) if text in self.accounts else text for name, text in parameters.items()}
        exchange = _Exchange()
        with self._lock:
            try:
                account = self._authenticate(key, exchange, headers.get("x-rate-limit") == "1")
                self._apply_fault(service, exchange)
                if exchange.fault not in (Fault.NEVER, Fault.HTML):
                    site = self._check_rights(method, service, account, headers)
                    exchange.reply = self._serve(site, service, parameters, exchange.fault)
            except Refusal as refusal:
                titles = TITLES.get(refusal.status, (str(refusal.status),))
                exchange.status = refusal.status
                exchange.reply = f"{titles[len(self.requests) % len(titles)]}: {refusal.reason}"
            if exchange.fault is Fault.HTML:
                exchange.reply = "<!DOCTYPE html><html><body><h1>Back in a minute</h1></body></html>"
            self.requests.append(Request(self.clock.time(), service, mask(key), parameters, exchange.status,
                                         exchange.reply, exchange.fault, headers.get("x-pvoutput-systemid", "")))
        log.debug("%s %s by %s: %s", method, service, mask(key), exchange.reply[:100])
        return exchange

    def _authenticate(self, key: str, exchange: _Exchange, wants_headers: bool) -> Account:
        if not key:
            raise Refusal(401, "Missing, invalid or inactive api key information")
        if key not in self.accounts:
            raise Refusal(401, "Invalid API Key")
        hour, limit = self._hour(), self.quota or QUOTA[self.site.system.donor]
        spent = self._spent.get((mask(key), hour), 0) + 1
        self._spent[mask(key), hour] = spent
        if wants_headers:
            case = CASES[len(self.requests) % len(CASES)]
            exchange.headers = {
                case("X-Rate-Limit-Remaining"): str(max(0, limit - spent)),
                case("X-Rate-Limit-Limit"): str(limit),
                case("X-Rate-Limit-Reset"): str((hour + 1) * 3600),
            }
        if spent > limit:
            raise Refusal(403, f"Exceeded {limit} requests per hour")
        return self.accounts[key]

    def _apply_fault(self, service: str, exchange: _Exchange) -> None:
        switch = next((s for s in self._switches if s.service in (None, service)), None)
        if switch is None:
            return
        if switch.times is not None:
            switch.times -= 1
            if not switch.times:
                self._switches.remove(switch)
        exchange.fault, exchange.seconds = switch.fault, switch.seconds
        if switch.fault is Fault.ERROR:
            raise Refusal(500, "Internal Server Error")
        if switch.fault is Fault.BUSY:
            raise Refusal(400, "Load in progress")
        if switch.fault is Fault.QUOTA:
            exchange.headers = {}
            raise Refusal(403, f"Exceeded {self.quota or QUOTA[self.site.system.donor]} requests per hour")

    def _check_rights(self, method: str, service: str, account: Account, headers: dict[str, str]) -> Site:
        if account.disabled:
            raise Refusal(401, "Disabled API Key")
        site = self.site_of(headers.get("x-pvoutput-systemid", ""))
        if site is None:
            raise Refusal(401, "Invalid System ID")
        if service in WRITES and account.read_only:
            raise Refusal(403, "Read only key")
        if service in WRITES and method != "POST":
            raise Refusal(405, "POST only")
        return site

    def _serve(self, site: Site, service: str, parameters: dict[str, str], fault: Fault | None) -> str:
        handler = (WRITES | READS).get(service)
        if handler is None:
            raise Refusal(404, "No such service")
        if fault is Fault.FORGET and service in WRITES:
            return "OK 200: Added " + ("Output" if service == "addoutput" else "Status")
        return handler(site, parameters, self.clock.time())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Apache"
    wbufsize = -1                        # the reply leaves as one segment
    server_object: PvOutput

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY:
            self.send_error(413)
            return
        body = self.rfile.read(length).decode("ascii", "replace")
        headers = {name.lower(): value for name, value in self.headers.items()}
        server = self.server_object
        exchange = server.answer(self.command, self.path, headers, body)
        if exchange.fault is Fault.LATE:
            server._stopping.wait(exchange.seconds)
        if exchange.fault is Fault.NEVER:
            server._stopping.wait()
        if exchange.fault in (Fault.NEVER, Fault.CLOSE):
            self.close_connection = True
            self.connection.shutdown(SHUT_RDWR)
            return
        payload = exchange.reply.encode()
        self.send_response(exchange.status)
        is_html = exchange.fault is Fault.HTML
        self.send_header("Content-Type", "text/html" if is_html else "text/plain;charset=UTF-8")
        self.send_header("Content-Length", str(len(payload)))
        for name, value in exchange.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if exchange.fault is Fault.HALF:
            payload = payload[:len(payload) // 2]
            self.close_connection = True
        self.wfile.write(payload)

    do_GET = do_POST

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header: the server's clock."""
        return super().date_time_string(self.server_object.clock.time() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: `answer` logs, with keys masked."""


def mask(key: str) -> str:
    """Return a name for a key that does not reveal it."""
    return hashlib.sha256(key.encode()).hexdigest()[:8] if key else ""


def main() -> None:
    """Serve until interrupted; the first line printed is the base URL."""
    parser = argparse.ArgumentParser(description="A simulated PVOutput for tests and the demo.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--api-key", default=API_KEY)
    parser.add_argument("--system-id", default=System.system_id)
    parser.add_argument("--size", type=int, default=System.size_w, metavar="W")
    parser.add_argument("--zone", default=System.timezone)
    parser.add_argument("--latitude", type=float, default=System.latitude)
    parser.add_argument("--longitude", type=float, default=System.longitude)
    parser.add_argument("--donor", action="store_true")
    chosen = parser.parse_args()
    system = System(system_id=chosen.system_id, size_w=chosen.size, timezone=chosen.zone, donor=chosen.donor,
                    latitude=chosen.latitude, longitude=chosen.longitude)
    with PvOutput(clocks.from_environment(), system, chosen.api_key, chosen.host, chosen.port) as server:
        try:
            print(server.url, flush=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
