"""The kernel's tables about the network around the capture: bridge ports, the router's side, our own addresses.

The tables are in /sys and /proc and can be read without privileges. The router's port is the port on which the bridge
learned the hardware address of the default gateway, and the one that an `Uplink` tells: that one stands above the
gateway's, because the kernel's table of neighbours believes whoever answers. Until one of them is known, or where they
contradict each other from the start, no side is. Tests pass another `root`.
"""
import ipaddress
import socket
import struct
import time
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Protocol

LOOK_S = 1.0                            # between two looks at the kernel's tables
ANY = "any"                             # libpcap's name for every interface
MAX_ROUTERS = 8                         # hardware addresses of gateways that are remembered
ENTRY = struct.Struct("=6sBBIBxH")      # struct __fdb_entry of linux/if_bridge.h
MAX_TABLE = 1 << 20                     # bytes read of one of the kernel's tables
LOCAL = "32 host LOCAL"                 # marks one of our addresses in fib_trie


class Side(Enum):
    """The side of the bridge on which a hardware address was learned."""

    PVS = "pvs"                 # not on the router's port
    ROUTERS = "router"
    NOT_KNOWN = "not known"     # the bridge has not learned the address, or not the router's
    NO_SIDES = "no sides"


class Uplink(Protocol):
    """Knows the router's port by other means."""

    def look(self, ports: Mapping[str, int]) -> None:
        """Look at the bridge's `ports`, name → number."""

    def router(self) -> int | None:
        """The number of the router's port."""


class Sides:
    """Tells on which side of the bridge `interface` a hardware address is. Reads the tables at most every LOOK_S, but
    for where an address was learned."""

    def __init__(self, interface: str, root: Path = Path("/"), uplink: Uplink | None = None) -> None:
        self.interface, self.root, self.uplink = interface, root, uplink
        self.own: frozenset[str] = frozenset()      # every IP address of this machine
        self._looked = float("-inf")
        self._bridge = False
        self._ports: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._routers: list[str] = []               # hardware addresses of gateways: the first and the newest
        self._towards: set[int] = set()             # the router's port, as it was last known

    def look(self) -> None:
        """Read the tables if the last read is at least LOOK_S ago."""
        if time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        self.own = own_addresses(self.root)
        self._bridge = is_bridge(self.interface, self.root)
        numbers = port_numbers(self.interface, self.root) if self._bridge else {}
        if numbers != self._numbers:
            self._numbers, self._towards = numbers, set()
        if self._bridge:
            found = gateways(self.interface, self.root)
            new = sorted(found.difference(self._routers))
            self._routers += new
            del self._routers[1:-(MAX_ROUTERS - 1)]     # not the first: whoever answers for a gateway gets in here
            self._look_where()
        if self.uplink is not None:
            self.uplink.look(numbers)

    def _look_where(self) -> None:
        """Where the bridge learned each address, and with it the router's."""
        self._ports = learned(self.interface, self.root)
        towards = {self._ports[router] for router in self._routers if router in self._ports}
        told = self.uplink.router() if self.uplink is not None else None
        if told is not None:            # where they contradict each other, what was known stays
            self._towards = {told} if told in towards or not towards else self._towards
        elif towards or not self._routers:
            self._towards = towards

    def router_port(self) -> str:
        """Return the name of the port that leads to the router; "" if it is not known, or if there are two."""
        names = [name for name, number in self._numbers.items() if number in self._towards]
        return names[0] if len(names) == 1 else ""

    def beyond(self) -> frozenset[str]:
        """Return the hardware addresses that the bridge learned at other ports than the router's."""
        return frozenset(mac for mac, port in self._ports.items() if port not in self._towards)

    def of(self, mac: str) -> Side:
        """Return the side of a hardware address; NO_SIDES if the interface is no bridge."""
        self.look()
        if not self._bridge:
            return Side.NO_SIDES
        self._look_where()          # the frames that are judged may be younger than the last look
        port = self._ports.get(mac)
        if port is None or not self._towards:
            return Side.NOT_KNOWN
        return Side.ROUTERS if port in self._towards else Side.PVS


