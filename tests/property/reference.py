"""The slow, obvious twin of the capture core, written from its policies and not from its code.

Bytes are kept one by one in a dict by position, HTTP is read by index from a list in which None is a byte that was
never captured. No time: it answers for captures short enough that nothing ages. No bounds: for captures within them.
"""
import re
from dataclasses import dataclass, field

Stream = list[int | None]


class Half:
    """One direction of a connection: the first captured copy of each byte."""

    def __init__(self) -> None:
        self.bytes: dict[int, int] = {}
        self.start: int | None = None        # known from a SYN
        self.known = False
        self.acked = 0
        self.end: int | None = None
        self.probe: int | None = None        # position of a lone byte captured first

    def syn(self) -> None:
        self.start = 0
        self.known = True

    def data(self, position: int, payload: bytes) -> None:
        if not self.known and len(payload) == 1:
            self.probe = position
        self.known = self.known or bool(payload)
        for index, byte in enumerate(payload):
            if self.end is None or position + index < self.end:
                self.bytes.setdefault(position + index, byte)

    def fin(self, position: int) -> None:
        if not self.known:                   # a FIN alone starts nothing
            return
        self.end = position if self.end is None else self.end

    def ack(self, position: int) -> None:
        if self.known:
            self.acked = max(self.acked, position)

    def stream(self) -> Stream:
        """All bytes from the beginning to the last that was captured, acknowledged or announced by a FIN."""
        start = self.start
        if start is None:
            if not self.bytes:
                return []
            start = min(self.bytes)
            if start == self.probe:          # the garbage of a keep-alive, perhaps
                start += 1
        last = max([start, *(position + 1 for position in self.bytes)])
        last = max(last, self.acked) if self.end is None else self.end
        return [self.bytes.get(position) for position in range(start, last)]


def gaps(stream: Stream) -> list[tuple[int, int]]:
    """(offset, length) of every run of missing bytes."""
    found: list[tuple[int, int]] = []
    for offset, byte in enumerate(stream):
        if byte is None:
            if found and sum(found[-1]) == offset:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((offset, 1))
    return found


@dataclass
class Datagrams:
    """IP fragments of one identification, put together as the policies say."""

    held: dict[int, int] = field(default_factory=dict)
    end: int | None = None

    def _drop(self) -> None:
        self.held, self.end = {}, None

    def add(self, offset: int, payload: bytes, more: bool) -> bytes | None:
        """The datagram, when this fragment completes it."""
        stop = offset + len(payload)
        if not payload or stop > 65535 or (more and len(payload) % 8):
            return None
        if (offset == 0 and len(payload) < 20) or offset == 8:
            self._drop()
            return None
        places = set(range(offset, stop))
        if places & self.held.keys():
            if not (places <= self.held.keys() and _connected(self.held, offset, stop) and (more or stop == self.end)):
                self._drop()
            return None
        if not more:
            if (self.end not in (None, stop)) or any(place >= stop for place in self.held):
                self._drop()
                return None
            self.end = stop
        elif self.end is not None and stop > self.end:
            self._drop()
            return None
        self.held.update(zip(range(offset, stop), payload, strict=True))
        if self.end is None or len(self.held) != self.end:
            return None
        whole = bytes(self.held[place] for place in range(self.end))
        self._drop()
        return whole


def _connected(held: dict[int, int], start: int, stop: int) -> bool:
    return all(place in held for place in range(start, stop))


# HTTP -------------------------------------------------------------------------------------------------------------

def uploads(stream: Stream, certain: bool = True) -> list[tuple[bytes, bool]]:
    """(body, complete) of every upload in a stream. `certain`: its first byte is the connection's first."""
    found: list[tuple[bytes, bool]] = []
    at = 0
    while at < len(stream):
        line, behind = _line(stream, at)
        if line is None:
            at, certain = behind, False
            continue
        words = line.split(b" ")
        if line == b"" and certain:
            at = behind
            continue
        if not _is_request(words):
            at, certain = behind, False
            continue
        headers, behind = _headers(stream, behind)
        if headers is None:
            at, certain = behind, False
            continue
        wanted = words[0] == b"POST" and words[1].split(b"?")[0].endswith(b"SMS2DataCollector.aspx")
        at, body, certain = _body(stream, behind, headers, wanted)
        if wanted and body is not None:
            kept, complete = _salvage(body)
            if kept:
                found.append((kept, complete))
    return found


