"""Small facts of the posting that outlive the process: rows of the store's `state` table, as JSON."""
import json
import sqlite3
from typing import Any

from appliance.store import state

PREFIX = "pvoutput."
SLOT_SECONDS = "slot_seconds"  # the status interval, read by the ledger too; without the prefix
DEFAULT_SLOT_SECONDS = 300


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


def slot_seconds(conn: sqlite3.Connection) -> int:
    """The site's status interval in seconds, as getsystem told it."""
    return int(state.get(conn, SLOT_SECONDS) or DEFAULT_SLOT_SECONDS)


def put_slot_seconds(conn: sqlite3.Connection, seconds: int) -> None:
    """The ledger's slots are so long from now on."""
    state.put(conn, SLOT_SECONDS, str(seconds))
