"""Small facts of the posting that outlive the process: rows of the store's `state` table, as JSON."""
import json
import sqlite3
from typing import Any

from appliance.store import state
from appliance.store.state import Namespaced

PREFIX = "pvoutput."


def name(fact: str, key: str) -> str:
    """The name of a fact of one system (targets.Target.key); the site's own system has the plain one."""
    return f"{fact}.{key}" if key else fact


def get(conn: sqlite3.Connection, fact: str) -> Any:
    """The fact, None where it was never put."""
    text = state.get(conn, Namespaced(PREFIX + fact))
    return None if text is None else json.loads(text)


def put(conn: sqlite3.Connection, fact: str, value: Any) -> None:
    """Write the fact; None removes it."""
    if value is None:
        state.drop(conn, Namespaced(PREFIX + fact))
    else:
        state.put(conn, Namespaced(PREFIX + fact), json.dumps(value))
