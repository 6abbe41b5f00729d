"""The stand-in's way into the inbox: an upload is answered only after it is on disk in the inbox that counts.

The inbox has two writers, this and the capture process, both of the same user and both through inbox.append, which
is unique by content: an upload that both see is stored once. The capture process alone checks, mends and prunes the
file. While it sets a damaged one aside, what is written may go to the file that was renamed. So the file is
compared by inode before and after each write, and a damaged one is never opened: then the upload is not stored, and
the PVS repeats it.
"""
import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from appliance.store import inbox, integrity
from appliance.store.database import StoreError
from appliance.store.trust import STAND_IN, arrival_from
from appliance.system.bridge import Sides
from spcore.uploads import Upload

log = logging.getLogger(__name__)


class Deposit:
    """Writes uploads, one transaction each; any thread may call it."""

    def __init__(self, data_dir: Path, sides: Sides | None = None) -> None:
        self.path = data_dir / inbox.FILE
        self.sides = sides or Sides("")
        self.problem = ""       # why the last upload was not stored
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def store(self, upload: Upload) -> bool:
        """Commit `upload`; whether it was new. Raises StoreError or OSError when it is not on disk afterwards."""
        with self._lock:
            try:
                arrival = arrival_from(self.sides.of(upload.source_mac), STAND_IN)
                new = bool(inbox.append(self._open(), [upload], arrival))
                if self.path.stat().st_ino != self._inode:
                    raise StoreError(f"{self.path}: was replaced during the write")
            except (sqlite3.Error, OSError) as error:
                self._close()
                if not self.problem:
                    log.warning("inbox: %s: no upload is answered until it can be written", error)
                self.problem = str(error)
                raise
            if self.problem:
                log.info("inbox: can be written again")
            self.problem = ""
            return new

    def last_destination(self) -> str:
        """The address that the newest upload in the inbox was meant for: the collector's; "" where there is none."""
        try:
            with closing(inbox.connect(self.path.parent, readonly=True)) as connection:
                return next((upload.destination.rpartition(":")[0] for _, upload in inbox.newest(connection, 1)), "")
        except (sqlite3.Error, OSError):
            return ""

    def close(self) -> None:
        """Let go of the file; the next upload opens it again."""
        with self._lock:
            self._close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and (not self.path.exists() or self.path.stat().st_ino != self._inode):
            self._close()
        if self._connection is None:
            if problem := integrity.damage(self.path):
                raise StoreError(f"{self.path}: damaged ({problem}): the capture process sets it aside", damaged=True)
            self._connection = inbox.connect(self.path.parent)
            self._inode = self.path.stat().st_ino
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
