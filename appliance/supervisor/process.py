"""The supervisor process: inbox → readings → slots → outbox → PVOutput, and the owner's commands from the page.

Theory: one loop of short stages, each of which leaves the databases consistent. The next work is always read from the
databases, never remembered, so kill -9 between any two instructions costs at most repeated work. A stage that fails
reports it in the heartbeat, waits, and stops no other stage. Only one process per data directory does this: it holds
supervisor.lock, and `suntap import`, `push` and `rebuild` leave the work to it while the lock is held. The outputs to
the owner's other programs run beside the loop, in separate threads (appliance/outputs).
"""
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event

from appliance import ledger, store
from appliance.health import status
from appliance.health.log import Log
from appliance.outputs.contract import Facts
from appliance.outputs.runner import Runner
from appliance.pvoutput import poster
from appliance.settings.live import LiveSettings
from appliance.store import inbox, integrity
from appliance.store.database import explained
from appliance.supervisor import commands, pipeline
from appliance.system.clock import Clock, is_set
from appliance.system.files import try_lock
from appliance.system.heartbeat import Heartbeat
from appliance.system.sd_notify import notify

LOCK = "supervisor.lock"
INGEST_LIMIT = 2000     # uploads in one stage: commands and live posts run between two stages
IDLE_S = 1.0            # real seconds between two checks of an inbox with nothing new
CLOCK_S = 5.0           # between two checks whether the clock is set
FAILED_S = 15.0         # before a stage that failed is tried again
WAITING_S = 120.0       # after the start: an inbox that the capture process has not opened or migrated yet is no
                        # failure, since both may start at once and the capture process checks the file first
NOTICES_S = 300.0       # of the clock, between two looks at what is to be taken down in the log of notices
REFRESH_S = 30.0        # of the clock, between two checks for slots that have become complete

log = logging.getLogger(__name__)


def lock(data_dir: Path) -> AbstractContextManager[bool]:
    """Take the right to derive and post for this data directory: True inside the block, False if it is taken."""
    return try_lock(data_dir / LOCK)


