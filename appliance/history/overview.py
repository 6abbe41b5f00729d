"""Counts over the whole history, for the status: each a question that an index or a small table answers."""
import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Overview:
    """Devices by kind; when an inverter or meter was last heard (UTC seconds, None: never); the PVS heard last as
    (serial, model, last seen), None before one was heard."""

    devices: dict[str, int]
    last_reading: int | None
    pvs: tuple[str, str, int] | None


def overview(conn: sqlite3.Connection) -> Overview:
    """What is there. Raises sqlite3.Error."""
    devices = dict(conn.execute("SELECT kind, count(*) FROM counted_device GROUP BY kind").fetchall())
    last = conn.execute("SELECT max(last_seen) FROM counted_device WHERE kind IN ('inverter', 'meter')").fetchone()[0]
    pvs = conn.execute("SELECT serial, model, last_seen FROM counted_device WHERE kind = 'pvs'"
                       " ORDER BY last_seen DESC LIMIT 1").fetchone()
    return Overview(devices, last, pvs)
