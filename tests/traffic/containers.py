"""Capture files of every kind that is read, and of kinds that only strange programs write.

Packets are (time in nanoseconds since 1970 UTC, link type, frame). What a container cannot hold (a finer time, a second
link type in pcap) its writer does not take.
"""
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Packet = tuple[int, int, bytes]

MICROSECONDS, NANOSECONDS, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
SECTION, INTERFACE, OLD_PACKET, SIMPLE, NAMES, STATISTICS, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 4, 5, 6


def pcap(packets: Iterable[Packet], *, big: bool = False, magic: int = MICROSECONDS, fcs: int = 0,
         snaplen: int = 262_144, version: tuple[int, int] = (2, 4)) -> bytes:
    """Classic pcap of one link type. `fcs`: so many bytes of frame check sequence behind each frame, and said so."""
    packets = list(packets)
    order = ">" if big else "<"
    link = packets[0][1] if packets else 1
    last = link | (0x04000000 | (fcs // 2) << 28 if fcs else 0)
    out = [struct.pack(order + "IHHiIII", magic, *version, 0, 0, snaplen, last)]
    for time_ns, _, frame in packets:
        seconds, fraction = divmod(time_ns, 10 ** 9)
        whole = frame + b"\xde\xad\xbe\xef"[:fcs]
        held = whole[:snaplen]
        fraction = fraction if magic == NANOSECONDS else fraction // 1000
        out.append(struct.pack(order + "IIII", seconds, fraction, len(held), len(whole)))
        if magic == MODIFIED:
            out.append(struct.pack(order + "IHBx", 2, 0x800, 0))
        out.append(held)
    return b"".join(out)


@dataclass
class Interface:
    """An interface of a pcapng section. resolution: the option's byte, None = not given (microseconds)."""

    link: int = 1
    snaplen: int = 0
    resolution: int | None = None
    offset: int = 0                 # seconds
    fcs: int = 0

    def ticks(self, time_ns: int) -> int:
        value = 6 if self.resolution is None else self.resolution
        rate = 2 ** (value & 127) if value & 128 else 10 ** value
        return (time_ns - self.offset * 10 ** 9) * rate // 10 ** 9

    def described(self, order: str) -> bytes:
        options = b""
        if self.resolution is not None:
            options += struct.pack(order + "HHB3x", 9, 1, self.resolution)
        if self.offset:
            options += struct.pack(order + "HHq", 14, 8, self.offset)
        if self.fcs:
            options += struct.pack(order + "HHB3x", 13, 1, self.fcs)
        options += struct.pack(order + "HH4sHH", 2, 4, b"eth0", 0, 0)
        return struct.pack(order + "HHI", self.link, 0, self.snaplen) + options


@dataclass
class Section:
    """One section of a pcapng file: interfaces, and packets as (number of the interface, time, frame)."""

    interfaces: Sequence[Interface]
    packets: list[tuple[int, int, bytes]] = field(default_factory=list)
    big: bool = False
    kind: int = ENHANCED
    junk: bool = False              # blocks nobody knows, in between
    options: bytes = b""            # of each packet block

    def written(self) -> bytes:
        order = ">" if self.big else "<"
        out = [block(order, SECTION, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))]
        out += [block(order, INTERFACE, interface.described(order)) for interface in self.interfaces]
        for count, (number, time_ns, frame) in enumerate(self.packets):
            if self.junk and count % 3 == 0:
                out.append(self._other(order, count))
            out.append(self._packet(order, number, time_ns, frame))
        return b"".join(out)

    def _other(self, order: str, count: int) -> bytes:
        """A block that carries no packet: names, statistics, somebody's own, a kind that does not exist yet."""
        text = b"x" * (count % 60)
        kind, body = ((NAMES, bytes(4)), (STATISTICS, bytes(12)), (0x0BAD0BAD, struct.pack(order + "I", 32473) + text),
                      (0x7FFFFFFF, text))[count % 4]
        return block(order, kind, body)

    def _packet(self, order: str, number: int, time_ns: int, frame: bytes) -> bytes:
        interface = self.interfaces[number]
        whole = frame + b"\xde\xad\xbe\xef"[:interface.fcs]
        held = whole[:interface.snaplen or None]
        padded = held + bytes(-len(held) % 4)
        if self.kind == SIMPLE:
            return block(order, SIMPLE, struct.pack(order + "I", len(whole)) + padded)
        ticks = interface.ticks(time_ns)
        place = struct.pack(order + "I", number)
        if self.kind == OLD_PACKET:
            place = struct.pack(order + "HH", number, 0xFFFF)       # and how many were dropped: not known
        return block(order, self.kind, place + struct.pack(
            order + "IIII", ticks >> 32, ticks & 0xFFFFFFFF, len(held), len(whole)) + padded + self.options)


def block(order: str, kind: int, body: bytes) -> bytes:
    """A pcapng block around its body, padded."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length
