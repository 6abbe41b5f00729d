"""From where an upload on the wire came: the PVS's side, the router's, or nowhere that counts.

What goes to one of this machine's own addresses is no upload: the page listens on the same port, and any web page in
the owner's browser can post there. A first sender is trusted only where its side of the bridge is known
(store.trust). An address of the PVS's side that is used on the router's side too counts as the router's (spoofed).
"""
from pathlib import Path

from appliance.capture.spoofed import Copies
from appliance.capture.uplink import Uplink
from appliance.store.trust import CAPTURE, Arrival, arrival_from, host_of
from appliance.system.bridge import Side, Sides
from spcore.uploads import Upload


class Origin:
    """Judges the uploads of one interface; without one, those of capture files. `root`: of the kernel's tables."""

    def __init__(self, interface: str = "", root: Path = Path("/")) -> None:
        self.interface = interface
        self.uplink = Uplink()
        self.copies = Copies()
        self.sides = Sides(interface, root, self.uplink)
        self.trusted: frozenset[str] = frozenset()      # hardware addresses of senders

    def look(self) -> None:
        """Look at the network before an upload comes: what came before it tells its side."""
        if self.interface:
            self.sides.look()
            self.copies.watch(self.sides.router_port(), self.sides.beyond() | self.trusted)

    def close(self) -> None:
        """Stop listening."""
        self.uplink.close()
        self.copies.close()

    def judge(self, upload: Upload) -> Arrival | None:
        """How an upload came; None where it went to this machine itself, or to a group."""
        if not self.interface:
            return arrival_from(Side.NO_SIDES, CAPTURE)
        side = self.sides.of(upload.source_mac)
        if host_of(upload.destination) in self.sides.own or is_group(upload.destination_mac):
            return None
        if side is not Side.NO_SIDES and self.copies.has(upload.source_mac):
            side = Side.ROUTERS
        return arrival_from(side, CAPTURE)


def is_group(mac: str) -> bool:
    """Whether a hardware address is that of a group, to which no connection goes (IEEE 802: the first bit sent)."""
    return bool(mac) and bool(int(mac[:2], 16) & 1)
