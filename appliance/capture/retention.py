"""How much of the card the inbox may take, and the space kept aside so that there is always room to delete.

The bound is half of what the inbox has and the disk has left, at most MAX_INBOX_BYTES, and never so much that fewer
than MIN_FREE bytes stay free. What is beyond goes in this order: uploads of senders that nobody vouches for, then the
oldest that the supervisor process has taken in. What it has not taken in is the only copy and stays; then the inbox
refuses.
"""
import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

from appliance.store import inbox
from appliance.system.files import PRIVATE

MAX_INBOX_BYTES = 2 << 30       # as much as a backup can be restored with
MIN_FREE = 64 << 20             # bytes of the disk that the inbox leaves to the others
RESERVE_BYTES = 8 << 20         # of the file that goes when the disk is full: a DELETE writes to the log first
RESERVE = "reserve"
SMALL_DISK = 8                  # a disk of fewer than so many reserves and MIN_FREE is shared by parts of itself
STEP = 500                      # uploads deleted in one transaction
MAX_STEPS = 40                  # of them in one go: the loop that captures waits meanwhile


class Room:
    """The inbox's room on the disk of `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.limit = MAX_INBOX_BYTES

    def measure(self, conn: sqlite3.Connection) -> int:
        """Bytes by which the inbox is beyond its bound; 0 or less when it is within."""
        used, slack = inbox.sizes(conn)
        disk = shutil.disk_usage(self.data_dir)
        floor = min(MIN_FREE, disk.total // SMALL_DISK)
        self.limit = max(0, min(MAX_INBOX_BYTES, (used + slack + disk.free) // 2, used + slack + disk.free - floor))
        return used - self.limit

    def tidy(self, conn: sqlite3.Connection, ingested: int) -> tuple[int, bool]:
        """Delete what is beyond the bound and was taken in up to the id `ingested`: (uploads deleted, within now)."""
        gone = 0
        for _ in range(MAX_STEPS):
            if self.measure(conn) <= 0:
                self._keep_aside()
                return gone, True
            deleted = self._delete(conn, ingested)
            if not deleted:
                return gone, False
            gone += deleted
        return gone, self.measure(conn) <= 0

    def _delete(self, conn: sqlite3.Connection, ingested: int) -> int:
        try:
            return inbox.drop(conn, ingested, STEP)
        except sqlite3.Error as error:
            if getattr(error.__cause__ or error, "sqlite_errorname", "") != "SQLITE_FULL" or not self.release():
                raise
            return inbox.drop(conn, ingested, STEP)

    def release(self) -> bool:
        """Give the reserve to the disk; whether there was one."""
        with suppress(OSError):
            (self.data_dir / RESERVE).unlink()
            return True
        return False

    def _keep_aside(self) -> None:
        """Make the reserve, where the disk has room for more than that."""
        path = self.data_dir / RESERVE
        disk = shutil.disk_usage(self.data_dir)
        size = min(RESERVE_BYTES, disk.total // SMALL_DISK)
        if path.exists() or disk.free < 2 * size:
            return
        with suppress(OSError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
            try:
                os.posix_fallocate(descriptor, 0, size)
            except OSError:
                path.unlink()
            finally:
                os.close(descriptor)
