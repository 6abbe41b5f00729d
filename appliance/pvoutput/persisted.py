"""Small facts of the posting that outlive the process: rows of the store's `state` table, as JSON."""
import json
import sqlite3
from typing import Any

from appliance.store import state

PREFIX = "pvoutput."


def get(conn: sqlite3.Connection, name: str) -> Any:
    """The fact `name`, None where it was never put."""
    text = state.get(conn, PREFIX + name)
    return None if text is None else json.loads(text)


def put(conn: sqlite3.Connection, name: str, value: Any) -> None:
    """Write the fact `name`; None removes it."""
    if value is None:
        state.drop(conn, PREFIX + name)
    else:
        state.put(conn, PREFIX + name, json.dumps(value))
