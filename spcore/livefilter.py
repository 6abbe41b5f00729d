"""The kernel's filter of a live capture (pcap-filter(7)): few frames wake us, and none that matters is left out.

Later IP fragments carry no ports. Each `vlan` moves the offsets of everything behind it by one tag, so the plain filter
stands three times: for no tag, one and two. Frames that a mirror port wrapped (spcore/tunnels.pyx), and layers that the
filter language cannot look behind at any depth, pass whole: the core opens them.
"""
from __future__ import annotations

TYPE_CHECKING = False                   # typing costs more to import than this module
if TYPE_CHECKING:
    from collections.abc import Iterable

TUNNELS = ("udp dst port 37008 or udp dst port 4789 or udp dst port 4790 or udp dst port 8472 or udp dst port 6081 "
           "or udp dst port 6635 or ip proto 47 or ip6 proto 47 or ip proto 4 or ip proto 41 or ip proto 137 "
           "or ip proto 97 or ip6 proto 4 or ip6 proto 41")
FRAGMENTS = "(ip[6:2] & 0x1fff != 0) or ip6 proto 44"
WRAPPED = "ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864"
TAGGED = "ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100"
ETHERNET = 1
COOKED = (113, 276)
UNFILTERED = (239, 281, 284, 285)       # netfilter's log and tagging switches: libpcap 1.9 has no filter for them


def live_filter(ports: Iterable[int], host: str | None = None, mac: str = "", link_type: int = ETHERNET) -> str:
    """The PVS's hardware or IP address where it is known, else the collector's ports; and tunnels, on any link type."""
    if link_type in UNFILTERED:
        return ""
    by_port = " or ".join(f"tcp port {port}" for port in ports)
    if mac and link_type == ETHERNET:
        plain = f"ether host {mac}"
    elif host is not None:
        plain = f"host {host}"
    else:
        plain = f"{by_port} or {FRAGMENTS}"
    plain = f"{plain} or {TUNNELS}"
    if (mac and link_type == ETHERNET) or host is not None:
        plain = f"{plain} or {FRAGMENTS}"       # of tunnels, whose addresses are others
    if link_type == ETHERNET:
        plain = f"{plain} or {WRAPPED}"
        return f"({plain}) or (vlan and ({plain})) or (vlan and ({plain}))"
    if link_type in COOKED:                     # libpcap knows no `vlan` here
        return f"{plain} or {WRAPPED} or {TAGGED}"
    return plain
