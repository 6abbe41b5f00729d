"""What an output remembers across a kill -9: JSON under its name, in the table `output`."""
import json
import sqlite3
from typing import Any


def get(conn: sqlite3.Connection, name: str, key: str) -> Any:
    """What output `name` put under `key`; None where there is nothing."""
    row = conn.execute("SELECT value FROM output WHERE name = ? AND key = ?", (name, key)).fetchone()
    return json.loads(row[0]) if row else None


def put(conn: sqlite3.Connection, name: str, key: str, value: Any) -> None:
    """Remember `value`, as part of the caller's transaction if there is one. An equal value writes nothing."""
    conn.execute("INSERT INTO output (name, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (name, key) DO UPDATE"
                 " SET value = ?3 WHERE value <> ?3", (name, key, json.dumps(value, sort_keys=True)))


def drop(conn: sqlite3.Connection, name: str, key: str) -> None:
    """Forget it."""
    conn.execute("DELETE FROM output WHERE name = ? AND key = ?", (name, key))
