"""Segments to frames: TCP over IPv4 or IPv6, fragmented or not, on every link layer that suntap reads.

A `Direction` is one direction of a conversation on one kind of wire. The constant parts of its packets (addresses,
link header, the pseudo-header's sum) are computed once, so a frame costs a few microseconds. Checksums are right,
except on a wire with `offload`, where the capture is taken before the network card fills them in.
"""
import ipaddress
import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
TCP = 6
MIN_ETHERNET = 60                        # without the frame check sequence; shorter frames are padded
PADDING = b"\xa5" * MIN_ETHERNET         # not zeros: a reader that takes padding for data then fails a test
IPV4_TYPE, IPV6_TYPE, VLAN_TYPE, QINQ_TYPE, PPPOE_TYPE = 0x0800, 0x86DD, 0x8100, 0x88A8, 0x8864


class Link(IntEnum):
    """Link layers, by their number in a capture file (LINKTYPE_*)."""

    NULL = 0
    ETHERNET = 1
    RAW = 101
    SLL = 113
    SLL2 = 276


@dataclass(frozen=True)
class Wire:
    """The layers below IP: link layer, VLAN identifiers (outermost first), PPPoE, and the network card's offloads."""

    link: Link = Link.ETHERNET
    vlans: tuple[int, ...] = ()
    pppoe: bool = False
    offload: bool = False                # IP total length 0, TCP checksum not filled in


@dataclass(frozen=True)
class Host:
    """One end of a conversation."""

    address: str
    port: int
    mac: str = "02:00:5e:00:53:01"

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def checksum(data: bytes, start: int = 0) -> int:
    """Return the Internet checksum (RFC 1071) of `data`, added to the sum `start`.

    The one's complement sum of 16-bit words equals the big-endian number modulo 65,535; Python divides in C.
    """
    if len(data) & 1:
        data += b"\0"
    total = (int.from_bytes(data, "big") + start) % 0xFFFF
    return 0xFFFF - total if total else 0    # the words of a real packet are never all zero


class Direction:
    """One direction of a conversation on a wire: makes its TCP segments, datagrams, fragments and frames."""

    def __init__(self, source: Host, destination: Host, wire: Wire, outgoing: bool = True,
                 identifications: Iterator[int] | None = None) -> None:
        """`identifications` numbers the datagrams: one iterator for all conversations from one host to another."""
        self.wire = wire
        addresses = [ipaddress.ip_address(host.address).packed for host in (source, destination)]
        self.v6 = len(addresses[0]) == 16
        self._addresses = addresses[0] + addresses[1]
        self._ports = struct.pack("!HH", source.port, destination.port)
        self._pseudo = int.from_bytes(self._addresses, "big") + TCP
        self._front = self._link_header(source, destination, outgoing)
        self._identifications = identifications or itertools.count(source.port)

    def _link_header(self, source: Host, destination: Host, outgoing: bool) -> bytes:
        wire = self.wire
        ip_type = IPV6_TYPE if self.v6 else IPV4_TYPE
        types = [VLAN_TYPE if number == len(wire.vlans) - 1 else QINQ_TYPE for number in range(len(wire.vlans))]
        types.append(PPPOE_TYPE if wire.pppoe else ip_type)
        tags = b"".join(struct.pack("!HH", vlan, following)
                        for vlan, following in zip(wire.vlans, types[1:], strict=True))
        mac = [bytes.fromhex(host.mac.replace(":", "")) for host in (source, destination)]
        kind = 4 if outgoing else 0
        if wire.link == Link.ETHERNET:
            return mac[1] + mac[0] + struct.pack("!H", types[0]) + tags
        if wire.link == Link.SLL:
            return struct.pack("!HHH8sH", kind, 1, 6, mac[0], types[0]) + tags
        if wire.link == Link.SLL2:
            return struct.pack("!HHIHBB8s", types[0], 0, 2, 1, kind, 6, mac[0]) + tags
        if wire.vlans or wire.pppoe:
            raise ValueError(f"{wire.link.name} has no room for VLAN or PPPoE")
        return struct.pack("<I", 30 if self.v6 else 2) if wire.link == Link.NULL else b""

    def segment(self, sequence: int, acknowledged: int, flags: int, window: int, payload: bytes,
                options: bytes = b"", urgent: int = 0) -> bytes:
        """Return a TCP segment with its checksum; `options` must be padded to four bytes."""
        words = 5 + len(options) // 4
        numbers = struct.pack("!IIBBH", sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF, words << 4, flags, window)
        rest = struct.pack("!H", urgent) + options + payload
        head = self._ports + numbers
        length = len(head) + 2 + len(rest)
        check = 0 if self.wire.offload else checksum(head + b"\0\0" + rest, self._pseudo + length)
        return head + struct.pack("!H", check) + rest

    def datagram(self, payload: bytes, identification: int | None = None, offset: int = 0, more: bool = False,
                 protocol: int = TCP) -> bytes:
        """Return an IP packet; with `more` or an `offset` (bytes), a fragment."""
        number = next(self._identifications) if identification is None else identification
        fragmented = more or offset > 0
        if self.v6:
            if fragmented:
                payload = struct.pack("!BBHI", protocol, 0, offset | more, number & 0xFFFFFFFF) + payload
                protocol = 44
            length = 0 if self.wire.offload else len(payload)
            return struct.pack("!IHBB", 6 << 28, length, protocol, 64) + self._addresses + payload
        flags = (more << 13 | offset >> 3) if fragmented else 0x4000
        length = 0 if self.wire.offload else 20 + len(payload)
        front = struct.pack("!BBHHHBB", 0x45, 0, length, number & 0xFFFF, flags, 64, protocol)
        check = struct.pack("!H", checksum(front + self._addresses))
        return front + check + self._addresses + payload

    def fragments(self, payload: bytes, size: int) -> list[bytes]:
        """Return a datagram as IP packets of at most `size` payload bytes (rounded down to a multiple of eight)."""
        step = max(8, size & ~7)
        number = next(self._identifications)
        return [
            self.datagram(payload[at:at + step], number, at, at + step < len(payload))
            for at in range(0, len(payload), step)
        ]

    def frame(self, packet: bytes) -> bytes:
        """Return the frame of an IP packet; short Ethernet frames are padded."""
        if self.wire.pppoe:
            inner = struct.pack("!H", 0x0057 if self.v6 else 0x0021) + packet
            packet = struct.pack("!BBHH", 0x11, 0, 0x2A, len(inner)) + inner
        frame = self._front + packet
        if len(frame) < MIN_ETHERNET and self.wire.link == Link.ETHERNET and not self.wire.offload:
            frame += PADDING[len(frame):]
        return frame

    def frames(self, segment: bytes, fragment: int = 0, order: Sequence[int] | None = None) -> list[bytes]:
        """Return the frames of one segment: one, or fragments of `fragment` bytes in `order`.

        Indices of `order` may repeat or be missing.
        """
        if not fragment or len(segment) <= max(8, fragment & ~7):
            return [self.frame(self.datagram(segment))]
        packets = self.fragments(segment, fragment)
        return [self.frame(packets[index]) for index in (range(len(packets)) if order is None else order)]
