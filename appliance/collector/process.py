"""The collector process: serves the stand-in while the owner wants one, and says what it needs.

Theory: one loop of a second. It applies the settings, proves that the stand-in answers (a request through the
page's socket), and beats. The heartbeat is only as young as the last proof, so a stand-in that hangs is one whose
heartbeat is old. While collector.stand_in is "off" nothing listens, and next to nothing is loaded.
"""
import http.client
import logging
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from appliance.collector import ALIVE, OFF, PAGE_SOCKET, STAND_IN_PORTS
from appliance.settings.live import LiveSettings
from appliance.system.bridge import Sides
from appliance.system.clock import Clock, is_set
from appliance.system.files import short_path
from appliance.system.heartbeat import Heartbeat
from appliance.system.sd_notify import notify

if TYPE_CHECKING:       # waitress and SQLite cost 8 MB, for a process that most of the time is off
    from appliance.collector.listener import Listener
    from appliance.collector.stand_in import StandIn

STEP_S = 1.0            # between two looks at settings and wire
PROOF_S = 5.0           # for the answer to the process's own request
RETRY_S = 15.0          # before ports that are in use are tried again

log = logging.getLogger(__name__)


class CollectorProcess:
    """The loop. `stop` ends it within a second or two."""

    def __init__(self, live: LiveSettings, clock: Clock, stop: Event,
                 ports: Sequence[int] = STAND_IN_PORTS) -> None:
        self.live, self.clock, self.stop, self.ports = live, clock, stop, ports
        self.data_dir = live.current.store.data_dir
        self.page_socket = Path(os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or self.data_dir) / PAGE_SOCKET
        self.heartbeat = Heartbeat("collector", self.data_dir)
        self.problem = ""
        self._app: StandIn | None = None
        self._listener: Listener | None = None
        self._retry_at = 0.0

    def run(self) -> None:
        """Serve until `stop` is set."""
        notify("READY=1")
        while not self.stop.is_set():
            self.step()
            self.stop.wait(STEP_S)
        notify("STOPPING=1")
        self._end()

    def step(self) -> None:
        """One look at everything."""
        self.live.refresh()
        mode = self.live.current.collector.stand_in
        if mode == OFF:
            self._end()
        elif self._listener is None:
            self._begin()
        if self._app is not None:
            self._app.pvs_mac = self.live.current.capture.pvs_mac
        if self._listener is None or self._proven():
            self._beat(mode)

    def _begin(self) -> None:
        from appliance.collector.deposit import Deposit
        from appliance.collector.listener import Listener
        from appliance.collector.stand_in import StandIn
        if time.monotonic() < self._retry_at:
            return
        app = StandIn(Deposit(self.data_dir, Sides(self.live.current.capture.interface)), self.clock)
        for port in self.ports:
            try:
                self._listener = Listener(app, self.data_dir, self.page_socket, port)
            except OSError as error:
                self.problem = f"ports {self.ports[0]} to {self.ports[-1]}: {error.strerror}: see ss -ltnp"
                continue
            self._app, self.problem = app, ""
            log.info("the stand-in listens on port %d", self._listener.port)
            return
        self._retry_at = time.monotonic() + RETRY_S
        log.warning("%s", self.problem)

    def _end(self) -> None:
        self.problem = ""
        if self._listener is not None:
            self._listener.close()
            self.page_socket.unlink(missing_ok=True)
            self._listener = None
        if self._app is not None:
            self._app.deposit.close()
            self._app = None

    def _proven(self) -> bool:
        """Whether the stand-in answers, and that soon."""
        try:
            with short_path(self.page_socket) as name, socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(PROOF_S)
                connection.connect(name)
                connection.sendall(f"GET {ALIVE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                return answer.status == http.HTTPStatus.NO_CONTENT
        except (OSError, http.client.HTTPException) as error:
            log.warning("the stand-in does not answer: %s", error)
            return False

    def _beat(self, mode: str) -> None:
        if not self.heartbeat.due():
            return
        app, counters = self._app, dict[str, int]()
        if app is not None and self._listener is not None:
            counters = {**app.counters, **self._listener.counters}
        facts: dict[str, Any] = {"mode": mode, "serving": app is not None, "last_answer": app and app.last_answer,
                                 "page_socket": str(self.page_socket),
                                 "port": self._listener.port if self._listener else None}
        self.heartbeat.beat(**facts, counters=counters, clock_is_set=is_set(),
                            problem=self.problem or (app.deposit.problem if app else "") or self.live.problem)
