"""The counter readings of a device, from the store: those whose counter is known, by time.

Columns cross from SQLite as one text each, which costs two thirds of what a row for each reading does (SQLite keeps a
subquery's order for this aggregate); devices of a roof are read at the same times, so that column is read once for all
of them.
"""
import json
import sqlite3
from functools import lru_cache

from appliance.ledger.devices import Device
from appliance.ledger.folded import Point, Points

KNOWN = "FROM reading WHERE device = ? AND number = ? AND time BETWEEN ? AND ? AND energy_dwh NOT NULL ORDER BY time"


def between(store: sqlite3.Connection, device: Device, first: int, last: int) -> Points:
    """The readings of the times from `first` to `last`, both included."""
    times, counters = store.execute("SELECT json_group_array(time), json_group_array(energy_dwh)"
                                    f" FROM (SELECT time, energy_dwh {KNOWN})",
                                    (device.id, device.number, first, last)).fetchone()
    return Points(_times(times), json.loads(counters))


def first_between(store: sqlite3.Connection, device: Device, first: int, last: int) -> Point | None:
    """The earliest of them."""
    point: Point | None = store.execute(f"SELECT time, energy_dwh {KNOWN} LIMIT 1",
                                        (device.id, device.number, first, last)).fetchone()
    return point


@lru_cache(maxsize=8)
def _times(text: str) -> tuple[int, ...]:
    return tuple(json.loads(text))
