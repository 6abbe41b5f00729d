"""Hardware addresses of the PVS's side that somebody on the router's side copied.

Theory: the bridge says where it learned an address last, not where a frame entered: who copies the PVS's address, and
lets the PVS speak in between (by a ping), would pass for it. So a tap at the router's port waits for frames that come
from an address of the other side. There are none in a house where nobody copies, so it costs nothing, and it sees each
before the capture does. Frames to a group do not count: some access points send them back, and no upload is one.

An address that was copied counts as the router's side for COPIED_S, longer than a connection may be silent: what the
PVS itself sends in that time is kept aside and is a question; a copier who floods can crowd it out there.
"""
import logging
import socket
import time
from collections.abc import Collection

from appliance.capture import tap
from appliance.capture.tap import EQUAL, LD_BYTE, LD_HALF, LD_WORD, RETURN, Step

COPIED_S = 600.0        # Limits.idle_age is 300 s
MAX_WATCHED = 64        # addresses, the newest; on the PVS's port there is the PVS
MOST = 2000             # frames looked at in one go
MACS = 12               # bytes of a frame: destination and source

log = logging.getLogger(__name__)


class Copies:
    """Watches the router's port; without the right to listen it sees nothing. Not for several threads."""

    def __init__(self) -> None:
        self._port = ""
        self._watched: tuple[str, ...] = ()     # stay watched: a copied address is on our side only now and then
        self._socket: socket.socket | None = None
        self._seen: dict[str, float] = {}       # address → when it was last seen, monotonic

    def watch(self, port: str, addresses: frozenset[str]) -> None:
        """Listen at `port` ("": nowhere) for frames from `addresses` too. At another port all is forgotten."""
        if port != self._port:
            self.close()
            self._port, self._watched = port, ()
            self._seen.clear()
        watched = (*self._watched, *sorted(addresses.difference(self._watched)))[-MAX_WATCHED:]
        if not port or not watched or (watched == self._watched and self._socket):
            return
        self._watched = watched
        try:
            if self._socket is None:
                self._socket = tap.listen(port, program(watched))
            else:
                tap.attach(self._socket, program(watched))
        except OSError as error:            # the port went away, or there is no right to listen
            log.debug("%s: %s", port, error)
            self.close()

    def has(self, address: str) -> bool:
        """Whether `address` was copied within COPIED_S."""
        now = time.monotonic()
        for seen in self._new():
            if self._seen.get(seen, float("-inf")) < now - COPIED_S:
                log.warning("%s: a device on the router's side uses the hardware address %s", self._port, seen)
            self._seen[seen] = now
        return now - self._seen.get(address, float("-inf")) < COPIED_S

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _new(self) -> Collection[str]:
        """Addresses seen since the last look; all, where more came than the socket had room for."""
        found: set[str] = set()
        if self._socket is None:
            return found
        try:
            for _ in range(MOST):
                found.add(self._socket.recv(MACS)[6:].hex(":"))
            return self._watched
        except BlockingIOError:
            return self._watched if found and tap.dropped(self._socket) else found
        except OSError as error:
            log.debug("%s: %s", self._port, error)
            self.close()
            return found


def program(addresses: Collection[str]) -> list[Step]:
    """Frames that enter, to one station, from one of `addresses`."""
    steps = tap.enters()
    steps += [(LD_BYTE, 0, 0, 0), (tap.AND, 0, 0, 1), (EQUAL, 1, 0, 0), (RETURN, 0, 0, 0)]
    for address in addresses:
        number = int(address.replace(":", ""), 16)
        steps += [(LD_WORD, 0, 0, 6), (EQUAL, 0, 3, number >> 16), (LD_HALF, 0, 0, 10),
                  (EQUAL, 0, 1, number & 0xFFFF), (RETURN, 0, 0, MACS)]
    return [*steps, (RETURN, 0, 0, 0)]
