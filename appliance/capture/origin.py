"""From where an upload on the wire came: the PVS's side, the router's, or nowhere that counts.

What goes to one of this machine's own addresses is no upload: the page listens on the same port, and any web page in
the owner's browser can post there. A first sender is trusted only where its side of the bridge is known
(store.senders).
"""
from pathlib import Path

from appliance.capture.uplink import Uplink
from appliance.store.senders import CAPTURE, Arrival, arrival_from, host_of
from appliance.system.bridge import Side, Sides
from spcore.uploads import Upload


class Origin:
    """Judges the uploads of one interface; without one, those of capture files. `root`: of the kernel's tables."""

    def __init__(self, interface: str = "", root: Path = Path("/")) -> None:
        self.interface = interface
        self.uplink = Uplink()
        self.sides = Sides(interface, root, self.uplink)

    def look(self) -> None:
        """Look at the network before an upload comes: what came before it tells its side."""
        if self.interface:
            self.sides.look()

    def judge(self, upload: Upload) -> Arrival | None:
        """How an upload came; None where it went to this machine itself."""
        if not self.interface:
            return arrival_from(Side.NO_SIDES, CAPTURE)
        side = self.sides.of(upload.source_mac)
        return None if host_of(upload.destination) in self.sides.own else arrival_from(side, CAPTURE)
