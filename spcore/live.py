"""Live capture from a network interface, through pcapy-ng.

pcapy-ng's setters and `activate` never raise, they return libpcap's number: each is checked here and said in words.
A live source reads without blocking behind a poll of its own, so that signals are answered within a second also when
no packet comes (libpcap's own wait goes on after a signal), and opens an interface that went away again by itself.
"""
from __future__ import annotations

import os
import select
import time
from functools import partial

import pcapy

from spcore.filereader import ReadError
from spcore.links import is_supported
from spcore.livefilter import live_filter
from spcore.livereader import LiveReader
from spcore.remarks import not_read
from spcore.source import CaptureError, Source

TYPE_CHECKING = False                   # typing costs more to import than this module
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

SNAPLEN = 65_535
"""Bytes kept of each frame: whole segments, also those merged by offload."""
RETIRE_MS = 100
"""After so long the kernel hands over a block that is not full yet: the delay of a live upload."""
POLL_S = 0.5
"""How often a silent live source yields, so that its caller can look around."""
REOPEN_S = 1.0
"""Pause between attempts to open an interface that went away."""

ACTIVATE_ERRORS = {
    -5: "there is no such interface; `ip -brief link` lists those there are",
    -8: "the right to capture is missing: run as root or give the process CAP_NET_RAW",
    -9: "the interface is down: `ip link set {name} up`",
    -11: "the right to promiscuous mode is missing: run as root or give the process CAP_NET_RAW",
}
"""libpcap's pcap_activate numbers (pcap/pcap.h) that an owner can do something about."""


class LiveSource(Source):
    """A live capture that survives its interface going away."""

    def __init__(self, interface: str, buffer_mib: int, packet_filter: Callable[[int], str]):
        """packet_filter: from the link type to what the kernel's filter shall be."""
        self.name = self.interface = interface
        self._buffer = buffer_mib << 20
        self._filter = packet_filter
        self._before = (0, 0, 0)
        self.ring_bytes = 0
        self.reopened = 0
        self.up = True
        self._open(self._activate())

    def _open(self, handle: Any) -> None:
        self._handle = handle
        self._reader = LiveReader(handle)

    def close(self) -> None:
        """Closes the capture; a second time does nothing."""
        self._reader.close()

    def short_ring(self) -> str:
        """Words for a ring that is smaller than asked for, else empty."""
        if not 0 < self.ring_bytes < self._buffer:
            return ""
        return (f"{self.interface}: the kernel gave a ring of {self.ring_bytes >> 20} MiB instead of "
                f"{self._buffer >> 20}: lower capture.buffer_mib or free memory")

    def _activate(self) -> Any:
        """A non-blocking, filtered, promiscuous handle. Raises CaptureError."""
        handle = pcapy.create(self.interface)
        for what, number in (
            ("snap length", handle.set_snaplen(SNAPLEN)),
            ("promiscuous mode", handle.set_promisc(1)),
            ("time-out", handle.set_timeout(RETIRE_MS)),
            ("buffer size", handle.set_buffer_size(self._buffer)),
        ):
            if number != 0:
                raise CaptureError(f"{self.interface}: libpcap refuses the {what} (error {number})")
        number = handle.activate()
        if number in (-8, -11) and self.interface != "any" and not os.path.exists(f"/sys/class/net/{self.interface}"):
            number = -5                 # without the right libpcap does not look whether there is such an interface
        if number < 0:
            text = ACTIVATE_ERRORS.get(number, f"libpcap cannot capture here (error {number}); "
                                               f"a smaller capture.buffer_mib may help")
            raise CaptureError(f"{self.interface}: {text.format(name=self.interface)}")
        link_type = handle.datalink()
        if not is_supported(link_type):
            handle.close()
            raise CaptureError(f"{self.interface}: {not_read(link_type)}")
        try:
            handle.setfilter(self._filter(link_type))
            handle.setnonblock(1)
        except pcapy.PcapError as error:
            handle.close()
            raise CaptureError(f"{self.interface}: {error}") from None
        self.ring_bytes = ring_bytes(handle.getfd())
        return handle

    def run(self, engine: Any, take: Callable[[], Any] | None = None, complain: object = None) -> Iterator[Any]:
        """Yields what the engine finished, at least every POLL_S seconds (then often []); never ends by itself."""
        take = take or engine.take_uploads
        poll = select.poll()
        poll.register(self._handle.getfd(), select.POLLIN)
        while True:
            poll.poll(POLL_S * 1000)
            try:
                self._reader.read(engine)
            except ReadError:
                yield take()
                yield from self._reopen(take)
                poll = select.poll()
                poll.register(self._handle.getfd(), select.POLLIN)
            yield take()
            while engine.pending():
                yield take()

    def _reopen(self, take: Callable[[], Any]) -> Iterator[Any]:
        """Tries until the interface can be captured again."""
        self.up = False
        self._before = self._totals()
        self._reader.close()
        while not self.up:
            time.sleep(REOPEN_S)
            try:
                self._open(self._activate())
            except CaptureError:
                pass
            else:
                self.up = True
                self.reopened += 1
            yield take()

    def _totals(self) -> tuple[int, int, int]:
        try:
            now = self._handle.stats()
        except (pcapy.PcapError, ValueError):  # ValueError: closed, while the interface is away
            now = (0, 0, 0)
        return tuple(a + b for a, b in zip(self._before, now, strict=True))

    def counters(self) -> dict[str, int]:
        """The kernel's counts since the source was opened: frames received, dropped for lack of room in the ring,
        dropped by the interface; and the bytes of the ring it gave."""
        received, dropped, interface_dropped = self._totals()
        return {"received": received, "dropped": dropped, "interface_dropped": interface_dropped,
                "reopened": self.reopened, "ring_bytes": self.ring_bytes}


def ring_bytes(descriptor: int) -> int:
    """The size of a capture socket's ring as it is mapped (proc(5)): libpcap quietly takes a smaller one where memory
    is short. 0 = not to be seen."""
    try:
        with open("/proc/self/maps") as maps:
            mapped = f" socket:[{os.fstat(descriptor).st_ino}]\n"
            for line in maps:
                if line.endswith(mapped):
                    start, _, end = line.split(" ", 1)[0].partition("-")
                    return int(end, 16) - int(start, 16)
    except OSError:
        pass
    return 0


def open_live(interface: str, buffer_mib: int = 64, ports: tuple[int, ...] | list[int] = (80,),
              host: str | None = None, mac: str = "") -> LiveSource:
    """A live capture with a kernel ring of `buffer_mib` MiB; `mac` or `host`: of one PVS only. Raises CaptureError."""
    return LiveSource(interface, buffer_mib, partial(live_filter, ports, host, mac))
