"""A slow, obvious reader of frames, to hold the traffic generator to what it claims. Checks every checksum it meets."""
import struct
from collections import defaultdict
from dataclasses import dataclass
from ipaddress import ip_address

from appliance.simulate.packets import TCP, Link, checksum

SKIP = {Link.NULL: 4, Link.ETHERNET: 12, Link.RAW: 0, Link.SLL: 14, Link.SLL2: 20}


@dataclass
class Segment:
    source: str
    destination: str
    sequence: int
    acknowledged: int
    flags: int
    window: int
    payload: bytes


def ip_packet(link: Link, frame: bytes) -> bytes:
    """The IP packet in a frame, behind VLAN tags and PPPoE."""
    if link == Link.RAW:
        return frame
    at = SKIP[link]
    if link == Link.NULL:
        assert struct.unpack("<I", frame[:4])[0] == {4: 2, 6: 30}[frame[4] >> 4]
        return frame[4:]
    kind = struct.unpack("!H", frame[:2] if link == Link.SLL2 else frame[at:at + 2])[0]
    at += 0 if link == Link.SLL2 else 2
    while kind in (0x8100, 0x88A8):
        kind = struct.unpack("!H", frame[at + 2:at + 4])[0]
        at += 4
    if kind == 0x8864:
        length, kind = struct.unpack("!HH", frame[at + 4:at + 8])
        assert length <= len(frame) - at - 6
        return frame[at + 8:at + 6 + length]
    assert kind in (0x0800, 0x86DD)
    return frame[at:]


class Reader:
    """Frames to TCP segments, fragments put together."""

    def __init__(self, link: Link, verify: bool = True) -> None:
        """`verify` False: a kernel's own capture, whose TCP checksums the network card would have filled in."""
        self.link = link
        self.verify = verify
        self.pieces: dict[tuple, dict[int, bytes]] = defaultdict(dict)
        self.ends: dict[tuple, int] = {}
        self.fragments = 0

    def read(self, frame: bytes) -> Segment | None:
        packet = ip_packet(self.link, frame)
        if packet[0] >> 4 == 4:
            total, ident, flags, protocol = struct.unpack("!2xHHHxB", packet[:10])
            header = (packet[0] & 15) * 4
            assert checksum(packet[:header]) == 0
            offset, more = (flags & 0x1FFF) * 8, bool(flags & 0x2000)
            addresses, payload = packet[12:20], packet[header:total or None]
        else:
            length, protocol = struct.unpack("!4xHB", packet[:7])
            addresses, payload = packet[8:40], packet[40:40 + length if length else None]
            offset, more, ident = 0, False, 0
            if protocol == 44:
                protocol, place, ident = struct.unpack("!BxHI", payload[:8])
                offset, more, payload = place & ~7, bool(place & 1), payload[8:]
            total = length
        if protocol != TCP:
            return None
        if offset or more:
            self.fragments += 1
            return self._fragment((addresses, protocol, ident), offset, more, payload)
        return self._tcp(addresses, payload, offload=total == 0)

    def _fragment(self, key: tuple, offset: int, more: bool, payload: bytes) -> Segment | None:
        held = self.pieces[key]
        assert held.setdefault(offset, payload) == payload
        if not more:
            self.ends[key] = offset + len(payload)
        if sum(map(len, held.values())) != self.ends.get(key):
            return None
        whole = b"".join(held[at] for at in sorted(held))
        del self.pieces[key], self.ends[key]
        # A fragmented segment on a wire with offload has no checksum either; there it is zero.
        return self._tcp(key[0], whole, offload=whole[16:18] == b"\0\0")

    def _tcp(self, addresses: bytes, data: bytes, offload: bool) -> Segment:
        half = len(addresses) // 2
        if self.verify and not offload:
            assert checksum(addresses + struct.pack("!II", len(data), 6) + data) == 0
        ports = struct.unpack("!HH", data[:4])
        ends = [f"[{ip_address(raw)}]:{port}" if half == 16 else f"{ip_address(raw)}:{port}"
                for raw, port in zip((addresses[:half], addresses[half:]), ports, strict=True)]
        sequence, acknowledged, words, flags, window = struct.unpack("!IIBBH", data[4:16])
        return Segment(*ends, sequence, acknowledged, flags, window, data[(words >> 4) * 4:])


class Connection:
    """One direction's bytes by position: the first captured copy of each, none behind a captured acknowledgement."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.bytes: dict[int, int] = {}
        self.passed = 0

    def position(self, sequence: int) -> int:
        distance = (sequence - self.first) & 0xFFFFFFFF
        return distance - (1 << 32) if distance >> 31 else distance

    def data(self, sequence: int, payload: bytes) -> None:
        start = self.position(sequence)
        for index, value in enumerate(payload):
            if start + index >= self.passed:
                self.bytes.setdefault(start + index, value)

    def acknowledge(self, number: int) -> None:
        self.passed = max(self.passed, self.position(number))
