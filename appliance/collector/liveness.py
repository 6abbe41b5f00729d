"""What the wire tells about the maker's server, without asking anybody: does the PVS try, and is it answered?

Theory: of each frame only this counts:
    a try       the PVS asks for the collector's name, opens a connection to its address, or sends it an upload
    an answer   the collector's address says 1002, in a frame that is not this machine's own
Addresses are learned from the answers of name servers and from uploads. A try counts once in SPACING_S: a query that
is repeated, or a connection and the upload on it, are one. Everything is bounded; a frame that is not understood is
nothing.
"""
import ipaddress
import socket
from collections import deque
from typing import Any

from appliance.collector import COLLECTOR_PORT, PATHS, REDIRECTED, dns

SPACING_S = 30.0
MAX_TRIES = 8           # times kept
MAX_ADDRESSES = 8
MAX_SEEN = 1514         # bytes of a frame that are looked at
FILTER = (f"(tcp dst port {COLLECTOR_PORT} and (tcp[tcpflags] & tcp-syn != 0"
          f" or tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x504f5354))"         # "POST"
          f" or (tcp src port {COLLECTOR_PORT} and ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12:1] & 0xf0) >> 2) > 0)"
          f" or udp port {dns.PORT}")
SYN, ACK = 0x02, 0x10
HOUSE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                                          "127.0.0.0/8", "224.0.0.0/3", "0.0.0.0/8")))


def is_public(address: str) -> bool:
    """Whether the maker's server can have this IPv4 address: not one of a house, of this machine, or of many."""
    try:
        found = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return not any(found in net for net in HOUSE)


class WireView:
    """What was seen since `started` (seconds of the steady clock). `own_mac`: this machine's on the same wire."""

    def __init__(self, started: float, own_mac: bytes = b"") -> None:
        self.started, self.own_mac = started, own_mac
        self.tries: deque[float] = deque(maxlen=MAX_TRIES)
        self.unanswered_since: float | None = None      # the first try after the last answer
        self.unanswered = 0                             # tries since then
        self.answered: float | None = None
        self.addresses: list[str] = []                  # the one learned last stands last

    def learn(self, address: str) -> None:
        """`address` is the collector's."""
        if address == REDIRECTED or not is_public(address):
            return
        self.addresses = [*(known for known in self.addresses if known != address), address][-MAX_ADDRESSES:]

    def facts(self) -> dict[str, Any]:
        """For the heartbeat."""
        return {"started": self.started, "tries": list(self.tries), "unanswered_since": self.unanswered_since,
                "unanswered": self.unanswered, "answered": self.answered, "addresses": self.addresses}

    def frame(self, now: float, data: bytes) -> None:
        """Look at one Ethernet frame that came at `now`."""
        if len(data) < 34 or data[12:14] != b"\x08\0" or data[14] >> 4 != 4:
            return
        at = 14 + 4 * (data[14] & 15)
        if int.from_bytes(data[20:22]) & 0x1FFF or len(data) < at + 8:
            return      # a later fragment, or cut off
        end = min(len(data), 14 + int.from_bytes(data[16:18]))
        own = bool(self.own_mac) and data[6:12] == self.own_mac
        source, destination = int.from_bytes(data[at:at + 2]), int.from_bytes(data[at + 2:at + 4])
        if data[23] == socket.IPPROTO_UDP:
            self._names(now, source, destination, own, data[at + 8:end])
        elif data[23] == socket.IPPROTO_TCP and len(data) >= at + 20:
            payload = data[at + 4 * (data[at + 12] >> 4):end]
            if destination == COLLECTOR_PORT:
                self._to_collector(now, socket.inet_ntoa(data[30:34]), data[at + 13], payload)
            elif source == COLLECTOR_PORT and not own and b"1002\t" in payload:
                self._from_collector(now, socket.inet_ntoa(data[26:30]))

    def _names(self, now: float, source: int, destination: int, own: bool, message: bytes) -> None:
        if not dns.asks_for_collector(message):
            return
        if destination == dns.PORT:
            self._try(now)
        elif source == dns.PORT and not own:
            try:
                for address, _ in dns.addresses(message):
                    self.learn(address)
            except ValueError:
                return

    def _to_collector(self, now: float, address: str, flags: int, payload: bytes) -> None:
        if payload.startswith(b"POST ") and payload.split(b" ", 2)[1].decode("ascii", "replace") in PATHS:
            self.learn(address)
            self._try(now)
        elif flags & (SYN | ACK) == SYN and (address in self.addresses or address == REDIRECTED):
            self._try(now)

    def _try(self, now: float) -> None:
        if not self.tries or now - self.tries[-1] >= SPACING_S:
            self.tries.append(now)
            self.unanswered += 1
        if self.unanswered_since is None:
            self.unanswered_since = now

    def _from_collector(self, now: float, address: str) -> None:
        if address in self.addresses:
            self.answered, self.unanswered_since, self.unanswered = now, None, 0
