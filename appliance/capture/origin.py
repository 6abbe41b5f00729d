"""From where an upload on the wire came: the PVS's side, the router's, or nowhere that counts.

What goes to one of this machine's own addresses is no upload, and what goes to a PVS is none: the page listens on the
same port, and any web page in the owner's browser can post there. Which side of a bridge a frame came from is what the
bridge learned of its hardware address; a first sender is trusted only where that is known (store.senders).
"""
import time
from pathlib import Path

from appliance.store.senders import CAPTURE, ROUTER, Arrival, host_of
from appliance.system import bridge
from spcore.uploads import Upload

LOOK_S = 1.0                # between two looks at the kernel's tables

ANYWHERE = Arrival(CAPTURE)


class Origin:
    """Judges the uploads of one interface. `root`: where the kernel's tables are, for tests."""

    def __init__(self, interface: str = "", root: Path = Path("/")) -> None:
        self.interface, self.root = interface, root
        self._looked = float("-inf")
        self._own: frozenset[str] = frozenset()
        self._bridge = False
        self._ports: dict[str, int] = {}
        self._routers: set[str] = set()

    def judge(self, upload: Upload, mac: str) -> Arrival | None:
        """How an upload sent by the hardware address `mac` came; None where it is none of a PVS to its collector."""
        if not self.interface:
            return ANYWHERE
        self._look()
        if host_of(upload.destination) in self._own:
            return None
        if not self._bridge:
            return ANYWHERE
        port = self._ports.get(mac)
        towards = {self._ports[router] for router in self._routers if router in self._ports}
        if port is None or not towards:
            return Arrival(CAPTURE, certain=False)
        return Arrival(CAPTURE, ROUTER if port in towards else "")

    def _look(self) -> None:
        if time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        self._own = bridge.own_addresses(self.root)
        self._bridge = bridge.is_bridge(self.interface, self.root)
        if self._bridge:
            self._ports = bridge.learned(self.interface, self.root)
            self._routers |= bridge.gateways(self.interface, self.root)