class Supervisor:
    """Derives and posts for one data directory. step() does a bounded piece of work and returns the wait in seconds."""

    def __init__(self, live: LiveSettings, clock: Clock, heartbeat: Heartbeat | None = None,
                 outputs: Runner | None = None) -> None:
        self.live, self.clock, self.heartbeat, self.outputs = live, clock, heartbeat, outputs
        data_dir = live.current.store.data_dir
        self.store = store.connect(data_dir)
        self.inbox: sqlite3.Connection | None = None
        self._inbox_file = 0
        self.data_dir = data_dir
        self.counters = {"uploads": 0, "readings": 0, "requests": 0, "stage_errors": 0}
        self.problems: dict[str, str] = {}
        self._not_before: dict[str, float] = {}
        self._started = time.monotonic()
        self._refreshed = float("-inf")
        self._post_at = 0.0
        self._log, self._logged = Log(), clock.time()
        self._what = ""
        if outputs is not None:
            outputs.apply(live.current)

    def step(self) -> float:
        """Run every stage once. Returns the real seconds until the next step is due."""
        changed = self.live.refresh()
        if changed:
            log.info("settings changed: applied")
            self._post_at, self._refreshed = 0.0, float("-inf")
            if self.outputs is not None:
                self.outputs.apply(self.live.current)
        waits = [
            self._stage("commands", self._commands),
            self._stage("ingest", self._ingest),
            self._stage("post", self._post),
            self._stage("notices", self._notices),
        ]
        self.beat()
        return max(0.0, min(waits))

    def beat(self, *progress: object) -> None:
        """Report to systemd and the status page that work was done. Also the progress callback of long derivations."""
        if self.heartbeat is not None and self.heartbeat.due():
            problem = "; ".join([*self.problems.values(), self.live.problem]).strip("; ")
            self.heartbeat.beat(counters=self.counters, problem=problem, what=self._what, ingested=self._ingested(),
                                senders=self._decisions(), clock_is_set=is_set(),
                                outputs=self.outputs.status() if self.outputs else {})

    def _ingested(self) -> list[str | int] | None:
        """Return [inbox, id of the last upload ingested]: the capture process deletes no newer uploads."""
        try:
            return ledger.ingested(self.store)
        except sqlite3.Error:
            return None

    def _decisions(self) -> list[list[str]]:
        """Return the owner's decisions about senders: the capture process bounds the uploads it keeps of the others."""
        try:
            return ledger.decisions(self.store)
        except sqlite3.Error:
            return []

    def close(self) -> None:
        if self.outputs is not None:
            self.outputs.close()
        self.store.close()
        self._close_inbox()

    def _close_inbox(self) -> None:
        if self.inbox is not None:
            self.inbox.close()
            self.inbox = None

    def _stage(self, name: str, work: Callable[[], float]) -> float:
        """Run one stage. A failure is logged once, shown until the stage succeeds, and stops no other stage."""
        now = time.monotonic()
        if now < self._not_before.get(name, 0.0):
            return self._not_before[name] - now
        try:
            wait = work()
        except Exception as error:
            if getattr(error, "waiting", False) and now - self._started < WAITING_S:
                return IDLE_S
            if isinstance(error, sqlite3.Error) and explained(error, self.data_dir).damaged:
                self._close_inbox()  # if it is the inbox, the capture process sets it aside
                if integrity.damage(self.data_dir / store.FILE):
                    raise  # the next start sets the history aside and derives it anew
            self.counters["stage_errors"] += 1
            self._not_before[name] = now + FAILED_S
            text = f"{name}: {type(error).__name__}: {error}"
            if self.problems.get(name) != text:
                log.error("%s (going on with the rest, trying again)", text,
                          exc_info=not isinstance(error, sqlite3.Error | OSError))
            self.problems[name] = text
            return FAILED_S
        if self.problems.pop(name, None):
            log.info("%s: works again", name)
        return wait

    def _commands(self) -> float:
        if commands.run_waiting(commands.Work(self.store, self._inbox(), self.live.current, self.live.path,
                                            self.clock, self.beat)):
            self._post_at, self._refreshed = 0.0, float("-inf")
        return IDLE_S

    def _ingest(self) -> float:
        """Turn new uploads into slots, and put slots that are due into the outbox."""
        settings = self.live.current
        now = self.clock.time()
        due = abs(now - self._refreshed) >= REFRESH_S   # abs: the clock may be set back
        done = pipeline.derive(self._inbox(), self.store, settings, now, self.beat, INGEST_LIMIT, refresh=due)
        self.counters["uploads"] += done.uploads
        self.counters["readings"] += done.readings
        if due or done.days:
            self._refreshed = now
        if done.opened:
            self._post_at = 0.0
        return 0.0 if done.uploads or done.days else IDLE_S

    def _notices(self) -> float:
        """Take down what needs the owner, and what is over."""
        now = self.clock.time()
        if abs(now - self._logged) >= NOTICES_S:
            self._log.keep(self.store, _facts(self.live, self.clock), int(now))
            self._logged = now
        return IDLE_S

    def _post(self) -> float:
        """Make at most one request to PVOutput."""
        wait = self._post_at - time.monotonic()
        if wait > 0:
            return wait
        if not is_set():
            self._what = "waiting until the clock is set (NTP)"
            return CLOCK_S
        step = poster.step(self.store, self.live.current, self.clock)
        self.counters["requests"] += step.requested
        if step.requested or step.what != self._what:
            log.info("PVOutput: %s", step.what)
        if not step.requested:
            self._what = step.what
        wait = self.clock.sleep_seconds(step.wait_s)
        self._post_at = time.monotonic() + wait
        return wait

    def _inbox(self) -> sqlite3.Connection:
        """Return the inbox, read only; made empty if the capture process has not made it yet.

        Opened again if another file has its name: the capture process sets a damaged inbox aside.
        """
        path = self.data_dir / inbox.FILE
        if not path.exists() or path.stat().st_ino != self._inbox_file:
            self._close_inbox()
        if self.inbox is None:
            self.inbox = inbox.connect(self.data_dir, readonly=True)
            self._inbox_file = path.stat().st_ino
        return self.inbox


def run(live: LiveSettings, clock: Clock, stop: Event) -> bool:
    """Run steps until `stop` is set. Returns False if another process already does this work."""
    data_dir = live.current.store.data_dir
    with lock(data_dir) as alone:
        if not alone:
            return False
        integrity.check_store(data_dir, clock)
        outputs = Runner(data_dir, clock, lambda: _facts(live, clock))
        supervisor = Supervisor(live, clock, Heartbeat("supervisor", data_dir), outputs)
        notify("READY=1")
        try:
            while not stop.is_set():
                stop.wait(min(supervisor.step(), IDLE_S))
        finally:
            notify("STOPPING=1")
            supervisor.close()
    return True


def _facts(live: LiveSettings, clock: Clock) -> Facts:
    """Return lamps and notices for the outputs that report them."""
    return status.collect(live.current, clock).facts()
