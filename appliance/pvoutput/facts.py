"""Small facts of the posting that outlive the process: rows of the store's `state` table, as JSON.

Whatever must survive kill -9 together is written inside one `transaction`.
"""
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PREFIX = "pvoutput."
SLOT_SECONDS = "slot_seconds"  # the status interval, read by the ledger too; without the prefix
DEFAULT_SLOT_SECONDS = 300


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; inside an open transaction, a part of that one."""
    nested = conn.in_transaction
    conn.execute("SAVEPOINT pvoutput" if nested else "BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if nested:
            conn.execute("ROLLBACK TO pvoutput")
            conn.execute("RELEASE pvoutput")
        else:
            conn.execute("ROLLBACK")
        raise
    conn.execute("RELEASE pvoutput" if nested else "COMMIT")


def get(conn: sqlite3.Connection, name: str) -> Any:
    """The fact `name`, None where it was never put."""
    row = conn.execute("SELECT value FROM state WHERE key = ?", (PREFIX + name,)).fetchone()
    return json.loads(row[0]) if row else None


def put(conn: sqlite3.Connection, name: str, value: Any) -> None:
    """Write the fact `name`; None removes it."""
    if value is None:
        conn.execute("DELETE FROM state WHERE key = ?", (PREFIX + name,))
        return
    conn.execute("INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                 (PREFIX + name, json.dumps(value)))


def slot_seconds(conn: sqlite3.Connection) -> int:
    """The site's status interval in seconds, as getsystem told it."""
    row = conn.execute("SELECT value FROM state WHERE key = ?", (SLOT_SECONDS,)).fetchone()
    return int(row[0]) if row else DEFAULT_SLOT_SECONDS


def put_slot_seconds(conn: sqlite3.Connection, seconds: int) -> None:
    conn.execute("INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                 (SLOT_SECONDS, str(seconds)))
