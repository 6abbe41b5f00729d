"""The two SQLite databases: opening and migrating them, and what is written to them as one piece.

inbox.sqlite3 (module inbox) holds what was captured, suntap.sqlite3 what is derived from it. Invariants: connections
are in autocommit mode, so what belongs together stands in `with transaction(conn)`: after kill -9 or a power cut all of
it is there or nothing (WAL, synchronous=FULL). Every failure is a StoreError of one line.
Modules: database (opening, migrating, transactions), inbox with bodies (their compressed form) and senders (who sent,
who counts), state (small facts), integrity (what is done with a damaged file). What is asked of the history stands in
appliance/history.
"""
import sqlite3
from pathlib import Path

from appliance.store.database import StoreError, open_database, transaction

__all__ = ["FILE", "StoreError", "connect", "transaction"]

FILE = "suntap.sqlite3"


def connect(data_dir: str | Path, readonly: bool = False) -> sqlite3.Connection:
    """suntap.sqlite3 in `data_dir`, made and migrated where that is needed. Raises StoreError."""
    return open_database(Path(data_dir) / FILE, "store", readonly)