def _line(stream: Stream, at: int) -> tuple[bytes | None, int]:
    """The line at `at` without its end, and where the next begins; None, and the end of the hole, when one is in it."""
    for place in range(at, len(stream)):
        if stream[place] is None:
            while place < len(stream) and stream[place] is None:
                place += 1
            return None, place
        if stream[place] == 10:
            return _solid(stream[at:place]).removesuffix(b"\r"), place + 1
    return None, len(stream)


def _solid(part: Stream) -> bytes:
    return bytes(byte for byte in part if byte is not None)


def _is_request(words: list[bytes]) -> bool:
    return (len(words) == 3 and words[0].isalpha() and words[0].isupper() and len(words[0]) <= 16
            and bool(words[1]) and len(words[2]) == 8 and words[2].startswith(b"HTTP/1.") and words[2][7:].isdigit())


Headers = dict[bytes, set[bytes]]


def _headers(stream: Stream, at: int) -> tuple[Headers | None, int]:
    """Every value of every header, by name."""
    headers: Headers = {}
    while True:
        line, at = _line(stream, at)
        if line is None:
            return None, at
        if line == b"":
            return headers, at
        name, _, value = line.partition(b":")
        headers.setdefault(name.lower(), set()).add(value.strip(b" \t"))


def _body(stream: Stream, at: int, headers: Headers, wanted: bool) -> tuple[int, Stream | None, bool]:
    """(where it ends, its bytes, whether what follows is certainly the next request)."""
    codings = {coding.lower() for coding in headers.get(b"transfer-encoding", ())}
    lengths = headers.get(b"content-length", set())
    if codings - {b"chunked", b"identity"} or not all(length.isdigit() for length in lengths) \
            or len({int(length) for length in lengths}) > 1:
        return at, None, False
    if b"chunked" in codings:
        body: Stream = []
        while True:
            size, behind = _line(stream, at)
            if size is None:
                return behind, [*body, None], False
            if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", size):
                return behind, [*body, None], False
            length = int(size, 16)
            if length == 0:
                break
            body += _part(stream, behind, length)
            line, at = _line(stream, behind + length)
            if line != b"":
                return at, [*body, None], False
        while line := _line(stream, behind)[0]:
            behind = _line(stream, behind)[1]
        if line is None:
            return _line(stream, behind)[1], [*body, None], False
        return _line(stream, behind)[1], body, True
    for length in map(int, lengths):
        return at + length, _part(stream, at, length), True
    return at, None, not wanted


def _part(stream: Stream, at: int, length: int) -> Stream:
    part = stream[at:at + length]
    return part + [None] * (length - len(part))


def _salvage(body: Stream) -> tuple[bytes, bool]:
    """The lines of which nothing is missing, nor the LF before them."""
    if None not in body:
        return _solid(body), True
    kept, start = b"", 0
    while start < len(body):
        stop = next((place + 1 for place in range(start, len(body)) if body[place] == 10), len(body))
        if None not in body[max(0, start - 1):stop]:
            kept += _solid(body[start:stop])
        start = stop
    return kept, False


def records(body: bytes) -> list[list[str]]:
    """Record lines: fields of the lines that begin with a number of up to nine digits."""
    found = []
    for line in body.split(b"\n"):
        line = line.removesuffix(b"\r")
        fields = line.decode("utf-8", "surrogateescape").split("\t")
        if len(line) <= 4096 and len(fields[0]) <= 9 and fields[0].isascii() and fields[0].isdigit():
            found.append(fields)
    return found
