"""The collector process: serves the stand-in while the owner wants one, decides when it stands in, says what it
needs.

Theory: one loop of a second. It applies the settings, moves the breaker by what the capture process sees on the
wire, proves that stand-in and name server answer by asking them, and beats. What the redirect process is to bring
here stands in the heartbeat as `wanted`, and the heartbeat is only as young as the last proof. Nothing is wanted
while the clock is a guess, while the disk is full, or for HOLD_S after an upload could not be stored: the PVS keeps
it better then. While collector.stand_in is "off" nothing listens, and next to nothing is loaded.
"""
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from appliance.collector import ALIVE, AUTO, NAMES_PORTS, OFF, ON, PAGE_SOCKET, REDIRECTED, STAND_IN_PORTS, pvs_port
from appliance.collector.breaker import Breaker, Seen, State
from appliance.collector.breaker_file import Change, Journal
from appliance.collector.liveness import is_public
from appliance.settings.live import LiveSettings
from appliance.system import heartbeat
from appliance.system.bridge import Sides
from appliance.system.clock import Clock, is_set
from appliance.system.files import short_path
from appliance.system.heartbeat import Heartbeat
from appliance.system.sd_notify import notify

if TYPE_CHECKING:       # waitress and SQLite cost 8 MB, for a process that most of the time is off
    from appliance.collector.listener import Listener
    from appliance.collector.name_server import Names
    from appliance.collector.wsgi_app import StandIn

STEP_S = 1.0            # between two looks at settings and wire
PROOF_S = 5.0           # for the answer to the process's own request
LINE = 1000             # bytes, at most, of the first line of that answer
RETRY_S = 15.0          # before ports that are in use are tried again
HOLD_S = 600.0          # nothing is wanted for so long after an upload that could not be stored
FULL_BYTES = 20 << 20   # free on the disk: with less, uploads stay with the PVS
BLIND_S = 30.0          # a capture process silent for longer sees nothing

log = logging.getLogger(__name__)


