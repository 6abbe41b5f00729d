"""The capture process's way into the inbox: a bounded queue in front of a database that may refuse.

Invariants: uploads reach the inbox in the order they came; one leaves the queue when the inbox has it on disk, or,
counted, when the queue is at its bound and it is the oldest. Memory stays below max_bytes whatever the disk does.
What is no upload of a PVS (module origin) and what one sender sends beyond its rate never enters it; the inbox stays
within its room on the disk (module retention).
"""
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Sequence
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from appliance.capture.origin import Origin
from appliance.capture.rate import Rate
from appliance.capture.retention import Room
from appliance.store import inbox, integrity, trust
from appliance.store.database import StoreError
from appliance.system import heartbeat
from appliance.system.clock import Clock, is_set
from spcore.uploads import Upload

MAX_BYTES = 32 << 20        # of uploads held while the inbox refuses; counter inbox_lost
MAX_APPEND = 500            # uploads in one transaction
RETRY_S = 2.0               # before an inbox that refused is tried again
UPLOAD_OVERHEAD = 512       # bytes of an Upload beside its body, for the bound
PRUNE_S = 3600.0            # of the steady clock: at each multiple, so that a restart begins no hour anew
FOLLOW_S = 10.0             # between two looks at what the owner decided about senders
TIDY_S = 60.0               # between two looks at the inbox's size,
TIDY_BYTES = 4 << 20        # or after so many bytes of bodies
PRUNE_ROWS = 5000           # in one round: a transaction of a moment, whatever the settings change to

log = logging.getLogger(__name__)


