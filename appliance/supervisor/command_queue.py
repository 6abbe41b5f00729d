"""The owner's commands from the page or the command line: rows of the table `command`, for the supervisor process.

Who asks inserts a row and looks for its result; module commands carries it out. Here is nothing of what that takes: the
page asks, and would hold all of it in memory.
"""
import json
import sqlite3
from typing import Any

from appliance.system.clock import Clock


def submit(store: sqlite3.Connection, clock: Clock, name: str, argument: dict[str, Any] | None = None) -> int:
    """Put a command in the queue and return its id."""
    row = store.execute("INSERT INTO command (created, name, argument) VALUES (?, ?, ?)",
                        (int(clock.time()), name, json.dumps(argument or {})))
    assert row.lastrowid is not None
    return row.lastrowid


def result(store: sqlite3.Connection, number: int) -> dict[str, Any] | None:
    """Return the result of command `number`; None while it is not finished. Raises KeyError if there is no such one."""
    row = store.execute("SELECT finished, result FROM command WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise KeyError(number)
    return None if row[0] is None else json.loads(row[1])


def waits(store: sqlite3.Connection, name: str) -> bool:
    """Return True if a command of this name is not finished."""
    found = store.execute("SELECT 1 FROM command WHERE name = ? AND finished IS NULL LIMIT 1", (name,))
    return found.fetchone() is not None
