"""The rest of the house on the wire: web, video, QUIC, DNS, discovery. Nothing in it is ours, all must be passed over.

TCP here is whole connections with handshake, numbers that move on, right checksums and a close, so that a reassembler
has to work for it; the payloads come out of a small pool whose sums are known, so a frame costs a microsecond or two.
"""
import random
import struct
from collections.abc import Iterator
from ipaddress import ip_address

from appliance.simulate.packets import ACK, FIN, IPV6_TYPE, MIN_ETHERNET, PADDING, PSH, SYN, checksum
from appliance.simulate.traffic import Frames

ROUTER_MAC = bytes.fromhex("02005e005301")
REQUEST = b"GET /index.html HTTP/1.1\r\nHost: www.example.net\r\nAccept: */*\r\n\r\n"
FULL, FLOWS = 1460, 40
BURST_GAP_US = 180
PORT_80_SHARE = 0.06

_HEADERS = struct.Struct("!12sHBBHHHBBH4s4sHHIIBBHHH").pack


class Payloads:
    """Blocks of random bytes and their one's complement sums, by size."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._pool = {size: [self.summed(rng.randbytes(size)) for _ in range(8)] for size in (FULL, 1200, 517, 120)}

    @staticmethod
    def summed(data: bytes) -> tuple[bytes, int]:
        return data, int.from_bytes(data + b"\0" * (len(data) & 1), "big") % 0xFFFF

    def pick(self, size: int) -> tuple[bytes, int]:
        return self._rng.choice(self._pool[size])


class Flow:
    """A TCP connection between a device in the house (0) and a server (1)."""

    def __init__(self, rng: random.Random, payloads: Payloads) -> None:
        self._payloads = payloads
        device = rng.randrange(20, 40)
        self._ports = rng.randrange(32768, 61000), 80 if rng.random() < PORT_80_SHARE else 443
        self._addresses = bytes([192, 168, 1, device]), bytes([198, 51, 100, rng.randrange(1, 255)])
        macs = bytes.fromhex("02005e0054") + bytes([device]), ROUTER_MAC
        self._macs = macs[1] + macs[0], macs[0] + macs[1]
        self._next = [rng.getrandbits(32), rng.getrandbits(32)]
        self._left = rng.randrange(4, 400)
        self._identification = rng.getrandbits(16)
        self._sum = int.from_bytes(self._addresses[0] + self._addresses[1], "big") + sum(self._ports) + 6

    def frame(self, side: int, flags: int, payload: tuple[bytes, int] = (b"", 0)) -> bytes:
        """One frame from `side`; moves its sequence number on."""
        data, data_sum = payload
        sequence, acknowledged = self._next[side], self._next[1 - side] if flags & ACK else 0
        self._next[side] = (sequence + len(data) + bool(flags & (SYN | FIN))) & 0xFFFFFFFF
        self._identification = self._identification + 1 & 0xFFFF
        total = 40 + len(data)
        source, destination = self._addresses[side], self._addresses[1 - side]
        addresses = int.from_bytes(source + destination, "big")
        ip_sum = (0x4500 + total + self._identification + 0x4000 + 0x4006 + addresses) % 0xFFFF
        tcp_sum = (self._sum + total - 20 + sequence + acknowledged + (0x5000 | flags) + 0xFAF0 + data_sum) % 0xFFFF
        frame = _HEADERS(
            self._macs[side], 0x0800, 0x45, 0, total, self._identification, 0x4000, 64, 6, 0xFFFF - ip_sum, source,
            destination, self._ports[side], self._ports[1 - side], sequence, acknowledged, 0x50, flags, 0xFAF0,
            0xFFFF - tcp_sum, 0) + data
        return frame if len(frame) >= MIN_ETHERNET else frame + PADDING[len(frame):]

    def open(self) -> Iterator[bytes]:
        yield self.frame(0, SYN)
        yield self.frame(1, SYN | ACK)
        yield self.frame(0, ACK)

    def step(self) -> Iterator[bytes]:
        """A request, and a few full segments with their acknowledgements; at the end the connection closes."""
        request = Payloads.summed(REQUEST) if self._ports[1] == 80 else self._payloads.pick(517)
        yield self.frame(0, ACK | PSH, request)
        for _ in range(min(self._left, 12)):
            yield self.frame(1, ACK, self._payloads.pick(FULL))
            yield self.frame(1, ACK | PSH, self._payloads.pick(FULL))
            yield self.frame(0, ACK)
        self._left -= 12
        if self.finished:
            yield self.frame(1, FIN | ACK)
            yield self.frame(0, FIN | ACK)
            yield self.frame(1, ACK)

    @property
    def finished(self) -> bool:
        return self._left <= 0


def udp(source: str, source_port: int, destination: str, destination_port: int, payload: bytes) -> bytes:
    """A UDP datagram in an Ethernet frame."""
    ends = [ip_address(text).packed for text in (source, destination)]
    length = 8 + len(payload)
    head = struct.pack("!HHH", source_port, destination_port, length)
    pseudo = int.from_bytes(ends[0] + ends[1], "big") + 17 + length
    datagram = head + struct.pack("!H", checksum(head + b"\0\0" + payload, pseudo) or 0xFFFF) + payload
    if len(ends[0]) == 16:
        kind, packet = IPV6_TYPE, struct.pack("!IHBB", 6 << 28, length, 17, 64) + ends[0] + ends[1] + datagram
    else:
        front = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 1, 0, 64, 17)
        kind = 0x0800
        packet = front + struct.pack("!H", checksum(front + ends[0] + ends[1])) + ends[0] + ends[1] + datagram
    frame = ROUTER_MAC + bytes.fromhex("02005e005420") + struct.pack("!H", kind) + packet
    return frame if len(frame) >= MIN_ETHERNET else frame + PADDING[len(frame):]


def chatter(rng: random.Random) -> list[bytes]:
    """Small frames that every house repeats all day: DNS, QUIC, mDNS, SSDP, ARP."""
    frames = [udp("192.168.1.20", 50000 + n, "192.168.1.1", 53, rng.randbytes(rng.randint(28, 60))) for n in range(8)]
    frames += [udp("192.168.1.22", 51000 + n, "198.51.100.9", 443, rng.randbytes(rng.choice((60, 1200))))
               for n in range(8)]
    frames += [udp("2001:db8:1::22", 52000 + n, "2001:db8:3::9", 443, rng.randbytes(rng.choice((60, 1200))))
               for n in range(8)]
    frames += [udp("192.168.1.30", 5353, "224.0.0.251", 5353, rng.randbytes(200)),
               udp("192.168.1.31", 1900, "239.255.255.250", 1900, b"M-SEARCH * HTTP/1.1\r\n\r\n")]
    arp = bytes.fromhex("ffffffffffff02005e0054200806000108000604000102005e005420c0a80114000000000000c0a80101")
    return [*frames, arp + PADDING[len(arp):]]


def household(seed: int, start_us: int, end_us: int, packets: int, size: int) -> Iterator[tuple[int, bytes]]:
    """`packets` frames of `size` bytes in all (to within a few thousand), in bursts between two times, ascending."""
    rng = random.Random(f"household {seed}")
    payloads, small = Payloads(rng), chatter(rng)
    flows = [Flow(rng, payloads) for _ in range(FLOWS)]
    fresh = set(range(FLOWS))
    sent = weight = 0
    now = float(start_us)
    while sent < packets:
        if weight * packets <= size * sent:
            index = rng.randrange(FLOWS)
            burst: list[bytes] = []
            if index in fresh:
                fresh.remove(index)
                burst += flows[index].open()
            burst += flows[index].step()
            if flows[index].finished:
                flows[index] = Flow(rng, payloads)
                fresh.add(index)
        else:
            burst = [rng.choice(small) for _ in range(rng.randint(1, 20))]
        burst = burst[:packets - sent]
        for frame in burst:
            now += BURST_GAP_US
            weight += len(frame)
            yield int(now), frame
        sent += len(burst)
        left = packets - sent
        if left:
            now += max(0.0, (end_us - now) / left * len(burst) * rng.uniform(0.2, 1.8) - BURST_GAP_US * len(burst))


def top_up(count: int, start_us: int, end_us: int) -> Frames:
    """What a PVS says besides: time requests."""
    frame = udp("192.168.1.50", 123, "203.0.113.123", 123, b"\x23" + bytes(47))
    return [(start_us + (end_us - start_us) * number // max(1, count), frame) for number in range(count)]
