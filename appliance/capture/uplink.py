"""Which port of the bridge leads to the router, on a bridge that has no default gateway to ask for.

Theory: what comes from outside the house enters the bridge at the router's port. A frame with such a source (IPv4; no
network of a house has it) is seen at the port where it enters, so no hardware address is believed, and whoever stands
on the router's side can only show more of the same. The PVS's upload needs the answer to its SYN, so the first upload
that is complete has shown the port. Foreign frames at two ports (a house with public addresses, a device that forwards)
say nothing: then no side is known, and the first sender is a question to the owner.

Nothing is copied out of the kernel but the heads of such frames, and no more of the router's once it is known.
"""
import ipaddress
import logging
import socket
from collections.abc import Mapping

from appliance.capture import tap
from appliance.capture.tap import AD_PROTOCOL, LD_HALF, LD_WORD, RETURN, Step
from appliance.collector.liveness import HOUSE

NOT_FOREIGN = (*HOUSE, ipaddress.IPv4Network("100.64.0.0/10"))      # RFC 6598: between provider and house
ENOUGH = 3              # foreign frames at one port: the answers to a single connection are more
HEAD = 34               # bytes of a frame: Ethernet and IPv4
MAX_PORTS = 8           # looked at

SOURCE = 26             # offset of the IPv4 source address in a frame
ETH_P_IP = 0x0800       # linux/if_ether.h

log = logging.getLogger(__name__)


class Uplink:
    """Foreign frames by the port they entered; without the right to listen there are none. Not for several threads."""

    def __init__(self) -> None:
        self._ports: dict[str, int] = {}
        self._sockets: dict[int, socket.socket] = {}
        self._counts: dict[int, int] = {}

    def look(self, ports: Mapping[str, int]) -> None:
        """Listen on `ports` (name → number) and count what came since the last look; other ports begin anew."""
        if ports != self._ports:
            self.close()
            self._ports = dict(list(ports.items())[:MAX_PORTS])
            self._counts = dict.fromkeys(self._ports.values(), 0)
        for name, number in self._ports.items():
            if self._counts[number] < ENOUGH:
                self._count(name, number)

    def router(self) -> int | None:
        """The router's port; None while nothing or too little came, and where it came in at two ports."""
        self.look(self._ports)              # what came just now: the answers to the upload that is judged
        seen = [number for number, count in self._counts.items() if count]
        return seen[0] if len(seen) == 1 and self._counts[seen[0]] >= ENOUGH else None

    def close(self) -> None:
        for opened in self._sockets.values():
            opened.close()
        self._sockets.clear()

    def _count(self, name: str, number: int) -> None:
        try:
            if number not in self._sockets:
                self._sockets[number] = tap.listen(name, program())
            while self._counts[number] < ENOUGH:
                self._sockets[number].recv(HEAD)
                self._counts[number] += 1
        except BlockingIOError:
            return
        except OSError as error:            # the port went away, or there is no right to listen
            log.debug("%s: %s", name, error)
        if number in self._sockets:
            self._sockets.pop(number).close()


def program() -> list[Step]:
    """IPv4 frames that enter, with a source outside every network of a house."""
    steps = tap.enters() + tap.drop_if(LD_HALF, AD_PROTOCOL, ETH_P_IP, when=False)
    for network in NOT_FOREIGN:
        steps += tap.drop_if(LD_WORD, SOURCE, int(network.network_address), int(network.netmask))
    return [*steps, (RETURN, 0, 0, HEAD)]
