"""Hand-made TCP conversations for cases that must be exactly so: every segment is placed by its stream offset.

    talk = Talk().open().data(0, b"...").ack(100).fin(100)
    found = see(talk.frames)          # streams: bytes and gaps of each direction
    uploads, counters = feed(talk.frames)

Offsets count from the first byte behind the SYN. Frames are (time in microseconds, bytes).
"""
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.simulate.packets import ACK, FIN, RST, SYN, Direction, Host, Wire
from spcore.engine import Engine
from spcore.limits import Limits
from spcore.uploads import Upload

START_US = 1_778_342_400_000_000         # 2026-05-09 16:00:00 UTC
PVS = "192.168.1.50"
COLLECTOR = "203.0.113.10"
PVS_MAC = "02:00:5e:00:53:50"
ROUTER_MAC = "02:00:5e:00:53:fe"
PATH = "/Data/SMS2DataCollector.aspx"
SECOND = 1_000_000

Frames = list[tuple[int, bytes]]


def post(body: bytes, path: str = PATH, headers: str | None = None, newline: str = "\r\n") -> bytes:
    """An upload as the PVS sends it; `headers` replaces the framing header."""
    framing = f"Content-Length: {len(body)}" if headers is None else headers
    return newline.join([f"POST {path} HTTP/1.1", "Host: collector.example", framing, "", ""]).encode() + body


class Talk:
    """One connection; every method adds a frame and returns the Talk."""

    def __init__(self, client: str = PVS, port: int = 40001, server: str = COLLECTOR, server_port: int = 80, *,
                 isn: int = 1000, server_isn: int = 7000, wire: Wire | None = None, at: int = START_US,
                 mac: str = PVS_MAC, server_mac: str = ROUTER_MAC) -> None:
        self.wire = wire or Wire()
        here, there = Host(client, port, mac), Host(server, server_port, server_mac)
        self.up = Direction(here, there, self.wire, False)
        self.down = Direction(there, here, self.wire, True)
        self.first, self.server_first = isn + 1, server_isn + 1
        self.now = at
        self.spacing = 100                   # microseconds between frames
        self.frames: Frames = []

    def frame(self, frame: bytes) -> "Talk":
        self.frames.append((self.now, frame))
        self.now += self.spacing
        return self

    def wait(self, microseconds: int) -> "Talk":
        self.now += microseconds
        return self

    def segment(self, offset: int, payload: bytes = b"", flags: int = ACK, options: bytes = b"",
                urgent: int = 0) -> bytes:
        return self.up.segment(self.first + offset, self.server_first, flags, 29200, payload, options, urgent)

    def send(self, offset: int, payload: bytes = b"", flags: int = ACK, options: bytes = b"") -> "Talk":
        return self.frame(self.up.frame(self.up.datagram(self.segment(offset, payload, flags, options))))

    def data(self, offset: int, payload: bytes) -> "Talk":
        return self.send(offset, payload)

    def fin(self, offset: int, payload: bytes = b"") -> "Talk":
        return self.send(offset, payload, ACK | FIN)

    def rst(self, offset: int) -> "Talk":
        return self.send(offset, b"", ACK | RST)

    def syn(self, payload: bytes = b"", scale: int | None = None) -> "Talk":
        options = b"" if scale is None else struct.pack("!BBBB", 1, 3, 3, scale)
        return self.frame(self.up.frame(self.up.datagram(
            self.up.segment(self.first - 1, 0, SYN, 29200, payload, options))))

    def server(self, acked: int, flags: int = ACK, window: int = 29200, payload: bytes = b"", offset: int = 0,
               options: bytes = b"") -> "Talk":
        return self.frame(self.down.frame(self.down.datagram(
            self.down.segment(self.server_first + offset, self.first + acked, flags, window, payload, options))))

    def ack(self, offset: int, window: int = 29200) -> "Talk":
        return self.server(offset, window=window)

    def syn_ack(self, window: int = 29200, scale: int | None = None) -> "Talk":
        options = b"" if scale is None else struct.pack("!BBBB", 1, 3, 3, scale)
        return self.server(0, SYN | ACK, window, offset=-1, options=options)

    def open(self) -> "Talk":
        return self.syn().syn_ack()

    def whole(self, stream: bytes, size: int = 560) -> "Talk":
        """The stream in order, acknowledged, in segments of `size`."""
        for at in range(0, len(stream), size):
            self.data(at, stream[at:at + size]).ack(min(at + size, len(stream)))
        return self

    def fragments(self, offset: int, payload: bytes, size: int, order: Iterable[int] | None = None) -> "Talk":
        """One segment in IP fragments of `size` bytes, sent in `order`."""
        pieces = self.up.fragments(self.segment(offset, payload), size)
        for index in range(len(pieces)) if order is None else order:
            self.frame(self.up.frame(pieces[index]))
        return self


@dataclass
class Seen:
    """One direction as the core saw it."""

    data: bytearray = field(default_factory=bytearray)
    gaps: list[tuple[int, int]] = field(default_factory=list)     # (offset, length)
    ended: bool = False


def see_all(frames: Iterable[tuple[int, bytes]], limits: Limits | None = None, link: int = 1,
            ports: tuple[int, ...] | None = None) -> tuple[list[tuple[str, str, Seen]], dict[str, int]]:
    """Every direction in the order first seen, and the counters."""
    engine = Engine(ports=ports, limits=limits, digest=True)
    engine.feed(frames, link)
    engine.end()
    found: dict[int, tuple[str, str, Seen]] = {}
    for kind, number, *values in engine.take_events():
        if kind == "open":
            assert number not in found
            found[number] = (*values, Seen())
            continue
        seen = found[number][2]
        assert not seen.ended, "nothing follows the end"
        if kind == "data":
            seen.data += values[0]
        elif kind == "hole":
            assert values[0] == len(seen.data) + sum(length for _, length in seen.gaps)
            seen.gaps.append(tuple(values))
        else:
            seen.ended = True
    assert all(seen.ended for _, _, seen in found.values())
    return list(found.values()), engine.counters()


def see(talk: Talk, limits: Limits | None = None) -> tuple[bytes, list[tuple[int, int]], dict[str, int]]:
    """Bytes, gaps and counters of a Talk that has one client stream."""
    found, counters = see_all(talk.frames, limits)
    mine = [seen for source, _, seen in found if not source.endswith(":80")]
    assert len(mine) == 1
    return bytes(mine[0].data), mine[0].gaps, counters


def feed(frames: Iterable[tuple[int, bytes]], link: int = 1, **options: object) -> tuple[list[Upload], dict[str, int]]:
    """Uploads of a whole capture, the counters, and the proof that all memory came back."""
    engine = Engine(**options)          # type: ignore[arg-type]
    uploads = engine.feed(frames, link) + engine.finish()
    counters = engine.counters()
    return uploads, counters


def bodies(frames: Iterable[tuple[int, bytes]], link: int = 1, **options: object) -> list[tuple[bytes, bool]]:
    """(body, complete) of every upload."""
    return [(upload.body, upload.complete) for upload in feed(frames, link, **options)[0]]
