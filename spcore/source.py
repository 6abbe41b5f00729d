"""Where packets come from: capture files here, a live interface in live.py; both are a Source.

Several files are one capture (a ring of tcpdump -C or -G, dumpcap -b, in any order): their packets come in order of
time. A file is opened when the time comes at which it begins, so a ring of a thousand files has one or two open.
"""
from __future__ import annotations

import os
import stat

from spcore.filereader import FOREVER, OpenFile, ReadError, feed

TYPE_CHECKING = False                   # typing costs more to import than this module
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Self

    from spcore.engine import Engine

STDIN = "-"
STEP = 4 << 20
"""Bytes of a file that are mapped at a time, shared by the files of a command."""
SMALLEST_STEP = 256 << 10
STREAM_STEP = 256 << 10
"""Bytes of a pipe or compressed file that are held."""
HEAD = 16
"""Bytes that tell compressed files and other formats."""


class CaptureError(Exception):
    """A capture cannot be opened or read on; the text says what, where and what to do."""

    exit_code = 2   # unreadable input, as appliance.errors has it


class Source:
    """An open capture. Use it in a `with`; `run` gives what the engine finishes.

    name: of the file or interface, for messages. readable: files that could be opened, 0 = there is nothing to say
    about their content. unread_links: link types met that are not read.
    """

    name = ""
    readable = 0
    unread_links: set[int] | frozenset[int] = frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the capture; a second time does nothing."""

    def run(self, engine: Engine, take: Callable[[], Any] | None = None,
            complain: Callable[[CaptureError], Any] | None = None) -> Iterator[Any]:
        """Yields `take()` (default: the list of uploads the engine finished) after each batch.

        Does not call engine.finish(). Damage goes to `complain`, and the rest is read on; without it the first is
        raised at the end, after what is whole was yielded.
        """
        raise NotImplementedError

    def counters(self) -> dict[str, int]:
        """Files lose nothing."""
        return {"received": 0, "dropped": 0, "interface_dropped": 0}


class Pipe:
    """The bytes of a descriptor: called with a number of bytes, returns at most so many, b"" at the end."""

    def __init__(self, descriptor: int, head: bytes = b"") -> None:
        self._descriptor, self._head = descriptor, head
        self.raised: BaseException | None = None

    def __call__(self, most: int) -> bytes:
        data, self._head = self._head[:most], self._head[most:]
        if data:
            return data
        try:
            return os.read(self._descriptor, most)
        except BaseException as error:
            self.raised = error
            raise


def _read_head(descriptor: int) -> bytes:
    head = b""
    while len(head) < HEAD and (more := os.read(descriptor, HEAD - len(head))):
        head += more
    return head


def _open(name: str, step: int) -> tuple[OpenFile, int]:
    """A capture file and its descriptor, which the caller closes. Raises CaptureError."""
    descriptor = -1
    try:
        descriptor = os.dup(0) if name == STDIN else os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        about = os.fstat(descriptor)
        if stat.S_ISDIR(about.st_mode):
            raise ReadError("is a folder: give the files in it")
        mapped = stat.S_ISREG(about.st_mode) and about.st_size > 0 and name != STDIN
        head = os.pread(descriptor, HEAD, 0) if mapped else _read_head(descriptor)
        stream: Any = None if mapped else Pipe(descriptor, head)
        if head.startswith(b"\x1f\x8b"):
            from spcore.compressed import Gunzip
            stream = Gunzip(Pipe(descriptor) if mapped else stream)
        try:
            file = OpenFile(name, descriptor, stream, step=step if stream is None else STREAM_STEP)
        except ReadError:
            raise ReadError(_what_instead(head, name, stream)) from None
        if file.only_link >= 0:
            from spcore.remarks import not_read
            raise ReadError(not_read(file.only_link))
        return file, descriptor
    except (OSError, ReadError) as error:
        if descriptor >= 0:
            os.close(descriptor)
        text = error.strerror if isinstance(error, OSError) else str(error)
        raise CaptureError(f"{name}: {text}") from None
    except BaseException:
        if descriptor >= 0:
            os.close(descriptor)
        raise


def _what_instead(head: bytes, name: str, stream: Any) -> str:
    from spcore.compressed import advice
    inside = "" if not head.startswith(b"\x1f\x8b") else getattr(stream, "problem", "")
    said = inside or advice(head, name)
    if said:
        return said
    if not head:
        return "not a pcap or pcapng capture: it is empty"
    return "not a pcap or pcapng capture" + (", though it is gzip data" if head.startswith(b"\x1f\x8b") else "")


class FileSource(Source):
    """Capture files in order of time. Raises CaptureError for the first that is none, unless `complain` takes it."""

    def __init__(self, names: Sequence[str], complain: Callable[[CaptureError], Any] | None = None) -> None:
        self.name = names[0] if len(names) == 1 else f"{len(names)} files"
        self.names = list(names)
        self._step = max(STEP // max(len(names), 1), SMALLEST_STEP)
        self._files: list[OpenFile] = []
        self._descriptors: dict[OpenFile, int] = {}
        self._later: list[tuple[int, int]] = []         # (time of the first packet, index of the name), latest first
        self._damage: list[CaptureError] = []
        self.unread_links: set[int] = set()
        self.last = (0, "")                             # time of the latest packet so far, and the file it is in
        try:
            self._look(complain)
        except BaseException:
            self.close()
            raise

    def _look(self, complain: Callable[[CaptureError], Any] | None) -> None:
        """Opens each file; of several, those that can be opened again are closed until their time comes."""
        later = []
        for index, name in enumerate(self.names):
            try:
                file = self._add(name)
            except CaptureError as error:
                if complain is None:
                    raise
                complain(error)
                continue
            if len(self.names) > 1 and self._can_open_again(name, self._descriptors[file]):
                first = file.first_us()
                if first is not None:
                    later.append((first, index))
                    self._drop(file)
        self._later = sorted(later, reverse=True)

    @staticmethod
    def _can_open_again(name: str, descriptor: int) -> bool:
        return name != STDIN and stat.S_ISREG(os.fstat(descriptor).st_mode)

    def _add(self, name: str) -> OpenFile:
        file, descriptor = _open(name, self._step)
        self.readable += 1
        self._files.append(file)
        self._descriptors[file] = descriptor
        return file

    def add(self, name: str) -> None:
        """One more file of the same capture. Raises CaptureError."""
        self.names.append(name)
        self._add(name)

    def first_us(self) -> int:
        """The time of the earliest packet, 0 when there is none. Waits for a stream's first."""
        firsts = [file.first_us() for file in self._files]
        return min([first for first in firsts if first is not None] + [first for first, _ in self._later], default=0)

    def _drop(self, file: OpenFile) -> None:
        self._files.remove(file)
        file.close()
        os.close(self._descriptors.pop(file))

    def close(self) -> None:
        for file in list(self._files):
            self._drop(file)
        self._later.clear()
        self.names = []

    def run(self, engine: Engine, take: Callable[[], Any] | None = None,
            complain: Callable[[CaptureError], Any] | None = None) -> Iterator[Any]:
        take = take or engine.take_uploads
        if not self.names:
            raise CaptureError("the capture is closed")
        more = True
        while more:
            more = self._feed(engine)
            yield take()
            while engine.pending():
                yield take()
            if complain is not None:
                while self._damage:
                    complain(self._damage.pop(0))
        if self._damage:
            raise self._damage[0]

    def count(self) -> int:
        """Reads everything, does nothing with it, returns the number of packets: the floor of the benchmark."""
        self.packets = 0
        while self._feed(None):
            pass
        if self._damage:
            raise self._damage[0]
        return self.packets

    packets = 0

    def _feed(self, engine: Engine | None) -> bool:
        """One batch; False = that was the last."""
        until = self._later[-1][0] if self._later else FOREVER
        try:
            packets, done = feed(self._files, engine, until)
            self.packets += packets
        except OSError as error:
            raise CaptureError(f"{self.names[0]}: {error.strerror}") from None
        for file in [file for file in self._files if file.finished]:
            self.last = max(self.last, (file.last_us, file.name))
            if file.unread_link >= 0:
                self.unread_links.add(file.unread_link)
            if file.problem:
                self._damage.append(CaptureError(
                    f"{file.name}: {file.problem}; what stands before the damage was read"))
            self._drop(file)
        if not done:
            return True
        if not self._later:
            return False
        try:
            self._add(self.names[self._later.pop()[1]])
        except CaptureError as error:                   # it was there a moment ago
            self._damage.append(error)
        return True


def open_file(path: str) -> FileSource:
    """A capture file, pcap or pcapng, also compressed with gzip; a FIFO that somebody writes one into, or "-" for
    stdin. Raises CaptureError."""
    return FileSource([path])


def open_files(paths: Sequence[str], complain: Callable[[CaptureError], Any] | None = None) -> FileSource:
    """Several of them as one capture. Raises CaptureError for what cannot be opened, or gives it to `complain`."""
    return FileSource(paths, complain)
