"""A reader for untrusted tar files: regular files one after the other, and no other feature of tar.

The standard library's reader parses extended (pax) headers; in Python before 3.11.8 a crafted one keeps it in an
endless loop. This reader skips them: their content, such as fractions of a second, is not needed. Memory is bounded
whatever a header claims.
"""
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

BLOCK = 512
REGULAR = (b"0", b"\0")
EXTENDED = (b"x", b"g")         # pax headers: for the next file, for all files
MAX_EXTENDED = 1 << 16          # bytes of one extended header
MAX_MEMBERS = 100               # files and extended headers


class Readable(Protocol):
    """The source of a tar."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; b"" at the end."""


class NoTar(Exception):
    """The file is no tar, is truncated, or has a member that suntap never writes."""


@dataclass
class Member:
    """One file of the tar. Read it before the next one is taken."""

    name: str
    size: int
    _source: Readable
    _left: int

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes; b"" at the end of the file. Raises NoTar if the tar ends before the file."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._source.read(wanted) if wanted else b""
        if wanted and not data:
            raise NoTar("it is not all there")
        self._left -= len(data)
        return data

    def read_all(self, most: int) -> bytes:
        """Return all of the file, or its first `most` bytes, whatever pieces its source gives. Raises NoTar."""
        data = b""
        while len(data) < most and (piece := self.read(most - len(data))):
            data += piece
        return data


def members(source: Readable) -> Iterator[Member]:
    """Yield the files of the tar `source`, in order. Raises NoTar."""
    from tarfile import TarError, TarInfo  # a megabyte of memory, and few ever unpack anything
    for _ in range(MAX_MEMBERS):
        header = _exactly(source, BLOCK)
        if not any(header):
            return
        try:
            info = TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except (TarError, ValueError) as error:
            raise NoTar(f"a header in it is none ({error})") from error
        if info.size < 0 or (info.type in EXTENDED and info.size > MAX_EXTENDED):
            raise NoTar("a header in it is too large")
        if info.type not in (*EXTENDED, *REGULAR):
            raise NoTar(f"it holds {ascii(info.name)[:60]}, which is no plain file")
        member = Member(info.name, info.size, source, info.size)
        if info.type not in EXTENDED:
            yield member
        while member.read(1 << 16):
            pass
        _exactly(source, -info.size % BLOCK)
    raise NoTar(f"it holds more than {MAX_MEMBERS} files")


def _exactly(source: Readable, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = source.read(size - len(data))
        if not piece:
            raise NoTar("it is not all there")
        data += piece
    return data
