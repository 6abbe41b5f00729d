"""Compressed captures: gzip is read as it is, the others are said in one line with what to do."""
from __future__ import annotations

import zlib

TYPE_CHECKING = False                   # typing costs more to import than this module
if TYPE_CHECKING:
    from collections.abc import Callable

GZIP = b"\x1f\x8b"
OTHERS = {
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -dc"), b"\xfd7zXZ\0": ("xz", "xz -dc"), b"BZh": ("bzip2", "bzip2 -dc"),
    b"\x04\x22\x4d\x18": ("lz4", "lz4 -dc"), b"PK\x03\x04": ("zip", "unzip -p"), b"7z\xbc\xaf": ("7z", "7z x -so"),
    b"\x1f\x9d": ("compress", "gzip -dc"), b"LZIP": ("lzip", "lzip -dc"), b"Rar!": ("rar", "unrar p -inul"),
}
"""First bytes of what is not read: name, and the command that unpacks it to stdout."""
FORMATS = {
    b"snoop\0\0\0": "a snoop capture", b"GMBU": "a Microsoft Network Monitor capture", b"RTSS": "a NetMon 1 capture",
    b"TRSNIFF data": "a Sniffer capture", b"XCP\0": "a NetXray capture", b"iptrace": "an iptrace capture",
    b"\x1c\0\x01\xac": "an IXIA capture", b"\xac\x01\0\x1c": "an IXIA capture",
}
"""First bytes of captures that Wireshark's editcap can turn into one that is read."""


def advice(head: bytes, name: str) -> str:
    """What to do with a file that begins so; "" when it is nothing known."""
    for magic, (kind, command) in OTHERS.items():
        if head.startswith(magic):
            return f"compressed with {kind}, which is not read: `{command} {name} | suntap records -`"
    for magic, kind in FORMATS.items():
        if head.startswith(magic):
            return f"{kind}: turn it into pcapng with `editcap {name} {name}.pcapng`"
    return ""


class Gunzip:
    """The content of gzip data: called with a number of bytes, returns at most so many, b"" at the end.

    read: gives the compressed bytes in the same way. Damage ends it like the end does, and stands in `problem`.
    """

    STEP = 16 << 10

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._member = zlib.decompressobj(31)           # 31: zlib's number for "gzip header, largest window"
        self._begun = False                             # the member got bytes
        self._careful = False                           # damage is near: a byte at a time
        self._waiting = b""                             # compressed, not taken in yet
        self.problem = ""
        self.raised: BaseException | None = None

    def __call__(self, most: int) -> bytes:
        try:
            return self._next(most)
        except (zlib.error, EOFError) as error:
            self.problem = f"the gzip data is damaged: {error}"
            return b""
        except BaseException as error:
            self.raised = error
            raise

    def _next(self, most: int) -> bytes:
        while True:
            if not self._waiting:
                self._waiting = self._read(self.STEP)
                if not self._waiting:
                    data = self._member.decompress(b"", most) if self._begun else b""
                    if self._begun and not data:
                        raise EOFError("it is cut short")
                    return data
            if not self._begun:                         # padding behind a member may be longer than what was read
                self._waiting = self._waiting.lstrip(b"\0")
                if not self._waiting:
                    continue
            self._begun = True
            data = self._inflate(most)
            if self._member.eof:                        # several members are usual (`cat a.gz b.gz`), and padding
                self._member, self._begun = zlib.decompressobj(31), False
            if data:
                return data

    def _inflate(self, most: int) -> bytes:
        """A step of the member. zlib gives nothing out of a step with damage in it, so that is done again in bytes."""
        if not self._careful:
            before = self._member.copy()
            try:
                data = self._member.decompress(self._waiting, most)
            except zlib.error:
                self._member, self._careful = before, True
            else:
                self._waiting = self._left()
                return data
        data = self._member.decompress(self._waiting[:1], most)
        self._waiting = self._left() + self._waiting[1:]
        return data

    def _left(self) -> bytes:
        """What the last step did not take in. Behind a member's end Python has it a second time in unconsumed_tail."""
        return self._member.unused_data if self._member.eof else self._member.unconsumed_tail
