"""Which hardware address speaks for an IPv4 address on the own cable: the kernel's ARP table."""
from pathlib import Path

ARP = Path("/proc/net/arp")     # IP address, HW type, flags, HW address, mask, device (proc(5))
MAX_BYTES = 1 << 18


def hardware_address(address: str, table: Path = ARP) -> str:
    """The MAC of `address` in lower case; "" where the kernel knows none."""
    try:
        with open(table, "rb") as file:
            lines = file.read(MAX_BYTES).decode("ascii", "replace").splitlines()[1:]
    except OSError:
        return ""
    for words in map(str.split, lines):
        if len(words) >= 4 and words[0] == address and words[3] != "00:00:00:00:00:00":
            return words[3].lower()
    return ""
