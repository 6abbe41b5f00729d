"""Finding the one row for which PVOutput refused a whole batch, with few requests.

The suspects are rows known to contain a bad one. The server's words often name a value or a time: if exactly one
suspect has it, that row is tried alone first. Otherwise the earlier half is tried: accepted, its rows are sent
and the later half holds the bad row, without another question; refused, it holds it itself. The halves keep the
batch's order, so what depends on earlier rows (energy never falls) judges as it did in the whole batch.
When many rows are bad, batches shrink: each refused batch halves the size, each accepted one doubles it.
The search is kept across kill -9; rows that change meanwhile end it.
"""
import re
import sqlite3
from collections.abc import Sequence

from appliance.pvoutput import persisted

BRACKETS = re.compile(r"\[([^\[\]]+)\]")


def begin(conn: sqlite3.Connection, times: Sequence[int], text: str) -> None:
    """The batch of these rows was refused with `text`."""
    persisted.put(conn, "search", {"times": list(times), "text": text})


def end(conn: sqlite3.Connection) -> None:
    persisted.put(conn, "search", None)


def suspects(conn: sqlite3.Connection) -> list[int]:
    """The rows one of which is bad, ascending; empty where no search is on. Reads only."""
    fact = persisted.get(conn, "search")
    if fact is None:
        return []
    marks = ",".join("?" * len(fact["times"]))
    (still,) = conn.execute(f"SELECT COUNT(*) FROM outbox WHERE state = 'waiting' AND attempts > 0"
                            f" AND time IN ({marks})", fact["times"]).fetchone()
    return fact["times"] if still == len(fact["times"]) else []


def text(conn: sqlite3.Connection) -> str:
    """The server's words about the suspects."""
    fact = persisted.get(conn, "search")
    return fact["text"] if fact else ""


def next_trial(rows: Sequence[dict[str, str]], text: str) -> slice:
    """Which of the suspects (two or more, as on the wire) to try next."""
    for token in BRACKETS.findall(text):
        named = [at for at, row in enumerate(rows) if token in row.values()]
        if len(named) == 1:
            return slice(named[0], named[0] + 1)
    return slice(0, len(rows) // 2)


def narrow(times: Sequence[int], tried: Sequence[int], accepted: bool) -> list[int]:
    """The suspects after a trial; one is the bad row, none: start again with the ordinary batches."""
    if not accepted:
        return list(tried)
    if list(times[:len(tried)]) != list(tried):
        return []  # a row tried out of order changed what the others are judged by
    return [time for time in times if time not in tried]


def batch_rows(conn: sqlite3.Connection, most: int) -> int:
    """How many rows to put into the next ordinary batch, at most `most`."""
    return min(most, persisted.get(conn, "batch_rows") or most)


def batch_ended(conn: sqlite3.Connection, rows: int, most: int, accepted: bool) -> None:
    """Grow or shrink the next batches."""
    if accepted:
        grown = 2 * (persisted.get(conn, "batch_rows") or most)
        persisted.put(conn, "batch_rows", grown if grown < most else None)
    elif rows > 1:
        persisted.put(conn, "batch_rows", rows // 2)