class InboxWriter:
    """The only writer of inbox.sqlite3 in this process."""

    def __init__(self, data_dir: Path, clock: Clock, max_bytes: int = MAX_BYTES) -> None:
        self.data_dir, self.clock, self.max_bytes = data_dir, clock, max_bytes
        self.counters = {"inbox_stored": 0, "inbox_repeated": 0, "inbox_lost": 0, "inbox_errors": 0, "inbox_pruned": 0,
                         "inbox_dropped": 0, "not_to_collector": 0, "over_rate": 0, "over_lines": 0}
        self.origin = Origin()
        self.last_us = 0        # packet time of the newest upload
        self.problem = ""       # why the inbox refuses right now
        self._room, self.rate = Room(data_dir), Rate()
        self._pvs: frozenset[str] = frozenset()     # addresses of trusted senders, IP and hardware
        self._follow_at = self._tidy_at = 0.0       # on the monotonic clock
        self._untidy = 0        # bytes stored since the size was looked at
        self._queue: deque[tuple[Upload, trust.Arrival, bool]] = deque()   # True: the packet times are a guess
        self._was_set = is_set()
        self._bytes = 0
        self._retry_at = 0.0    # on the monotonic clock
        self._prune_at = _next_hour(clock)
        self._whole = False     # the file on disk was checked
        self._connection: sqlite3.Connection | None = None

    def listen_on(self, interface: str) -> None:
        """Judge uploads as of `interface` from now on."""
        if self.origin.interface != interface:
            self.origin.close()
            self.origin = Origin(interface)
            self._follow_at = 0.0

    def pending(self) -> int:
        """Uploads that are not on disk yet."""
        return len(self._queue)

    def start(self) -> None:
        """Open the inbox, checked and made where that is needed: damage is found now and not by the first upload."""
        try:
            self._open()
        except (sqlite3.Error, OSError) as error:
            self._refused(error)

    def take(self, uploads: Sequence[Upload]) -> None:
        """Queue `uploads` and write what the inbox takes.

        The clock of the moment counts, not that of the writing: a full disk may lie between. What is taken first after
        the clock was set came before that from the wire, and the packet times are still those of the guess.
        """
        is_now_set = is_set()
        is_guess, self._was_set = not (is_now_set and self._was_set), is_now_set
        for upload in uploads:
            size = len(upload.body) + UPLOAD_OVERHEAD
            arrival = self._judge(upload, size)
            if arrival is None:
                continue
            self.last_us = max(self.last_us, upload.captured_us)
            self._queue.append((upload, arrival, is_guess))
            self._bytes += size
        self.flush()
        while self._bytes > self.max_bytes:
            self._leave(1)
            self.counters["inbox_lost"] += 1

    def _judge(self, upload: Upload, size: int) -> trust.Arrival | None:
        """How `upload` came; None where it is not stored, counted."""
        mac = upload.source_mac
        arrival = self.origin.judge(upload)
        if arrival is None or {trust.host_of(upload.destination), upload.destination_mac} & self._pvs:
            self.counters["not_to_collector"] += 1
            return None
        if self.origin.interface:
            who = (mac or trust.host_of(upload.source)) + arrival.side    # a copied address has a bucket of its own
            lines = upload.body.count(b"\n") + 1
            if refused := self.rate.take(who, size, lines, time.monotonic()):
                self.counters[refused] += 1
                return None
        return arrival

    def flush(self) -> None:
        """Write what waits; after a refusal no sooner than RETRY_S."""
        while self._queue and (not self.problem or time.monotonic() >= self._retry_at):
            is_guess, alike = next(groupby(islice(self._queue, MAX_APPEND), itemgetter(2)))
            batch = list(alike)
            try:
                self._tidy()
                new = inbox.append(self._open(), [one for one, _, _ in batch], [how for _, how, _ in batch],
                                   is_guess=is_guess)
                self._untidy += sum(len(one.body) for one, _, _ in batch)
            except (sqlite3.Error, OSError) as error:
                self._refused(error)
                return
            if self.problem:
                log.info("inbox: can be written again")
            self.problem = ""
            self.counters["inbox_stored"] += new
            self.counters["inbox_repeated"] += len(batch) - new
            self._leave(len(batch))

    def prune(self, keep_days: int) -> None:
        """Once an hour: delete uploads that arrived more than `keep_days` of capturing ago and are ingested.

        What the supervisor process did not take in yet is the only copy: where it does not run, nothing is deleted.
        """
        if self.clock.steady()[1] < self._prune_at:
            return
        self._prune_at = _next_hour(self.clock)
        try:
            connection = self._open()
            self.counters["inbox_pruned"] += inbox.prune(connection, keep_days * 24, self._ingested(connection),
                                                         PRUNE_ROWS)
        except (sqlite3.Error, OSError) as error:
            self._refused(error)

    def follow(self) -> None:
        """Every FOLLOW_S: note what the owner decided about senders, as the supervisor process's heartbeat says it."""
        if time.monotonic() < self._follow_at:
            return
        self._follow_at = time.monotonic() + FOLLOW_S
        try:
            connection = self._open()
            known = heartbeat.read("supervisor", self.data_dir) or {}
            trust.follow(connection, trust.decisions_of(known.get("senders")))
            self._pvs = trust.addresses(connection)
            self.origin.trusted = trust.stations(connection)
        except (sqlite3.Error, OSError) as error:
            self._refused(error)

    def _tidy(self) -> None:
        """Keep the inbox within its room. Raises StoreError when nothing can be deleted and it is beyond it."""
        now = time.monotonic()
        if now < self._tidy_at and self._untidy < TIDY_BYTES:
            return
        connection = self._open()
        gone, within = self._room.tidy(connection, self._ingested(connection))
        self.counters["inbox_dropped"] += gone
        if not within:
            raise StoreError(f"its bound of {self._room.limit >> 20} MiB is reached and nothing in it can go yet: free"
                             " some space or use a larger card")
        self._tidy_at, self._untidy = now + TIDY_S, 0

    def _ingested(self, connection: sqlite3.Connection) -> int:
        """The id up to which the supervisor process has taken in this inbox, as its heartbeat says; 0: not known."""
        last = heartbeat.read("supervisor", self.data_dir)
        known = last.get("ingested") if last else None
        match known:
            case [str() as which, int() as number] if which == inbox.identity(connection)[0]:
                return number
        return 0

    def close(self) -> None:
        """Let go of the database; the next write opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if not self._whole:
                integrity.check_inbox(self.data_dir, self.clock)
                self._whole = True
            self._connection = inbox.connect(self.data_dir)
        return self._connection

    def _refused(self, error: Exception) -> None:
        if not self.problem:
            log.warning("inbox: %s: uploads wait in memory until it can be written", error)
        self.problem = f"the inbox cannot be written: {error}"
        self.counters["inbox_errors"] += 1
        self._retry_at = time.monotonic() + RETRY_S
        self._whole = self._whole and not getattr(error, "damaged", False)
        self.close()

    def _leave(self, count: int) -> None:
        for _ in range(count):
            self._bytes -= len(self._queue.popleft()[0].body) + UPLOAD_OVERHEAD


def _next_hour(clock: Clock) -> float:
    return (clock.steady()[1] // PRUNE_S + 1) * PRUNE_S
