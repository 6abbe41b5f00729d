"""The rest of a home's traffic: what a capture on the cable carries beside the PVS, cheap enough for a million frames.

    for frames in sessions(rng, start_us): ...      # one session after another, endless; each [(time, frame bytes)]

A session is a TCP connection (443 mostly, 80 with real requests and answers, others), QUIC, DNS, mDNS or ARP, over
IPv4 or IPv6. Sizes, lengths and ports are invented, but shaped like a home's: downloads dominate, most connections are
short, a few are long. Some segments change places or come twice. Bytes come out of one pool of random ones.
"""
import itertools
import random
import struct
from collections.abc import Callable, Iterator

from appliance.simulate.packets import ACK, FIN, PSH, SYN, Direction, Host, Wire, checksum
from appliance.simulate.traffic import Frames

UDP = 17
ROUTER = "192.168.1.1"
SEGMENTS = (1460, 1400, 1208, 750)      # bytes in a full segment; of IPv6 20 less
SERVERS = 200                            # addresses the home talks to
WINDOW = 64240
POOL_BYTES = 1 << 20
SWAPPED, REPEATED = 0.004, 0.004         # chances per data segment
LENGTHS = (2, 6, 12, 30, 80, 250, 900)   # data segments of a TCP connection
LENGTH_WEIGHTS = (20, 25, 25, 15, 10, 4, 1)
TCP_PORTS = (443, 80, 8883, 5222, 993, 22)
PORT_WEIGHTS = (78, 14, 3, 2, 2, 1)


