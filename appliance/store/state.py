"""Small facts that outlive a process: the rows of table `state`, text under a name."""
import sqlite3


def get(conn: sqlite3.Connection, key: str, default: str | None = None) -> str | None:
    """The value of `key`, or `default` where there is none."""
    row = conn.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
    return row[0] if row else default


def put(conn: sqlite3.Connection, key: str, value: str) -> None:
    """Set `key`; part of the caller's transaction if there is one."""
    conn.execute("INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                 (key, value))


def drop(conn: sqlite3.Connection, key: str) -> None:
    """Forget `key`."""
    conn.execute("DELETE FROM state WHERE key = ?", (key,))