def is_bridge(interface: str, root: Path = Path("/")) -> bool:
    """Return True if `interface` is a bridge."""
    return (root / "sys/class/net" / interface / "brforward").exists()


def joining_cards(root: Path = Path("/")) -> str:
    """Return the name of a bridge that joins two network cards; "" if there is none. Ports without a card are those of
    containers and virtual machines."""
    found = root / "sys/class/net"
    try:
        return next((name.name for name in sorted(found.iterdir()) if is_bridge(name.name, root)
                     and sum((found / port / "device").exists() for port in port_numbers(name.name, root)) > 1), "")
    except OSError:
        return ""


def port_numbers(interface: str, root: Path = Path("/")) -> dict[str, int]:
    """The bridge's ports and the numbers under which its table of addresses knows them. {} if unreadable."""
    found = {}
    try:
        for port in sorted((root / "sys/class/net" / interface / "brif").iterdir()):
            found[port.name] = int((port / "port_no").read_text(), 16)
    except (OSError, ValueError):       # one was just taken out
        return {}
    return found


def learned(interface: str, root: Path = Path("/")) -> dict[str, int]:
    """Return the bridge's learned addresses: hardware address → port number, without our own. {} if unreadable."""
    path = root / "sys/class/net" / interface / "brforward"
    found = {}
    try:
        with open(path, "rb", buffering=0) as table:
            while chunk := table.read(4096):
                for mac, low, local, _, high, _ in ENTRY.iter_unpack(chunk[:len(chunk) // ENTRY.size * ENTRY.size]):
                    if not local:
                        found[mac.hex(":")] = low | high << 8
    except OSError:
        return {}
    return found


def gateways(interface: str, root: Path = Path("/")) -> set[str]:
    """Return the hardware addresses of the default gateways on `interface` that ARP has resolved."""
    default = set()
    for fields in _table(root / "proc/net/route"):
        if len(fields) > 7 and fields[0] == interface and fields[1] == "00000000" and fields[7] == "00000000":
            default.add(".".join(str(byte) for byte in bytes.fromhex(fields[2])[::-1]))
    return {mac for address, mac in neighbours(interface, root).items() if address in default}


def neighbours(interface: str, root: Path = Path("/")) -> dict[str, str]:
    """Return the IPv4 neighbours on `interface`: address → hardware address."""
    return {fields[0]: fields[3].lower() for fields in _table(root / "proc/net/arp")
            if len(fields) > 5 and fields[5] == interface and fields[3] != "00:00:00:00:00:00"}


def own_addresses(root: Path = Path("/")) -> frozenset[str]:
    """Return every IP address of this machine, in the notation of the capture."""
    found, last = set(), ""
    for fields in _table(root / "proc/net/fib_trie"):
        if fields[:1] == ["|--"] and len(fields) == 2:
            last = fields[1]
        elif " ".join(fields).removeprefix("/") == LOCAL and last:
            found.add(last)
    for fields in _table(root / "proc/net/if_inet6"):
        if len(fields) > 5 and len(fields[0]) == 32:
            found.add(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[0])))
    return frozenset(found)


def own_networks(root: Path = Path("/")) -> frozenset[ipaddress.IPv6Network]:
    """Return the IPv6 networks of this machine's interfaces."""
    return frozenset(
        ipaddress.IPv6Network((bytes.fromhex(fields[0]), int(fields[2], 16)), strict=False)
        for fields in _table(root / "proc/net/if_inet6")
        if len(fields) > 5 and len(fields[0]) == 32 and 0 < int(fields[2], 16) <= 128)


def _table(path: Path) -> list[list[str]]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return [line.split() for line in file.read(MAX_TABLE).splitlines()]
    except OSError:
        return []
