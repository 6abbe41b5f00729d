"""Conversations with chosen TCP mischief: the frames of a capture on the wire, and the truth about them.

    talk = Conversation(Host("192.168.1.50", 40001), Host("203.0.113.10", 80), mss=560)
    talk.post(uploads.post(body), Mischief(reorder=0.2, duplicate=0.1, fragment=0.1))
    talk.close()
    pcapfile.write("x.pcap", talk.frames)       # [(time in microseconds, frame bytes)], in capture order
    talk.truth().uploads                        # [Sent(body, exact, lines, ...)]

The client (PVS) writes bytes to a stream; `transmit` sends any range of it, any number of times, in any order, captured
or not, whole or in fragments. The server behaves like a real receiver: it acknowledges the bytes that arrived without a
gap, at once if a segment is out of order, else every second segment. Its acknowledgements also cover a segment that
arrived but was not captured. `send` and `post` send in the usual way, with the chances of a `Mischief`. For an exact
case, use the single steps `write`, `transmit`, `acknowledge`, `reset` and `probe`. Everything is repeatable from
`seed`. `merge` makes one capture of many conversations.

An altered copy (`content`) never comes before the true bytes, so the first captured bytes are always the true ones.
"""
import heapq
import random
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from appliance.simulate import truth
from appliance.simulate.packets import ACK, FIN, PSH, RST, SYN, Direction, Host, Wire
from appliance.simulate.uploads import Post, response

CLIENT = Host("192.168.1.50", 40001, "02:00:5e:00:53:50")
SERVER = Host("203.0.113.10", 80, "02:00:5e:00:53:01")
START_US = 1_778_342_400_000_000         # 2026-05-09 16:00:00 UTC
MSS = 560
WINDOW = 29200
ROUND_TRIP_US = 40_000
RETRANSMIT_US = 1_000_000

Frames = list[tuple[int, bytes]]
Close = Literal["fin", "rst", "server rst", "half", "none"]


@dataclass(frozen=True)
class Mischief:
    """Chances between 0 and 1; per segment unless said otherwise."""

    reorder: float = 0.0                 # comes up to three segments later
    duplicate: float = 0.0               # comes twice
    retransmit: float = 0.0              # lost behind the capture point: comes again after a time-out
    overlap: float = 0.0                 # comes again with other boundaries, back over older bytes
    differ: float = 0.0                  # comes again with other content
    fragment: float = 0.0                # comes as IP fragments, shuffled, some of them twice
    lose: float = 0.0                    # arrives, but was not captured: a hole
    keepalive: float = 0.0               # per send: a keep-alive probe with a garbage byte
    zero_window: float = 0.0             # per send: a closed window, a one-byte probe, then the data
    blind_reset: float = 0.0             # per send: a forged RST far outside the window
    late_acks: float = 0.0               # per send: the server acknowledges everything only at the end


CALM = Mischief()
MESSY = Mischief(0.15, 0.08, 0.05, 0.08, 0.05, 0.1, 0.0, 0.1, 0.1, 0.05, 0.2)


@dataclass
class _Send:
    """One planned transmission."""

    start: int
    end: int
    captured: bool = True
    content: bytes | None = None
    fragment: int = 0
    arrives: bool = True
    wait_us: int = 0
    fin: bool = False


