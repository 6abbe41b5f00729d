"""Uploads as the PVS sends them: bodies of record lines, and the HTTP requests around them.

A body is one 100 line first, any number of others, one 102 last, with an LF after every line. The 102 carries text that
looks random and never repeats. A `Post` keeps the request's bytes and the positions of the body's pieces in them, so
that the certain lines can be computed after a part of the wire was lost.
"""
import base64
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

DATA = "/Data/SMS2DataCollector.aspx"
COMMAND = "/Command/SMS2DataCollector.aspx"
HOST = "collector.sunpowermonitor.com"
SEGMENT = (540, 600)                     # bytes in a segment, as seen on real wires

Record = list[str]


@dataclass(frozen=True)
class Post:
    """One upload as an HTTP request."""

    path: str
    body: bytes
    wire: bytes                          # the whole request
    head: int                            # length of the request line and header block
    pieces: tuple[tuple[int, int], ...]  # (offset in wire, length) of the body's parts, in order


def stamp(time: float) -> str:
    """Return seconds since 1970 UTC as the wire's YYYYMMDDHHMMSS."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y%m%d%H%M%S")


def body(lines: Iterable[Record], serial: str, sent: float, rng: random.Random, newline: str = "\n") -> bytes:
    """Return the text of an upload: 100, `lines`, 102. `sent`: seconds since 1970 UTC; `rng` makes the trailer."""
    trailer = base64.b64encode(rng.randbytes(15)).decode()
    records = [["100", "SPMS", "10", serial, stamp(sent)], *lines, ["102", trailer]]
    return "".join("\t".join(record) + newline for record in records).encode("utf-8", "surrogateescape")


def post(body: bytes, path: str = DATA, *, newline: str = "\r\n", chunks: Sequence[int] = (), expect: bool = False,
         extra_headers: Sequence[str] = ()) -> Post:
    """Return the request for a body: plain as the PVS sends it, or with header lines of other firmware.

    `chunks`: sizes of the chunks of a chunked body, the last one repeated as long as needed; empty: Content-Length.
    """
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", "Content-Type: text/plain"]
    lines.append("Transfer-Encoding: chunked" if chunks else f"Content-Length: {len(body)}")
    lines.extend(extra_headers)
    if expect:
        lines.append("Expect: 100-continue")
    head = (newline.join([*lines, "", ""])).encode()
    if not chunks:
        return Post(path, body, head + body, len(head), ((len(head), len(body)),))
    wire = bytearray(head)
    pieces = []
    at = number = 0
    while at < len(body):
        part = body[at:at + chunks[min(number, len(chunks) - 1)]]
        wire += b"%x\r\n" % len(part)
        pieces.append((len(wire), len(part)))
        wire += part + b"\r\n"
        at += len(part)
        number += 1
    wire += b"0\r\n\r\n"
    return Post(path, body, bytes(wire), len(head), tuple(pieces))


def response(time: float) -> bytes:
    """Return the collector's answer at `time` (seconds since 1970 UTC)."""
    text = f"1002\t{stamp(time)}\r\n".encode()
    return (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(text)) + text


def cut(data: bytes, rng: random.Random, low: int = SEGMENT[0], high: int = SEGMENT[1]) -> list[bytes]:
    """Split `data` into pieces of `low` to `high` bytes, as the PVS writes to its socket."""
    pieces = []
    at = 0
    while at < len(data):
        size = rng.randint(low, high)
        pieces.append(data[at:at + size])
        at += size
    return pieces
