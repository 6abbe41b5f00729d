"""Reading a tar that a stranger may have made: regular files one after the other, and nothing of what tar can do more.

The standard library's reader follows extended (pax) headers, which in Python before 3.11.8 keep it busy for ever when
they are made for that. Here one of them is stepped over: what it says, such as a fraction of a second, is not needed.
Memory is bounded whatever a header claims.
"""
from collections.abc import Iterator
from dataclasses import dataclass
from tarfile import AREGTYPE, REGTYPE, TarError, TarInfo
from typing import Protocol

BLOCK = 512
EXTENDED = (b"x", b"g")         # pax headers, of the next file and of all
MAX_EXTENDED = 1 << 16          # bytes of one
MAX_MEMBERS = 100               # files and extended headers


class Readable(Protocol):
    """What a tar is read from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; b"" at the end."""


class NoTar(Exception):
    """The file is no tar, is cut, or holds what no file of ours does."""


@dataclass
class Member:
    """One file of the tar; read it before asking for the next."""

    name: str
    size: int
    _source: Readable
    _left: int

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, b"" at its end. Raises NoTar where the tar ends before the file."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._source.read(wanted) if wanted else b""
        if wanted and not data:
            raise NoTar("it is not all there")
        self._left -= len(data)
        return data


def members(source: Readable) -> Iterator[Member]:
    """The files of the tar `source`, in order. Raises NoTar."""
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
        if info.type not in (*EXTENDED, REGTYPE, AREGTYPE):
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