class CollectorProcess:
    """The loop. `stop` ends it within a second or two."""

    def __init__(self, live: LiveSettings, clock: Clock, stop: Event, ports: Sequence[int] = STAND_IN_PORTS,
                 clock_is_set: Callable[[], bool] = is_set) -> None:
        self.live, self.clock, self.stop, self.ports, self.clock_is_set = live, clock, stop, ports, clock_is_set
        self.data_dir = live.current.store.data_dir
        self.page_socket = Path(os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or self.data_dir) / PAGE_SOCKET
        self.heartbeat = Heartbeat("collector", self.data_dir)
        self.journal = Journal.load(self.data_dir)
        self.breaker = self._breaker()
        self.problem = ""
        self._app: StandIn | None = None
        self._listener: Listener | None = None
        self._names: Names | None = None
        self._names_answer = False
        self._retry_at = 0.0
        self._not_stored, self._hold_until = 0, 0.0

    def run(self) -> None:
        """Serve until `stop` is set."""
        notify("READY=1")
        while not self.stop.is_set():
            self.step()
            self.stop.wait(STEP_S)
        notify("STOPPING=1")
        self._end()
        self.heartbeat.beat(serving=False, wanted=None)

    def step(self) -> None:
        """One look at everything."""
        self.live.refresh()
        mode = self.live.current.collector.stand_in
        if mode == OFF:
            self._end()
        elif self._listener is None:
            self._begin()
        seen = self._seen()
        self._decide(mode, seen)
        if self._app is not None:
            self._app.pvs_mac = self.live.current.capture.pvs_mac
        if self._listener is None:
            self._beat(mode, None)
        elif self.heartbeat.due() and self._proven():
            wanted = self._wanted()
            if self._app is not None:
                self._app.letting_go = wanted is None
            self._beat(mode, wanted)

    # --- when -------------------------------------------------------------------------------------------------

    def _breaker(self) -> Breaker:
        """As the last process left it: a restart is no reason to wait half an hour again."""
        now, last = self.clock.steady()[1], self.journal.last
        if last is None or last.state not in (State.OPEN.value, State.HALF_OPEN.value):
            return Breaker(now)
        return Breaker(now, State.OPEN, max(0.0, self.clock.time() - last.time))

    def _seen(self) -> Seen:
        """What the capture process sees; nothing where it does not look."""
        last = heartbeat.read("capture", self.data_dir)
        facts = last.get("wire") if last and last["age_s"] < BLIND_S else None
        if not isinstance(facts, dict):
            return Seen()
        redirect = heartbeat.read("redirect", self.data_dir) or {}
        port = str(redirect.get("pvs_port") or "")
        try:
            seen = Seen.from_facts(facts, not port or pvs_port.has_carrier(port))
            self._remember([str(one) for one in facts["addresses"]])
            return seen
        except (KeyError, TypeError, ValueError):
            return Seen()

    def _remember(self, addresses: list[str]) -> None:
        new = [one for one in addresses if one not in self.journal.addresses and one != REDIRECTED and is_public(one)]
        if new:
            self.journal.addresses = [*self.journal.addresses, *new][-8:]
            self.journal.save(self.data_dir)

    def _decide(self, mode: str, seen: Seen) -> None:
        """Move the breaker and note every change."""
        last = self.journal.last
        if mode != AUTO:
            if last is None or last.state != mode:
                if last is not None or mode == ON:
                    self._note(mode, "so the owner wants it")
                self.breaker = Breaker(self.clock.steady()[1])
            return
        if last is not None and last.state in (OFF, ON):
            self._note(State.CLOSED.value, "from now on it depends on whether SunPower's server answers")
        if reason := self.breaker.step(self.clock.steady()[1], seen):
            self._note(self.breaker.state.value, reason)

    def _note(self, state: str, reason: str) -> None:
        log.info("%s: %s", state, reason)
        self.journal.changes.append(Change(int(self.clock.time()), state, reason))
        self.journal.save(self.data_dir)

    def _stands_in(self) -> bool:
        mode = self.live.current.collector.stand_in
        return mode == ON or (mode == AUTO and self.breaker.state is State.OPEN)

    def _wanted(self) -> dict[str, Any] | None:
        """What the redirect process is to bring here; None: nothing."""
        if not self._stands_in() or self._listener is None:
            self._end_names()
            return None
        self.problem = self._reason_against()
        if self.problem:
            return None
        self._names_answer = self._look_after_names()
        return {"interface": self.live.current.capture.interface, "port": self._listener.port,
                "names_port": self._names.port if self._names is not None and self._names_answer else 0,
                "addresses": [REDIRECTED, *self.journal.addresses]}

    def _reason_against(self) -> str:
        if not self.clock_is_set():
            return "the clock is not set yet: an answer would carry a wrong time"
        now = time.monotonic()
        if self._app is not None and self._app.counters["not_stored"] > self._not_stored:
            self._not_stored, self._hold_until = self._app.counters["not_stored"], now + HOLD_S
        if now < self._hold_until:
            return f"an upload could not be stored ({self._app.deposit.problem if self._app else ''}): not now"
        try:
            facts = os.statvfs(self.data_dir)
        except OSError as error:
            return f"{self.data_dir}: {error.strerror}"
        return "the disk is full: uploads stay with the PVS" if facts.f_bavail * facts.f_frsize < FULL_BYTES else ""

    # --- what runs --------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        from appliance.collector.deposit import Deposit
        from appliance.collector.listener import Listener
        from appliance.collector.wsgi_app import StandIn
        if time.monotonic() < self._retry_at:
            return
        app = StandIn(Deposit(self.data_dir, Sides(self.live.current.capture.interface)), self.clock,
                      clock_is_set=self.clock_is_set)
        for port in self.ports:
            try:
                self._listener = Listener(app, self.data_dir, self.page_socket, port)
            except OSError as error:
                self.problem = f"ports {self.ports[0]} to {self.ports[-1]}: {error.strerror}: see ss -ltnp"
                continue
            self._app, self.problem, self._not_stored, self._hold_until = app, "", 0, 0.0
            log.info("the stand-in listens on port %d", self._listener.port)
            if (last := app.deposit.last_destination()):
                self._remember([last])
            return
        self._retry_at = time.monotonic() + RETRY_S
        log.warning("%s", self.problem)

    def _look_after_names(self) -> bool:
        from appliance.collector.name_server import Names
        if self._names is None:
            self._names = Names(free_names_port(NAMES_PORTS))
        return self._names.look_after()

    def _end_names(self) -> None:
        if self._names is not None:
            self._names.close()
            self._names = None

    def _end(self) -> None:
        self.problem = ""
        self._end_names()
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
                with connection.makefile("rb") as answer:
                    return answer.readline(LINE).startswith(b"HTTP/1.1 204 ")
        except OSError as error:
            log.warning("the stand-in does not answer: %s", error)
            return False

    def _beat(self, mode: str, wanted: dict[str, Any] | None) -> None:
        if not self.heartbeat.due():
            return
        app, counters = self._app, dict[str, int]()
        if app is not None and self._listener is not None:
            counters = {**app.counters, **self._listener.counters,
                        "names_restarts": max(0, self._names.restarts) if self._names else 0}
        self.heartbeat.beat(
            mode=mode, serving=app is not None, wanted=wanted, last_answer=app and app.last_answer,
            page_socket=str(self.page_socket), port=self._listener.port if self._listener else None, counters=counters,
            names=self._names.problem if self._names else "", clock_is_set=self.clock_is_set(),
            problem=self.problem or (app.deposit.problem if app else "") or self.live.problem)


def free_names_port(ports: Sequence[int]) -> int:
    """The first of `ports` that nobody has over UDP and TCP, as dnsmasq takes both; the first where all are taken."""
    for port in ports:
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)   # a connection that just ended is no server
            try:
                udp.bind(("0.0.0.0", port))
                tcp.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    return ports[0]
