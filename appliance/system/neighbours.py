"""Which hardware address stands behind an IP address on the own cable: the kernel's table of neighbours, by netlink.

For IPv6 the kernel has no file such as /proc/net/arp. Reading the table needs no privileges (rtnetlink(7)).
"""
import ipaddress
import socket
import struct
from collections.abc import Iterator

HEADER = struct.Struct("=IHHII")            # struct nlmsghdr: length, type, flags, sequence, port
NEIGHBOUR = struct.Struct("=B3xiHBB")       # struct ndmsg: family, interface, state, flags, type
ATTRIBUTE = struct.Struct("=HH")            # struct rtattr: length, type
NETLINK_ROUTE, RTM_GETNEIGH, RTM_NEWNEIGH = 0, 30, 28
REQUEST_DUMP = 0x301                        # NLM_F_REQUEST | NLM_F_DUMP
NDA_DST, NDA_LLADDR = 1, 2
ALIGNED = 4
WAIT_S = 1.0
MAX_ANSWERS = 2000                          # datagrams; the kernel keeps 1,024 neighbours of a family


def plain(address: str) -> str:
    """Return `address`, an IPv4 one as such that a socket for both kinds shows as "::ffff:192.0.2.7"."""
    try:
        return str(getattr(ipaddress.ip_address(address), "ipv4_mapped", None) or address)
    except ValueError:
        return address


def hardware_address(address: str) -> str:
    """Return the hardware address of `address` in lower case; "" if the kernel knows none."""
    try:
        wanted = ipaddress.ip_address(plain(address.partition("%")[0]))
        family = socket.AF_INET if wanted.version == 4 else socket.AF_INET6
        return next((mac.hex(":") for packed, mac in _table(family) if packed == wanted.packed), "")
    except (OSError, ValueError, struct.error):
        return ""


def _table(family: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the neighbours of a family: (address, hardware address). Raises OSError, struct.error."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as asked:
        asked.settimeout(WAIT_S)
        size = HEADER.size + NEIGHBOUR.size
        asked.send(HEADER.pack(size, RTM_GETNEIGH, REQUEST_DUMP, 1, 0) + NEIGHBOUR.pack(family, 0, 0, 0, 0))
        for _ in range(MAX_ANSWERS):
            answer = asked.recv(1 << 16)
            while answer:
                length, kind, *_ = HEADER.unpack_from(answer)
                if kind != RTM_NEWNEIGH:            # the end, or an error
                    return
                found = dict(_attributes(answer[size:length]))
                if len(found.get(NDA_LLADDR, b"")) == 6 and any(found[NDA_LLADDR]):
                    yield found.get(NDA_DST, b""), found[NDA_LLADDR]
                answer = answer[_aligned(length):]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(data)
        if length < ATTRIBUTE.size:
            return
        yield kind, data[ATTRIBUTE.size:length]
        data = data[_aligned(length):]


def _aligned(length: int) -> int:
    return -(-length // ALIGNED) * ALIGNED