class Home:
    """Everybody behind the router but the PVS."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._pool = rng.randbytes(POOL_BYTES)
        self._wire = Wire()
        self._ports = itertools.cycle(range(32768, 60999))

    def _bytes(self, size: int) -> bytes:
        at = self.rng.randrange(POOL_BYTES - size)
        return self._pool[at:at + size]

    def _pair(self, port: int) -> tuple[Direction, Direction, int]:
        """Both directions between a client of the home and a server, and the family."""
        rng = self.rng
        device = rng.randint(20, 45)
        server = rng.randrange(SERVERS)
        family = 6 if rng.random() < 0.2 else 4
        ends = (f"192.168.1.{device}", f"198.51.100.{server + 1}") if family == 4 else (
            f"2001:db8:1::{device:x}", f"2001:db8:ffff::{server + 1:x}")
        client = Host(ends[0], next(self._ports), f"02:00:5e:00:53:{device:02x}")
        remote = Host(ends[1], port, "02:00:5e:00:53:01")
        return Direction(client, remote, self._wire), Direction(remote, client, self._wire, False), family

    def tcp(self, now: int) -> Frames:
        """A connection: handshake, a request or a few, downloads with an ACK for every second segment, both FINs."""
        rng = self.rng
        port = rng.choices(TCP_PORTS, PORT_WEIGHTS)[0]
        up, down, family = self._pair(port)
        sent, received = rng.getrandbits(32), rng.getrandbits(32)
        trip = rng.randrange(5_000, 60_000)
        full = rng.choice(SEGMENTS) - (20 if family == 6 else 0)
        frames: Frames = []

        def emit(way: Direction, sequence: int, acknowledged: int, flags: int, payload: bytes = b"") -> None:
            frames.append((now, way.frame(way.datagram(way.segment(sequence, acknowledged, flags, WINDOW, payload)))))

        emit(up, sent, 0, SYN)
        now += trip
        sent += 1
        emit(down, received, sent, SYN | ACK)
        received += 1
        now += 100
        emit(up, sent, received, ACK)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            segments = rng.choices(LENGTHS, LENGTH_WEIGHTS)[0]
            size = segments * full
            request = self._request(port, size)
            now += 200
            emit(up, sent, received, ACK | PSH, request)
            sent += len(request)
            now += trip
            answer = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() if port == 80 else b""
            for number in range(segments + bool(answer)):
                data = answer if answer and not number else self._bytes(full)
                emit(down, received, sent, ACK | (PSH if number == segments - 1 else 0), data)
                received += len(data)
                now += rng.randrange(30, 900)
                if number & 1 or number >= segments - 1:
                    emit(up, sent, received, ACK)
            now += rng.randrange(20_000, 4_000_000)
        emit(up, sent, received, FIN | ACK)
        emit(down, received, sent + 1, FIN | ACK)
        now += trip
        emit(up, sent + 1, received + 1, ACK)
        return self._disturb(frames)

    def _request(self, port: int, size: int) -> bytes:
        """What the client writes; over port 80 an HTTP request, now and then one with a body."""
        rng = self.rng
        if port != 80:
            return self._bytes(rng.randrange(60, 1400))
        agent = "User-Agent: " + "x" * rng.randrange(20, 160)
        if rng.random() < 0.1:
            body = self._bytes(rng.randrange(20, 900))
            return f"POST /api/{size} HTTP/1.1\r\nHost: example.net\r\n{agent}\r\n" \
                   f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        return f"GET /part/{size} HTTP/1.1\r\nHost: example.net\r\n{agent}\r\nAccept: */*\r\n\r\n".encode()

    def _disturb(self, frames: Frames) -> Frames:
        """Some of the segments behind the handshake change places with the next one, some come twice."""
        rng = self.rng
        disturbed = frames[:3]
        for time, frame in frames[3:]:
            disturbed.append((time, frame))
            chance = rng.random()
            if chance < REPEATED:
                disturbed.append((time + 10, frame))
            elif chance < REPEATED + SWAPPED and len(disturbed) > 4:
                (first, one), (second, two) = disturbed[-2:]
                disturbed[-2:] = [(first, two), (second, one)]
        return disturbed

    def _udp(self, way: Direction, payload: bytes) -> bytes:
        length = 8 + len(payload)
        ports = way._ports
        pseudo = int.from_bytes(way._addresses, "big") + UDP + length
        check = checksum(ports + struct.pack("!HH", length, 0) + payload, pseudo)
        return way.frame(way.datagram(ports + struct.pack("!HH", length, check) + payload, protocol=UDP))

    def quic(self, now: int) -> Frames:
        """A download over UDP 443."""
        rng = self.rng
        up, down, _ = self._pair(443)
        frames = [(now, self._udp(up, self._bytes(1200))), (now + 20_000, self._udp(down, self._bytes(1200)))]
        now += 21_000
        for number in range(rng.choices(LENGTHS, LENGTH_WEIGHTS)[0]):
            frames.append((now, self._udp(down, self._bytes(1252))))
            now += rng.randrange(30, 900)
            if number % 8 == 7:
                frames.append((now, self._udp(up, self._bytes(35))))
        return frames

    def dns(self, now: int, address: str = "") -> Frames:
        """A question to the router and its answer; `address`: who asks, default anybody."""
        rng = self.rng
        client = Host(address or f"192.168.1.{rng.randint(20, 45)}", next(self._ports), "02:00:5e:00:53:20")
        router = Host(ROUTER, 53, "02:00:5e:00:53:01")
        name = b"\x04host\x07example\x03net\x00"
        question = struct.pack("!HHHHHH", rng.getrandbits(16), 0x0100, 1, 0, 0, 0) + name + b"\0\1\0\1"
        answer = question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + question[12:] + \
            b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x0a"
        return [(now, self._udp(Direction(client, router, self._wire), question)),
                (now + rng.randrange(300, 9_000), self._udp(Direction(router, client, self._wire), answer))]

    def mdns(self, now: int) -> Frames:
        """An announcement to the whole link."""
        rng = self.rng
        v6 = rng.random() < 0.5
        device = rng.randint(20, 45)
        source = Host(f"fe80::{device:x}" if v6 else f"192.168.1.{device}", 5353)
        group = Host("ff02::fb", 5353, "33:33:00:00:00:fb") if v6 else Host("224.0.0.251", 5353, "01:00:5e:00:00:fb")
        return [(now, self._udp(Direction(source, group, self._wire), self._bytes(rng.randrange(60, 400))))]

    def arp(self, now: int) -> Frames:
        """Who has the router?"""
        device = self.rng.randint(20, 45)
        mac = bytes.fromhex(f"02005e0053{device:02x}")
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + bytes((192, 168, 1, device)) + bytes(6) + \
            bytes((192, 168, 1, 1))
        return [(now, b"\xff" * 6 + mac + b"\x08\x06" + body + bytes(18))]

    def session(self, now: int) -> Frames:
        """One of them, in the mixture of a home."""
        kinds: tuple[Callable[[int], Frames], ...] = (self.tcp, self.quic, self.dns, self.mdns, self.arp)
        return self.rng.choices(kinds, (30, 8, 32, 12, 18))[0](now)

    def sessions(self, start_us: int, length_us: int) -> Iterator[Frames]:
        """Sessions without end, beginning anywhere within the given span."""
        while True:
            yield self.session(start_us + self.rng.randrange(length_us))
