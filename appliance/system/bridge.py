"""What the kernel knows of the network around the capture: the bridge's ports, the router's side, our own addresses.

Read from /sys and /proc, without any right. The router's port is the one on which the hardware address of the default
gateway was learned; where it has not been heard yet, no side is known. Tests give another root.
"""
import socket
import struct
from pathlib import Path

ENTRY = struct.Struct("=6sBBIBxH")      # struct __fdb_entry of linux/if_bridge.h
MAX_TABLE = 1 << 20                     # bytes read of one of the kernel's tables
LOCAL = "32 host LOCAL"                 # of an address of ours in fib_trie


def is_bridge(interface: str, root: Path = Path("/")) -> bool:
    """Whether `interface` is a bridge."""
    return (root / "sys/class/net" / interface / "brforward").exists()


def learned(interface: str, root: Path = Path("/")) -> dict[str, int]:
    """On which port of the bridge each hardware address was heard: address → port number; our own are left out."""
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
    """Hardware addresses of the default gateways that are reached over `interface`, as far as they were resolved."""
    default = set()
    for fields in _table(root / "proc/net/route"):
        if len(fields) > 7 and fields[0] == interface and fields[1] == "00000000" and fields[7] == "00000000":
            default.add(".".join(str(byte) for byte in bytes.fromhex(fields[2])[::-1]))
    return {mac for address, mac in neighbours(interface, root).items() if address in default}


def neighbours(interface: str, root: Path = Path("/")) -> dict[str, str]:
    """The IPv4 neighbours on `interface`: address → hardware address."""
    return {fields[0]: fields[3].lower() for fields in _table(root / "proc/net/arp")
            if len(fields) > 5 and fields[5] == interface and fields[3] != "00:00:00:00:00:00"}


def own_addresses(root: Path = Path("/")) -> frozenset[str]:
    """Every IP address of this machine, as the capture writes addresses."""
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


def _table(path: Path) -> list[list[str]]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return [line.split() for line in file.read(MAX_TABLE).splitlines()]
    except OSError:
        return []
