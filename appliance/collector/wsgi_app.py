"""The application that answers a PVS as its collector did: 1002 and the time, once the upload is in the inbox.
When it stands in is breaker.py's to say.

Rules, in this order, each refusal with its status and its counter:
    a path other than the two                    404
    a method other than POST                     405
    a sender that may not                        403     not brought here by the redirection; direct: no own network
    no body                                      400     (too long a one is refused by the listener: 413)
    too much of one sender                       429
    our clock is a guess                         503     1002 carries a time; the PVS may believe it
    the inbox does not take it                   503
    else                                         200     1002<TAB>YYYYMMDDHHMMSS<CR><LF>, UTC

The maker's server also carried firmware: this one says 1002 and nothing else, on both paths. What comes in is as
untrusted as the wire; it is stored as bytes and looked into by nobody here.
"""
import ipaddress
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from appliance.collector import ALIVE, COLLECTOR_PORT, PATHS, PEER, PEER_MAC
from appliance.collector.bounds import Bounds
from appliance.collector.deposit import Deposit
from appliance.system.clock import Clock, is_set
from appliance.system.neighbours import hardware_address
from spcore.uploads import Upload

DESTINATION = "suntap.destination"  # environ: "ADDRESS:PORT" that a redirected connection was meant for
CLOSE = "suntap.close"              # environ: call it to end the connection after this answer
HEADERS = (("Cache-Control", "no-cache, no-transform, must-revalidate"), ("Content-Type", "text/plain"))
COUNTERS = ("answered", "repeated", "refused_path", "refused_method", "refused_sender", "refused_empty", "refused_rate",
            "clock_not_set", "not_stored")

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], Any]


class StandIn:
    """A WSGI application. `pvs_mac`: only this hardware address may send (capture.pvs_mac); empty: any that is near."""

    def __init__(self, deposit: Deposit, clock: Clock, bounds: Bounds | None = None,
                 clock_is_set: Callable[[], bool] = is_set) -> None:
        self.deposit, self.clock, self.clock_is_set = deposit, clock, clock_is_set
        self.bounds = bounds or Bounds()
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.last_answer: dict[str, Any] | None = None      # {"time", "to", "path", "text"}, for the diagnostics page
        self.pvs_mac = ""
        self.letting_go = False     # the redirection ends: a kept connection must not outlive it

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        if self.letting_go:
            environ.get(CLOSE, bool)()
        if environ["PATH_INFO"] == ALIVE and DESTINATION not in environ and PEER_KEY not in environ:
            return _answer(start, "204 No Content", b"")
        status, text = self._judge(environ)
        return _answer(start, status, text)

    def _judge(self, environ: Environ) -> tuple[str, bytes]:
        if environ["PATH_INFO"] not in PATHS or environ.get("QUERY_STRING"):
            return self._refuse("refused_path", "404 Not Found")
        if environ["REQUEST_METHOD"] != "POST":
            return self._refuse("refused_method", "405 Method Not Allowed")
        source, destination, mac = self._sender(environ)
        if not source:
            return self._refuse("refused_sender", "403 Forbidden")
        body = environ["wsgi.input"].read()
        if not body:
            return self._refuse("refused_empty", "400 Bad Request")
        if not self.bounds.admit(mac or source.rpartition(":")[0], len(body), self.clock.steady()[1]):
            return self._refuse("refused_rate", "429 Too Many Requests")
        if not self.clock_is_set():
            return self._refuse("clock_not_set", "503 Service Unavailable")
        now = self.clock.time()
        try:
            new = self.deposit.store(upload(int(now * 1e6), source, destination, environ["PATH_INFO"], body, mac))
        except (sqlite3.Error, OSError):
            return self._refuse("not_stored", "503 Service Unavailable")
        text = f"1002\t{datetime.fromtimestamp(now, UTC):%Y%m%d%H%M%S}\r\n"
        self.counters["answered"] += 1
        self.counters["repeated"] += not new
        self.last_answer = {"time": int(now), "to": source, "path": environ["PATH_INFO"], "text": text.strip()}
        return "200 OK", text.encode()

    def _refuse(self, counter: str, status: str) -> tuple[str, bytes]:
        self.counters[counter] += 1
        return status, b""

    def _sender(self, environ: Environ) -> tuple[str, str, str]:
        """("address:port", of whom it was meant for, hardware address or "") of a sender that may; else empty ones."""
        source, destination = f"{environ['REMOTE_ADDR']}:{environ['REMOTE_PORT']}", environ.get(DESTINATION, "")
        if not destination:     # through the page
            source, destination = environ.get(PEER_KEY, ""), f"{environ.get('HTTP_HOST', '')[:64]}:{COLLECTOR_PORT}"
            if not is_own_network(source.rpartition(":")[0]):
                return "", "", ""
        mac = (environ.get(MAC_KEY, "") if PEER_KEY in environ and DESTINATION not in environ else "") or \
            hardware_address(source.rpartition(":")[0])
        return ("", "", "") if self.pvs_mac and mac != self.pvs_mac.lower() else (source, destination, mac)


PEER_KEY, MAC_KEY = ("HTTP_" + name.upper().replace("-", "_") for name in (PEER, PEER_MAC))


def upload(captured_us: int, source: str, destination: str, path: str, body: bytes, mac: str) -> Upload:
    """The upload as the inbox keeps it."""
    return Upload(captured_us, source, destination, path, body, True, mac)


def is_own_network(address: str) -> bool:
    """Whether `address` is one that only the own network can have: private, link-local or this machine's loopback."""
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return (found.is_private or found.is_link_local) and not found.is_unspecified


def _answer(start: Start, status: str, text: bytes) -> list[bytes]:
    length = [] if status.startswith("204") else [("Content-Length", str(len(text)))]
    start(status, [*HEADERS, *length])
    return [text]
