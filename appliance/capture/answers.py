"""The capture process's second look at the wire: is the PVS answered? For the stand-in (appliance.collector.breaker).

A capture of its own beside the core's, of a few frames a minute (wire.FILTER), in a thread of its own: what it
meets may cost this look and never an upload. Facts go into the heartbeat.
"""
import logging
import select
import threading
from pathlib import Path
from typing import Any

import pcapy

from appliance.collector import pvs_port
from appliance.collector.liveness import FILTER, MAX_SEEN, WireView
from appliance.system.clock import Clock

BUFFER_BYTES = 1 << 20
POLL_S = 0.5
RETRY_S = 5.0
BATCH = 64

log = logging.getLogger(__name__)


class Watch:
    """Looks at an interface until stop(). facts(): for the heartbeat, None while nothing can be seen."""

    def __init__(self, interface: str, clock: Clock) -> None:
        self.interface, self.clock = interface, clock
        self.errors = 0
        self._view: WireView | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> "Watch":
        self._thread.start()
        return self

    def stop(self) -> None:
        """End within a second."""
        self._stop.set()
        self._thread.join(2 * POLL_S)

    def facts(self) -> dict[str, Any] | None:
        view = self._view
        return {**view.facts(), "interface": self.interface} if view is not None else None

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
            except (pcapy.PcapError, OSError, ValueError) as error:
                self.errors += 1
                log.debug("%s: %s", self.interface, error)
            self._view = None
            self._stop.wait(RETRY_S)

    def _look(self) -> None:
        """Until the interface goes away. Raises PcapError, OSError."""
        handle = open_watch(self.interface)
        try:
            view = WireView(self.clock.steady()[1], bytes.fromhex(pvs_port.mac(self.interface).replace(":", "")))
            self._view = view
            poll = select.poll()
            poll.register(handle.getfd(), select.POLLIN)
            while not self._stop.is_set():
                if poll.poll(POLL_S * 1000):
                    handle.dispatch(BATCH, lambda _, frame: view.frame(self.clock.steady()[1], frame))
        finally:
            handle.close()


def open_watch(interface: str) -> Any:
    """A filtered, non-blocking capture. Raises PcapError, OSError."""
    handle = pcapy.create(interface)
    handle.set_snaplen(MAX_SEEN)
    handle.set_promisc(1)
    handle.set_timeout(100)
    handle.set_buffer_size(BUFFER_BYTES)
    if handle.activate() < 0:
        raise OSError(f"{interface} cannot be captured from")
    handle.setfilter(FILTER)
    handle.setnonblock(1)
    return handle


def read_file(path: Path, view: WireView, now: float) -> None:
    """Look at a capture file as if it came at `now`; what cannot be read is not seen."""
    try:
        handle = pcapy.open_offline(str(path))
        handle.dispatch(-1, lambda _, frame: view.frame(now, frame))
    except pcapy.PcapError as error:
        log.debug("%s: %s", path, error)
