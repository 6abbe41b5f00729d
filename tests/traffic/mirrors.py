"""Mirror ports: wraps Ethernet frames as routers and switches do, layer by layer, in any nesting.

A `Layer` takes (frame or IP packet, its EtherType) and gives the same of what carries it, so layers chain. Headers by
the RFCs and drafts named in spcore/tunnels.pyx; addresses are invented.
"""
import struct
from collections.abc import Callable

from appliance.simulate.packets import checksum

ETHERNET, IPV4, IPV6, MPLS, PPPOE, VLAN, QINQ = 0x6558, 0x0800, 0x86DD, 0x8847, 0x8864, 0x8100, 0x88A8
MIRROR, RECORDER = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
MACS = bytes.fromhex("02005e00530a02005e00530b")

Carried = tuple[bytes, int]                 # bytes, and the EtherType of what they are
Layer = Callable[[bytes, int], Carried]


def ethernet(inside: bytes, kind: int) -> Carried:
    """A frame of the mirror's own."""
    return MACS + struct.pack("!H", kind) + inside, ETHERNET


def frame(inside: bytes, kind: int) -> bytes:
    """Whatever it is, as a frame."""
    return inside if kind == ETHERNET else ethernet(inside, kind)[0]


def vlan(tag: int, ethertype: int = VLAN) -> Layer:
    """802.1Q, or 802.1ad with `ethertype` QINQ, behind the addresses of a frame or in front of a packet."""
    def wrap(inside: bytes, kind: int) -> Carried:
        if kind == ETHERNET:
            return inside[:12] + struct.pack("!HH", ethertype, tag) + inside[12:], ETHERNET
        return struct.pack("!HH", tag, kind) + inside, ethertype
    return wrap


def ipv4(protocol: int, inside: bytes, options: bytes = b"", identification: int = 7, fragment: int = 0) -> bytes:
    """An IPv4 packet from the mirror to the recorder."""
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, 4 * words + len(inside), identification, fragment, 64, protocol, 0)
    head += MIRROR + RECORDER + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + inside


def ipv6(protocol: int, inside: bytes) -> bytes:
    """An IPv6 packet from the mirror to the recorder."""
    addresses = bytes.fromhex("20010db8000000000000000000000001") + bytes.fromhex("20010db8000000000000000000000002")
    return struct.pack("!IHBB", 6 << 28, len(inside), protocol, 64) + addresses + inside


def over_ip(protocol: int, inside: bytes, v6: bool = False) -> Carried:
    return (ipv6(protocol, inside), IPV6) if v6 else (ipv4(protocol, inside), IPV4)


def udp(port: int, inside: bytes, v6: bool = False) -> Carried:
    """A datagram to `port` without a checksum."""
    return over_ip(17, struct.pack("!HHHH", 40000, port, 8 + len(inside), 0) + inside, v6)


def tzsp(tags: bytes = b"", v6: bool = False) -> Layer:
    """MikroTik's streaming server: version 1, received packet, Ethernet, tags, end."""
    def wrap(inside: bytes, kind: int) -> Carried:
        return udp(37008, b"\x01\0\0\x01" + tags + b"\x01" + frame(inside, kind), v6)
    return wrap


def vxlan(network: int = 42, port: int = 4789, v6: bool = False) -> Layer:
    def wrap(inside: bytes, kind: int) -> Carried:
        return udp(port, struct.pack("!II", 0x08000000, network << 8) + frame(inside, kind), v6)
    return wrap


def geneve(options: bytes = b"") -> Layer:
    def wrap(inside: bytes, kind: int) -> Carried:
        return udp(6081, struct.pack("!BBHI", len(options) // 4, 0, kind, 42 << 8) + options + inside)
    return wrap


def gre(key: int | None = None, sequence: int | None = None, check: bool = False, v6: bool = False) -> Layer:
    """RFC 2784 and 2890, carrying whatever it is by its EtherType."""
    def wrap(inside: bytes, kind: int) -> Carried:
        return over_ip(47, gre_header(kind, key, sequence, check) + inside, v6)
    return wrap


def gre_header(kind: int, key: int | None, sequence: int | None, check: bool = False) -> bytes:
    flags = 0x8000 * check | 0x2000 * (key is not None) | 0x1000 * (sequence is not None)
    head = struct.pack("!HH", flags, kind) + bytes(4 * check)
    return head + b"".join(struct.pack("!I", number) for number in (key, sequence) if number is not None)


def erspan(version: int, platform: bool = False, v6: bool = False) -> Layer:
    """ERSPAN I (no header, no sequence number), II and III, over GRE."""
    def wrap(inside: bytes, kind: int) -> Carried:
        if version == 1:
            head = gre_header(0x88BE, None, None)
        elif version == 2:
            head = gre_header(0x88BE, None, 9) + struct.pack("!HHI", 1 << 12 | 5, 42, 0)
        else:
            head = gre_header(0x22EB, None, 9) + struct.pack("!HHIHH", 2 << 12 | 5, 42, 12345, 0, platform)
            head += bytes(8 * platform)
        return over_ip(47, head + frame(inside, kind), v6)
    return wrap


def mpls(*labels: int, pseudowire: bool = False) -> Layer:
    """A label stack around IP, or with `pseudowire` around a frame behind a control word."""
    def wrap(inside: bytes, kind: int) -> Carried:
        stack = b"".join(struct.pack("!I", label << 12 | (at == len(labels) - 1) << 8 | 64)
                         for at, label in enumerate(labels))
        if pseudowire or kind not in (IPV4, IPV6):
            return stack + bytes(4) + frame(inside, kind), MPLS
        return stack + inside, MPLS
    return wrap


def pppoe(session: int = 5) -> Layer:
    def wrap(inside: bytes, kind: int) -> Carried:
        protocol = {IPV4: 0x21, IPV6: 0x57, MPLS: 0x281}[kind]
        return struct.pack("!BBHHH", 0x11, 0, session, 2 + len(inside), protocol) + inside, PPPOE
    return wrap


def ipip(v6: bool = False) -> Layer:
    """IP in IP, no header in between."""
    def wrap(inside: bytes, kind: int) -> Carried:
        return over_ip(4 if kind == IPV4 else 41, inside, v6)
    return wrap


def fragments(packet: bytes, size: int, identification: int) -> list[bytes]:
    """An IPv4 packet without options in fragments of at most `size` payload bytes."""
    step, payload = size & ~7, packet[20:]
    return [ipv4(packet[9], payload[at:at + step], identification=identification & 0xFFFF,
                 fragment=(at + step < len(payload)) << 13 | at >> 3) for at in range(0, len(payload), step)]
