"""The capture process's way into the inbox: a bounded queue in front of a database that may refuse.

Invariants: uploads reach the inbox in the order they came; one leaves the queue when the inbox has it on disk, or,
counted, when the queue is at its bound and it is the oldest. Memory stays below max_bytes whatever the disk does.
"""
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from appliance.store import inbox, integrity
from appliance.system import heartbeat
from appliance.system.clock import Clock, is_set
from spcore.uploads import Upload

MAX_BYTES = 32 << 20        # of uploads held while the inbox refuses; counter inbox_lost
MAX_APPEND = 500            # uploads in one transaction
RETRY_S = 2.0               # before an inbox that refused is tried again
UPLOAD_OVERHEAD = 512       # bytes of an Upload beside its body, for the bound
PRUNE_S = 3600.0            # of the steady clock: at each multiple, so that a restart begins no hour anew
PRUNE_ROWS = 5000           # in one round: a transaction of a moment, whatever the settings change to

log = logging.getLogger(__name__)


class InboxWriter:
    """The only writer of inbox.sqlite3 in this process."""

    def __init__(self, data_dir: Path, clock: Clock, max_bytes: int = MAX_BYTES) -> None:
        self.data_dir, self.clock, self.max_bytes = data_dir, clock, max_bytes
        self.counters = {"inbox_stored": 0, "inbox_repeated": 0, "inbox_lost": 0, "inbox_errors": 0, "inbox_pruned": 0}
        self.last_us = 0        # packet time of the newest upload
        self.problem = ""       # why the inbox refuses right now
        self._queue: deque[Upload] = deque()
        self._bytes = 0
        self._retry_at = 0.0    # on the monotonic clock
        self._prune_at = _next_hour(clock)
        self._whole = False     # the file on disk was checked
        self._connection: sqlite3.Connection | None = None

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
        """Queue `uploads` and write what the inbox takes."""
        for upload in uploads:
            self.last_us = max(self.last_us, upload.captured_us)
            self._queue.append(upload)
            self._bytes += len(upload.body) + UPLOAD_OVERHEAD
        self.flush()
        while self._bytes > self.max_bytes:
            self._leave(1)
            self.counters["inbox_lost"] += 1

    def flush(self) -> None:
        """Write what waits; after a refusal no sooner than RETRY_S."""
        while self._queue and (not self.problem or time.monotonic() >= self._retry_at):
            batch = list(islice(self._queue, MAX_APPEND))
            try:
                new = inbox.append(self._open(), batch, is_guess=not is_set())
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
            self._bytes -= len(self._queue.popleft().body) + UPLOAD_OVERHEAD


def _next_hour(clock: Clock) -> float:
    return (clock.steady()[1] // PRUNE_S + 1) * PRUNE_S
