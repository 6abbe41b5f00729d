"""How long a slot of the site is.

A slot is never shorter than the status interval that the site has at PVOutput (`status_interval`).
"""
import sqlite3

from appliance.store import state

STATUS_INTERVAL = "slot_seconds"    # key in state
DEFAULT_SLOT_SECONDS = 300          # the PVS's usual cadence, and PVOutput's finest status interval


def status_interval(store: sqlite3.Connection) -> int:
    """The shortest slot that is of use to the site, in seconds."""
    return int(state.get(store, STATUS_INTERVAL) or DEFAULT_SLOT_SECONDS)


def use_status_interval(store: sqlite3.Connection, seconds: int) -> None:
    """Let slots be at least `seconds` long; the next ingest derives every day again if that changes them."""
    state.put(store, STATUS_INTERVAL, str(seconds))


def slot_seconds(store: sqlite3.Connection) -> int:
    """The length of a slot in seconds."""
    return status_interval(store)
