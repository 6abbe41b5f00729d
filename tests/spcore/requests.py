"""Requests as streams, and what the core makes of them however the segments cut them.

`parse` is the one way in: the stream goes through TCP segments cut as asked, so that each case can be fed whole, byte
by byte, cut at random and with junk behind it, and must give the same every time.
"""
import random

import pytest

from spcore.limits import Limits
from tests.spcore.tcp import Talk, feed, post

LINES = [b"100\tSPMS\n", b"130\t20260509220000\t414\n", b"140\t1\n", b"102\tabc\n"]
BODY = b"".join(LINES)


def cut(stream: bytes, how: str) -> list[tuple[int, bytes]]:
    """The stream in pieces: (offset, bytes)."""
    rng = random.Random(how)
    sizes = {"whole": lambda: len(stream) or 1, "bytes": lambda: 1, "random": lambda: rng.randint(1, 97)}[how]
    pieces, at = [], 0
    while at < len(stream):
        size = sizes()
        pieces.append((at, stream[at:at + size]))
        at += size
    return pieces


CUTS = pytest.mark.parametrize("how", ["whole", "bytes", "random"])


def parse(stream: bytes, how: str = "whole", limits: Limits | None = None) -> tuple[list[tuple[bytes, bool]], dict]:
    """(body, complete) of every upload in the stream, and the counters."""
    talk = Talk().open()
    for at, piece in cut(stream, how):
        talk.data(at, piece)
    uploads, counters = feed(talk.frames, limits=limits)
    return [(upload.body, upload.complete) for upload in uploads], counters


def chunked(body: bytes, *sizes: int, newline: bytes = b"\r\n", trailer: bytes = b"") -> bytes:
    """The body in chunks of `sizes` and what is left."""
    out, at = b"", 0
    for size in [*sizes, len(body)]:
        part = body[at:at + size]
        if part:
            out += b"%x" % len(part) + newline + part + newline
        at += size
    return out + b"0" + newline + trailer + newline


CHUNKED = post(b"", headers="Transfer-Encoding: chunked")
