"""Small facts that outlive a process: the rows of table `state`, text under a name."""
import sqlite3
from enum import StrEnum
from typing import NewType


class Key(StrEnum):
    """Names of facts; behind each, the room that writes it and the form of its text."""

    INBOX_CURSOR = "inbox_cursor"       # ledger: id of the last upload that was taken in
    INBOX_IDENTITY = "inbox_identity"   # ledger: of the inbox that the cursor belongs to, hexadecimal
    INBOX_NOTE = "inbox_note"           # ledger: why that inbox was made anew, a sentence
    LINES = "lines"                     # ledger: JSON, {what a line was: how many}
    PVS_CLOCK = "pvs_clock"             # ledger: JSON, [packet time, seconds that the PVS's clock was ahead]
    HORIZON = "horizon"                 # ledger: record time up to which readings count, UTC seconds
    REBUILDING = "rebuilding"           # ledger: "1" while a rebuild takes uploads in again
    FAILING_UPLOAD = "failing_upload"   # ledger: "id tries" of an upload that cannot be taken in
    DERIVED_WITH = "derived_with"       # ledger: JSON, the settings that the slots were derived with
    NET_SIGN = "net_sign"               # ledger: "+" or "-"
    NET_TURNS = "net_turns"             # ledger: JSON, the days from which the other sign held; NET_SIGN is the newest
    METER_KIND = "meter_kind"           # ledger: "net" or "consumption"
    RULES_CHANGED = "rules_changed"     # ledger: JSON, what new rules changed in the history
    UNSETTLED = "unsettled"             # ledger: "1" while a day was derived and nothing was settled since
    STATUS_INTERVAL = "slot_seconds"    # ledger: length of the site's slots, seconds
    STORE_NOTE = "store_note"           # store.integrity: why the history was made anew, a sentence


Namespaced = NewType("Namespaced", str)
"""A name below a prefix that one room owns: pvoutput.persisted has "pvoutput."."""

def get(conn: sqlite3.Connection, key: Key | Namespaced, default: str | None = None) -> str | None:
    """The value of `key`, or `default` where there is none."""
    row = conn.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
    return row[0] if row else default


def put(conn: sqlite3.Connection, key: Key | Namespaced, value: str) -> None:
    """Set `key`; part of the caller's transaction if there is one."""
    conn.execute("INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                 (key, value))


def drop(conn: sqlite3.Connection, key: Key | Namespaced) -> None:
    """Forget `key`."""
    conn.execute("DELETE FROM state WHERE key = ?", (key,))
