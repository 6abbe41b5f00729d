"""The truth about a capture: the uploads that can be recovered to the byte, and the certain lines of the others.

Computed from the bytes sent and the ranges captured, never from the capture itself. A line is certain if all its bytes
and its LF were captured, and also the LF before it (or it is the first line): a line that begins at the end of a hole
may be the rest of a longer one. After a hole the position in the body is known from Content-Length, or, in a chunked
body, if no chunk size was in the hole. If a byte of the header block is missing, no line of the upload is certain, and
the uploads behind it on the same connection may be missed.
"""
import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.simulate.uploads import Post, Record

Ranges = list[tuple[int, int]]           # [start, end), ascending, disjoint


@dataclass(frozen=True)
class Sent:
    """One upload and the part of it that was captured."""

    source: str                          # "ip:port" of the PVS
    destination: str
    path: str
    body: bytes
    exact: bool                          # every byte was captured
    required: bool                       # False: lies behind a lost header block, may be missed
    lines: tuple[tuple[str, ...], ...]   # all lines when exact, else those that are certain

    def to_json(self) -> dict[str, object]:
        """Return the JSON for tests: the hash of an exact body, or the certain lines of another."""
        entry: dict[str, object] = {"source": self.source, "destination": self.destination, "path": self.path,
                                    "exact": self.exact, "required": self.required}
        if self.exact:
            entry["sha256"] = hashlib.sha256(self.body).hexdigest()
        else:
            entry["lines"] = ["\t".join(line) for line in self.lines]
        return entry


@dataclass(frozen=True)
class Stream:
    """One direction of a connection: all its bytes, and the gaps that were never captured."""

    source: str
    destination: str
    data: bytes
    gaps: Ranges

    def captured(self) -> bytes:
        """The bytes outside the gaps, in order."""
        kept, at = [], 0
        for start, end in self.gaps:
            kept.append(self.data[at:start])
            at = end
        return b"".join([*kept, self.data[at:]])


@dataclass
class Truth:
    """The truth about a whole capture: uploads by connection in the order sent, and their streams."""

    uploads: list[Sent]
    streams: list[Stream]

    def exact(self) -> list[Sent]:
        """The uploads that must come out to the byte."""
        return [sent for sent in self.uploads if sent.exact and sent.required]

    def broken(self) -> list[Sent]:
        """The uploads of which only the certain lines may come out."""
        return [sent for sent in self.uploads if not sent.exact]

    def records(self) -> list[str]:
        """The lines that must come out, TAB-joined as sent, connection by connection."""
        return ["\t".join(line) for sent in self.uploads if sent.required for line in sent.lines]

    def save_records(self, path: str | Path) -> None:
        """Write records(), one a line. Compare them as a multiset: connections overlap in time."""
        text = "".join(f"{line}\n" for line in self.records())
        Path(path).write_bytes(text.encode("utf-8", "surrogateescape"))

    def save(self, path: str | Path) -> None:
        """Write the uploads as JSON, one a line within a list."""
        entries = ",\n".join(json.dumps(sent.to_json(), ensure_ascii=True) for sent in self.uploads)
        Path(path).write_text(f"[\n{entries}\n]\n", encoding="ascii")


def join(truths: Iterable[Truth]) -> Truth:
    """Join the truths of several conversations."""
    every = list(truths)
    return Truth([sent for truth in every for sent in truth.uploads],
                 [stream for truth in every for stream in truth.streams])


def lines(body: bytes) -> list[Record]:
    """Return the record lines of a whole body: fields as sent, without lines that do not begin with a number."""
    return [record for _, _, record in _spans(body) if record]


def _spans(body: bytes) -> list[tuple[int, int, Record]]:
    """[start, end) of every line with its LF, and its fields (none if it is no record)."""
    spans = []
    start = 0
    while start < len(body):
        end = body.find(b"\n", start) + 1 or len(body)
        text = body[start:end].rstrip(b"\r\n")
        fields = text.decode("utf-8", "surrogateescape").split("\t")
        spans.append((start, end, fields if fields[0].isascii() and fields[0].isdecimal() else []))
        start = end
    return spans


def certain(post: Post, missing: Ranges) -> list[Record]:
    """Return the lines of `post` that are certain if the wire's bytes in `missing` were not captured."""
    known = bytearray(len(post.body))
    at = framed = 0
    for offset, length in post.pieces:
        if _touches(missing, framed, offset):
            break
        for start, end in _present(missing, offset, offset + length):
            known[at + start - offset:at + end - offset] = b"\1" * (end - start)
        at += length
        framed = offset + length
    return [
        record for start, end, record in _spans(post.body)
        if record and known.find(0, max(0, start - 1), end) < 0
    ]


def framing_lost(post: Post, missing: Ranges) -> bool:
    """Return True if the end of the request cannot be computed any more."""
    ends = [0, *(offset + length for offset, length in post.pieces)]
    starts = [*(offset for offset, _ in post.pieces), len(post.wire)]
    return any(_touches(missing, start, end) for start, end in zip(ends, starts, strict=True))


def _touches(ranges: Ranges, start: int, end: int) -> bool:
    return any(low < end and high > start for low, high in ranges)


def _present(missing: Ranges, start: int, end: int) -> Ranges:
    """The parts of [start, end) outside `missing`."""
    parts = []
    for low, high in missing:
        if start < low < end:
            parts.append((start, low))
        if high > start:
            start = max(start, high) if low < end else start
    return [*parts, (start, end)] if start < end else parts


def add(ranges: Ranges, start: int, end: int) -> None:
    """Merge [start, end) into ascending disjoint `ranges`, in place."""
    if start >= end:
        return
    if ranges and start == ranges[-1][1]:
        ranges[-1] = (ranges[-1][0], end)    # the usual case: the next segment in order
        return
    first = bisect_right(ranges, start, key=lambda span: span[1])
    if first and ranges[first - 1][1] == start:
        first -= 1
    last = first
    while last < len(ranges) and ranges[last][0] <= end:
        start, end = min(start, ranges[last][0]), max(end, ranges[last][1])
        last += 1
    ranges[first:last] = [(start, end)]


def gaps(ranges: Ranges, start: int, end: int) -> Ranges:
    """Return the parts of [start, end) that `ranges` does not cover."""
    found = []
    for low, high in ranges:
        if high <= start:
            continue
        if low >= end:
            break
        if low > start:
            found.append((start, low))
        start = max(start, high)
    return [*found, (start, end)] if start < end else found