class Conversation:
    """One TCP connection, both directions, as frames on a wire."""

    def __init__(self, client: Host = CLIENT, server: Host = SERVER, *, wire: Wire | None = None,
                 start_us: int = START_US, seed: int | str = 0, mss: int = MSS, handshake: bool = True,
                 client_isn: int | None = None, server_isn: int | None = None, timestamps: bool = False,
                 gap_us: int = 300, identifications: Iterator[int] | None = None) -> None:
        """`handshake` False: the connection is older than the capture. Initial numbers default to random ones."""
        self.client, self.server = client, server
        self.rng = random.Random(f"traffic {seed}")
        self.mss = mss
        self.now_us = start_us
        self.gap_us = gap_us
        self.frames: Frames = []
        self.stream = bytearray()            # all bytes the client wrote
        self.replies = bytearray()           # all bytes the server wrote
        self.wire = wire or Wire()
        self._up = Direction(client, server, self.wire, False, identifications)
        self._down = Direction(server, client, self.wire, True)
        self._client_first = (self.rng.getrandbits(32) if client_isn is None else client_isn) + 1
        self._server_first = (self.rng.getrandbits(32) if server_isn is None else server_isn) + 1
        self._timestamps = timestamps
        self._captured: truth.Ranges = []
        self._arrived: truth.Ranges = []
        self._sent = 0                       # how far the client has transmitted, captured or not
        self._reply_start = 0                # bytes of the replies before the start of the capture
        self._passed = 0                     # highest acknowledgement captured
        self._unacknowledged = 0             # segments since the last acknowledgement
        self._client_done = self._server_done = False
        self._posts: list[tuple[int, Post]] = []
        self._syn_captured = handshake
        if handshake:
            self._handshake()

    # --- both ends -------------------------------------------------------------------------------------------------

    def _options(self) -> bytes:
        if not self._timestamps:
            return b""
        ticks = self.now_us // 1000 & 0xFFFFFFFF
        return struct.pack("!BBBBII", 1, 1, 8, 10, ticks, ticks)

    def _emit(self, segment: bytes, direction: Direction, fragment: int = 0,
              order: Sequence[int] | None = None) -> None:
        for frame in direction.frames(segment, fragment, order):
            self.frames.append((self.now_us, frame))
            self.now_us += self.gap_us

    def _client_segment(self, offset: int, flags: int, payload: bytes = b"", options: bytes = b"") -> bytes:
        acknowledged = self._server_first + self._server_next if flags & ACK else 0
        return self._up.segment(self._client_first + offset, acknowledged, flags, WINDOW, payload,
                                options or self._options())

    def _server_segment(self, offset: int, flags: int, payload: bytes = b"", options: bytes = b"",
                        window: int = WINDOW) -> bytes:
        contiguous = self.contiguous
        everything = contiguous == len(self.stream)
        acknowledged = self._client_first + contiguous + (self._client_done and everything)
        self._passed = max(self._passed, contiguous)
        self._unacknowledged = 0
        return self._down.segment(self._server_first + offset, acknowledged, flags, window, payload,
                                  options or self._options())

    def _handshake(self) -> None:
        mss_option = struct.pack("!BBH", 2, 4, min(self.mss, 65535))
        self._emit(self._client_segment(-1, SYN, options=mss_option), self._up)
        self.now_us += ROUND_TRIP_US
        self._emit(self._server_segment(-1, SYN | ACK, options=mss_option), self._down)
        self._emit(self._client_segment(0, ACK), self._up)

    @property
    def _client_next(self) -> int:
        return self._sent + self._client_done

    @property
    def _server_next(self) -> int:
        return len(self.replies) + self._server_done

    @property
    def contiguous(self) -> int:
        """The offset in the stream up to which the server has every byte."""
        return self._arrived[0][1] if self._arrived and not self._arrived[0][0] else 0

    # --- single steps ----------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> tuple[int, int]:
        """Append to the client's stream without sending. Returns [start, end) in the stream."""
        start = len(self.stream)
        self.stream += data
        return start, len(self.stream)

    def transmit(self, start: int, end: int, *, captured: bool = True, content: bytes | None = None,
                 fragment: int = 0, order: Sequence[int] | None = None, arrives: bool = True,
                 fin: bool = False) -> None:
        """Send [start, end) of the stream as one segment.

        `captured` False: not in the capture. `content`: these bytes instead of the true ones. `fragment`: in IP
        fragments of that many bytes, sent in `order`; if the order misses one, the segment counts as not captured.
        `arrives` False: captured, but lost before the server. `fin`: with the FIN flag.
        """
        payload = bytes(self.stream[start:end]) if content is None else content
        self._sent = max(self._sent, end)
        flags = ACK | (PSH if start < end == len(self.stream) else 0) | (FIN if fin else 0)
        segment = self._client_segment(start, flags, payload)
        if captured:
            self._emit(segment, self._up, fragment, order)
            pieces = -(-len(segment) // max(8, fragment & ~7)) if fragment else 1
            if content is None and (order is None or set(order) >= set(range(pieces))):
                truth.add(self._captured, max(start, self._passed), end)
        if arrives and content is None:
            truth.add(self._arrived, start, end)
            self._unacknowledged += 1
        self._client_done = self._client_done or fin

    def acknowledge(self, *, captured: bool = True, window: int = WINDOW) -> None:
        """Acknowledge, as the server, the bytes that arrived without a gap."""
        passed = self._passed
        segment = self._server_segment(self._server_next, ACK, window=window)
        if captured:
            self._emit(segment, self._down)
        else:
            self._passed = passed

    def probe(self, content: bytes = b"\x5a") -> None:
        """Send a keep-alive probe of the client: one byte, garbage by default, one position before the next byte."""
        self._emit(self._client_segment(self._sent - 1, ACK, content), self._up)
        self.acknowledge()

    def reset(self, offset: int = 0, *, from_client: bool = True) -> None:
        """Send an RST `offset` bytes from the sender's position (0: the RST that ends the connection)."""
        if from_client:
            self._emit(self._client_segment(self._client_next + offset, RST | ACK), self._up)
        else:
            self._emit(self._server_segment(self._server_next + offset, RST | ACK), self._down)

    def reply(self, data: bytes) -> None:
        """Write `data` as the server; the client acknowledges."""
        for at in range(0, len(data), self.mss):
            part = data[at:at + self.mss]
            self._emit(self._server_segment(len(self.replies), ACK | PSH, part), self._down)
            self.replies += part
        self.now_us += ROUND_TRIP_US // 2
        self._emit(self._client_segment(self._client_next, ACK), self._up)

    def begin_capture(self) -> None:
        """Forget all frames until now: the capture starts here, in the middle of the connection."""
        self.frames.clear()
        self._captured.clear()
        self._passed = max(self._passed, self.contiguous)
        self._reply_start = len(self.replies)
        self._syn_captured = False

    # --- the usual course ------------------------------------------------------------------------------------------

    def send(self, data: bytes, mischief: Mischief = CALM, *, fin: bool = False,
             cuts: Sequence[int] = ()) -> None:
        """Write and transmit, in segments of the MSS or of the given lengths. `fin` closes the stream after it."""
        start, end = self.write(data)
        rng = self.rng
        if data and rng.random() < mischief.zero_window:
            self.acknowledge(window=0)
            self.transmit(start, start + 1, arrives=False)
            self.acknowledge(window=0)
            self.now_us += RETRANSMIT_US
            self.acknowledge()
        late = rng.random() < mischief.late_acks
        for step in self._plan(start, end, mischief, fin, cuts):
            self.now_us += step.wait_us
            before = self.contiguous
            order = self._shuffle(step, 20 + len(self._options())) if step.fragment else None
            self.transmit(step.start, step.end, captured=step.captured, content=step.content,
                          fragment=step.fragment, order=order, arrives=step.arrives, fin=step.fin)
            out_of_order = step.arrives and self.contiguous == before
            if not late and step.arrives and (out_of_order or self._unacknowledged > 1):
                self.acknowledge()
        self.now_us += ROUND_TRIP_US
        self.acknowledge()
        if rng.random() < mischief.keepalive:
            self.now_us += RETRANSMIT_US
            self.probe(rng.randbytes(1))
        if rng.random() < mischief.blind_reset:
            self.reset(rng.choice((-1, 1)) * rng.randint(1 << 20, 1 << 30))

    def _plan(self, start: int, end: int, mischief: Mischief, fin: bool, cuts: Sequence[int]) -> list[_Send]:
        """The transmissions of [start, end), in order of capture."""
        rng = self.rng
        plan: list[_Send] = []
        late: list[tuple[int, _Send]] = []
        lost: truth.Ranges = []
        for first, last in _segments(start, end, self.mss, cuts):
            step = _Send(first, last)
            if rng.random() < mischief.lose:
                step.captured = False
                lost.append((first, last))
            if rng.random() < mischief.fragment:
                step.fragment = rng.randrange(64, 400, 8)
            copies = [step]
            if step.captured:
                copies += self._copies(step, start, mischief, lost)
            if rng.random() < mischief.reorder:
                late += [(len(plan) + rng.randint(1, 3) + len(copies), copy) for copy in copies]
            else:
                plan += copies
            while late and late[0][0] <= len(plan):
                plan.append(late.pop(0)[1])
        closing = [_Send(end, end, fin=True)] if fin else []
        return [*plan, *closing, *(step for _, step in late)]

    def _copies(self, step: _Send, start: int, mischief: Mischief, lost: truth.Ranges) -> list[_Send]:
        """Return the copies of a captured segment. A copy never covers bytes that were lost."""
        rng = self.rng
        copies = []
        if rng.random() < mischief.retransmit:
            step.arrives = False
            copies.append(_Send(step.start, step.end, wait_us=RETRANSMIT_US))
        if rng.random() < mischief.duplicate:
            copies.append(_Send(step.start, step.end))
        if rng.random() < mischief.overlap:
            floor = max([start, *(high for _, high in lost)])
            back = rng.randint(max(floor, step.start - self.mss // 2), step.start)
            copies.append(_Send(back, rng.randint(step.start + 1, step.end)))
        if rng.random() < mischief.differ:
            low = rng.randint(step.start, step.end - 1)
            high = rng.randint(low + 1, step.end)
            copies.append(_Send(low, high, content=rng.randbytes(high - low)))
        return copies

    def _shuffle(self, step: _Send, header: int) -> list[int]:
        """An order for a segment's fragments: shuffled, one of them twice (before the datagram is complete)."""
        pieces = -(-(header + step.end - step.start) // max(8, step.fragment & ~7))
        order = list(range(pieces))
        self.rng.shuffle(order)
        if pieces > 1 and self.rng.random() < 0.3:
            order.insert(1, order[0])
        return order

    def begin(self, post: Post) -> tuple[int, int]:
        """Write an upload without sending. Returns [start, end) in the stream, for `transmit`."""
        self._posts.append((len(self.stream), post))
        return self.write(post.wire)

    def post(self, post: Post, mischief: Mischief = CALM, *, fin: bool = False, answer: bool = True,
             cuts: Sequence[int] = ()) -> None:
        """Send one upload and the collector's answer. With an `Expect` header, the body waits for the 100."""
        self._posts.append((len(self.stream), post))
        data = post.wire
        if b"\r\nExpect: 100-continue\r\n" in data[:post.head]:
            self.send(data[:post.head], mischief)
            self.reply(b"HTTP/1.1 100 Continue\r\n\r\n")
            data = data[post.head:]
        self.send(data, mischief, fin=fin, cuts=cuts)
        if answer:
            self.reply(response(self.now_us // 1_000_000))

    def close(self, how: Close = "fin") -> None:
        """End the connection: both FINs, an RST of either side, the client's FIN alone, or in silence."""
        if self._server_done:
            return
        if how in ("fin", "half") and not self._client_done:
            self.transmit(len(self.stream), len(self.stream), fin=True)
        if how == "fin":
            self._emit(self._server_segment(len(self.replies), FIN | ACK), self._down)
            self._server_done = True
            self._emit(self._client_segment(self._client_next, ACK), self._up)
        elif how in ("rst", "server rst"):
            self.reset(from_client=how == "rst")

    # --- the truth -------------------------------------------------------------------------------------------------

    def truth(self) -> truth.Truth:
        """Return the content of the frames: uploads and both streams."""
        sent = []
        certain_position = True
        for offset, post in self._posts:
            missing = [(low - offset, high - offset)
                       for low, high in truth.gaps(self._captured, offset, offset + len(post.wire))]
            records = truth.lines(post.body) if not missing else truth.certain(post, missing)
            sent.append(truth.Sent(str(self.client), str(self.server), post.path, post.body, not missing,
                                   certain_position, tuple(map(tuple, records))))
            nothing_before = not self._syn_captured and (not self._captured or self._captured[0][0] > offset)
            if truth.framing_lost(post, missing) and not nothing_before:
                certain_position = False
        gaps = truth.gaps(self._captured, 0, len(self.stream))
        early = [(0, self._reply_start)] if self._reply_start else []
        return truth.Truth(sent, [
            truth.Stream(str(self.client), str(self.server), bytes(self.stream), gaps),
            truth.Stream(str(self.server), str(self.client), bytes(self.replies), early),
        ])


def _segments(start: int, end: int, mss: int, cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    for length in cuts:
        if start + length < end:
            yield start, start + length
            start += length
    while start < end:
        yield start, min(end, start + mss)
        start += mss


def merge(captures: Iterable[Frames]) -> Frames:
    """Merge many captures into one, by time."""
    return list(heapq.merge(*captures, key=lambda packet: packet[0]))
