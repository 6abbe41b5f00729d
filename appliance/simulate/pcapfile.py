"""Capture files: writes classic pcap (both byte orders, micro- and nanoseconds) and pcapng.

Packets are (time in microseconds since 1970 UTC, frame bytes); files are written in the order given.
"""
import struct
from collections.abc import Iterable
from pathlib import Path

from appliance.simulate.packets import Link

Packets = Iterable[tuple[int, bytes]]

MICROSECONDS, NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
SNAPLEN = 262144
FLUSH_BYTES = 1 << 20


def write(path: str | Path, packets: Packets, link: Link = Link.ETHERNET, *, nanoseconds: bool = False,
          big_endian: bool = False, snaplen: int = SNAPLEN) -> int:
    """Write classic pcap and return the number of packets. Frames longer than `snaplen` are cut, as in libpcap."""
    order = ">" if big_endian else "<"
    packet_header = struct.Struct(order + "IIII").pack
    scale = 1000 if nanoseconds else 1
    count = size = 0
    with open(path, "wb") as file:
        magic = NANOSECONDS if nanoseconds else MICROSECONDS
        file.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link))
        parts: list[bytes] = []
        for time_us, frame in packets:
            seconds, fraction = divmod(time_us, 1_000_000)
            length = len(frame)
            held = frame if length <= snaplen else frame[:snaplen]
            parts.append(packet_header(seconds, fraction * scale, len(held), length))
            parts.append(held)
            count += 1
            size += length
            if size > FLUSH_BYTES:
                file.write(b"".join(parts))
                parts.clear()
                size = 0
        file.write(b"".join(parts))
    return count


def write_pcapng(path: str | Path, packets: Packets, link: Link = Link.ETHERNET, *,
                 nanoseconds: bool = False) -> int:
    """Write pcapng with one interface and return the number of packets."""
    resolution = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0) if nanoseconds else b""    # if_tsresol: 10^-9
    scale = 1000 if nanoseconds else 1
    count = 0
    with open(path, "wb") as file:
        file.write(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(_block(1, struct.pack("<HHI", link, 0, SNAPLEN) + resolution))
        for time_us, frame in packets:
            ticks = time_us * scale
            head = struct.pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
            file.write(_block(6, head + frame))
            count += 1
    return count


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
