"""The capture process: packets → uploads → inbox. Needs CAP_NET_RAW and the inbox, and knows nothing else.

Theory: one loop owns everything. What the core gives out goes through InboxWriter. An interface that is missing,
down or forbidden is not the end of the process: it says so in its heartbeat, waits and tries again, with the same
engine. A change of [capture] in the settings file opens the interface anew. Kill -9 at any point loses at most what
was not yet in the inbox; the PVS repeats what its collector did not acknowledge.
"""
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from appliance.capture.answers import Watch, read_file
from appliance.capture.inbox_writer import InboxWriter
from appliance.collector.liveness import WireView
from appliance.settings.live import LiveSettings
from appliance.system.bridge import ANY, is_bridge, joining_cards
from appliance.system.clock import Clock
from appliance.system.heartbeat import Heartbeat
from appliance.system.sd_notify import notify
from spcore.engine import Engine
from spcore.live import LiveSource, open_live
from spcore.source import CaptureError, open_file

RETRY_MIN_S, RETRY_MAX_S = 1.0, 15.0    # between two tries to open the interface
SPOOL_POLL_S = 0.2                      # between two looks into the spool folder
IDLE_S = 3.0                            # between two heartbeats while there is nothing to capture from

log = logging.getLogger(__name__)


class CaptureProcess:
    """The loop. `stop` ends it within a second; `spool` replaces the interface by a folder of capture files."""

    def __init__(self, live: LiveSettings, clock: Clock, stop: Event, spool: Path | None = None) -> None:
        self.live, self.clock, self.stop, self.spool = live, clock, stop, spool
        data_dir = live.current.store.data_dir
        self.writer = InboxWriter(data_dir, clock)
        self.heartbeat = Heartbeat("capture", data_dir)
        self.engine = self._engine()
        self.problem = ""           # why there is no source right now
        self.source_errors = 0
        self._source: Any = None
        self._watch: Watch | None = None
        self._spool_view = None if spool is None else WireView(clock.steady()[1])   # instead of a Watch

    def run(self) -> None:
        """Capture until `stop` is set."""
        self.writer.start()
        self._watch_anew()
        notify("READY=1")
        retry = RETRY_MIN_S
        while not self.stop.is_set():
            opened = self._listen() if self.spool is None else self._read_spool(self.spool)
            retry = RETRY_MIN_S if opened else min(retry * 2, RETRY_MAX_S)
            self._wait(SPOOL_POLL_S if self.spool else retry)
        notify("STOPPING=1")
        if self._watch is not None:
            self._watch.stop()
        self.writer.take(self.engine.finish())
        if self.writer.pending():
            log.warning("%d uploads could not be written: %s", self.writer.pending(), self.writer.problem)
        self._beat(now=True)
        self.writer.close()

    def _listen(self) -> bool:
        """Capture from the interface until it fails, [capture] changes or `stop` is set; whether it could be opened."""
        wanted = self.live.current.capture
        self.writer.listen_on(wanted.interface)
        if self.engine.by_mac != is_bridge(wanted.interface):
            self._engine_anew()
        opening = partial(open_interface, wanted.interface, wanted.buffer_mib, wanted.ports, mac=wanted.pvs_mac)
        return self._consume(opening, wanted.interface)

    def _read_spool(self, folder: Path) -> bool:
        """Read the capture files that are in `folder` and remove each once its uploads are in the inbox."""
        for path in sorted(folder.glob("*.pcap")):
            if self.stop.is_set() or not self._consume(partial(open_file, str(path)), path.name):
                return False
            while self.writer.pending() and not self.stop.is_set():
                self._wait(SPOOL_POLL_S)
            if not self.writer.pending():
                if self._spool_view is not None:
                    read_file(path, self._spool_view, self.clock.steady()[1])
                path.unlink(missing_ok=True)
        return True

    def _consume(self, opening: Callable[[], AbstractContextManager[Any]], name: str) -> bool:
        opened = False
        try:
            with opening() as source:
                opened, self._source = True, source
                if self.problem:
                    log.info("capturing from %s", name)
                self.problem = ""
                if short := getattr(source, "short_ring", str)():
                    log.warning("%s", short)
                self._beat(now=True)
                for uploads in source.run(self.engine):
                    self.problem = "" if getattr(source, "up", True) else f"{name}: the interface went away"
                    self.writer.take(uploads)
                    self._beat()
                    if self.stop.is_set() or self._settings_changed():
                        break
        except CaptureError as error:
            self.source_errors += 1
            if str(error) != self.problem:
                log.warning("%s (trying again)", error)
            self.problem = str(error)
            self._beat(now=True)
        finally:
            self._source = None
        return opened

    def _settings_changed(self) -> bool:
        """Whether the interface must be opened anew."""
        before = self.live.current.capture
        if not self.live.refresh() or self.live.current.capture == before:
            return False
        log.info("settings changed: capturing from %s", self.live.current.capture.interface)
        self._watch_anew()
        if self.live.current.capture.ports != before.ports:
            self._engine_anew()
        return True

    def _engine_anew(self) -> None:
        self.writer.take(self.engine.finish())
        self.engine = self._engine()

    def _watch_anew(self) -> None:
        """Look whether the PVS is answered, on the interface that holds now."""
        if self.spool is not None:
            return
        if self._watch is not None:
            self._watch.stop()
        self._watch = Watch(self.live.current.capture.interface, self.clock).start()

    def _wire(self) -> dict[str, Any] | None:
        """What is known of the maker's answers."""
        if self._spool_view is not None:
            return self._spool_view.facts()
        return self._watch.facts() if self._watch is not None else None

    def _engine(self) -> Engine:
        """On a bridge anybody may send; at a mirror port the addresses are those of what was wrapped."""
        capture = self.live.current.capture
        return Engine(ports=capture.ports, by_mac=self.spool is None and is_bridge(capture.interface))

    def _wait(self, seconds: float) -> None:
        """Let `seconds` pass without a source; what waits is written meanwhile."""
        while seconds > 0 and not self.stop.wait(min(seconds, IDLE_S)):
            seconds -= IDLE_S
            self.writer.flush()
            self._settings_changed()
            self._beat()

    def _beat(self, now: bool = False) -> None:
        if not now and not self.heartbeat.due():
            return
        self.writer.follow()
        self.writer.origin.look()
        self.writer.prune(self.live.current.store.keep_inbox_days)
        counters = {**self.engine.counters(), **(self._source.counters() if self._source else {}),
                    **self.writer.counters, "source_errors": self.source_errors}
        self.heartbeat.beat(
            interface=str(self.spool or self.live.current.capture.interface), counters=counters,
            problem=self.problem or self.writer.problem or self.live.problem, last_upload_us=self.writer.last_us,
            wire=self._wire())


def open_interface(name: str, *settings: Any, **more: Any) -> LiveSource:
    """As open_live. Raises CaptureError for "any" on a machine that is a bridge too: frames of every interface say not
    by which port they entered, so a device on the router's side would pass for the PVS."""
    if name == ANY and (bridge := joining_cards()):
        raise CaptureError(f'any: does not tell the two sides of the bridge {bridge} apart: set capture.interface to '
                           f'"{bridge}"')
    return open_live(name, *settings, **more)
