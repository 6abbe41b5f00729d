"""Finding the one row for which PVOutput refused a whole batch, with few requests.

The suspects are rows known to contain a bad one. The server's words often name a value or a time: if exactly one
suspect has it, that row is tried alone first. Otherwise the earlier half is tried: accepted, its rows are sent
and the later half holds the bad row, without another question; refused, it holds it itself. The halves keep the
batch's order, so what depends on earlier rows (energy never falls) judges as it did in the whole batch. Darkness
depends on no other row and ends in the morning: there the last row is tried first and then the later half, so that
the last dark row is found and all before it share its cure; a batch that is all dark costs one trial.
When many rows are bad, batches shrink: each refused batch halves the size, each accepted one doubles it. One kind of
refusal may cost `budget` requests per local day of rows since it last taught a rule, or since rows are sent again for
another reason than a refusal (outbox.count_refusals_anew); then all suspects are set aside.
The search is kept across kill -9; rows that change meanwhile end it.
"""
import re
import sqlite3
from collections.abc import Sequence

from appliance.pvoutput import outbox, persisted
from appliance.pvoutput.replies import Kind

BRACKETS = re.compile(r"\[([^\[\]]+)\]")
MORE = 4                # requests beyond a binary search there and back: the batch itself, a row tried by its name
MAX_COUNTS = 64         # kinds and days whose requests are remembered


def begin(conn: sqlite3.Connection, key: str, times: Sequence[int], text: str, trials: int = 0) -> None:
    """The batch of these rows of a system was refused with `text`; so many parts of it were tried since."""
    persisted.put(conn, persisted.name("search", key), {"times": list(times), "text": text, "trials": trials})


def trials(conn: sqlite3.Connection, key: str) -> int:
    """How many parts of the refused batch were tried."""
    fact = persisted.get(conn, persisted.name("search", key))
    return int(fact.get("trials", 0)) if fact else 0


def end(conn: sqlite3.Connection, key: str) -> None:
    persisted.put(conn, persisted.name("search", key), None)


def cured(conn: sqlite3.Connection, key: str) -> None:
    """The cause is known and its rows are sent otherwise: whole batches again."""
    end(conn, key)
    persisted.put(conn, persisted.name("batch_rows", key), None)


def suspects(conn: sqlite3.Connection, key: str) -> list[int]:
    """The rows one of which is bad, ascending; empty where no search is on. Reads only."""
    fact = persisted.get(conn, persisted.name("search", key))
    if fact is None:
        return []
    return fact["times"] if outbox.all_tried(conn, key, fact["times"]) else []


def text(conn: sqlite3.Connection, key: str) -> str:
    """The server's words about the suspects."""
    fact = persisted.get(conn, persisted.name("search", key))
    return fact["text"] if fact else ""


def next_trial(rows: Sequence[dict[str, str]], text: str, from_end: bool = False, is_first: bool = False) -> slice:
    """Which of the suspects (two or more, as on the wire) to try next; `from_end`: to find the last bad one,
    `is_first`: nothing was tried yet."""
    for token in BRACKETS.findall(text):
        named = [at for at, row in enumerate(rows) if token in row.values()]
        if len(named) == 1:
            return slice(named[0], named[0] + 1)
    if from_end and is_first:
        return slice(len(rows) - 1, len(rows))
    return slice(len(rows) // 2, len(rows)) if from_end else slice(0, len(rows) // 2)


def narrow(times: Sequence[int], tried: Sequence[int], accepted: bool, from_end: bool = False) -> list[int]:
    """The suspects after a trial; one is the bad row, none: start again with the ordinary batches."""
    if not accepted:
        return list(tried)
    in_order = times[-len(tried):] if from_end else times[:len(tried)]
    if list(in_order) != list(tried):
        return []  # a row tried out of order changed what the others are judged by
    return [time for time in times if time not in tried]


def is_over_budget(conn: sqlite3.Connection, key: str, day: str, kind: Kind, most: int) -> bool:
    """Count one refusal of a kind; whether it was one more than a search among `most` rows may cost."""
    name = persisted.name(outbox.REFUSALS, key)
    counts = persisted.get(conn, name) or {}
    what = f"{day} {kind.value}"
    count = counts.pop(what, 0) + 1
    persisted.put(conn, name, dict([*counts.items(), (what, count)][-MAX_COUNTS:]))
    return bool(count > budget(most))


def learned(conn: sqlite3.Connection, key: str, day: str, kind: Kind) -> None:
    """The refusals of a kind taught a rule: those that follow are about what it does not reach."""
    name = persisted.name(outbox.REFUSALS, key)
    counts = persisted.get(conn, name) or {}
    if counts.pop(f"{day} {kind.value}", None) is not None:
        persisted.put(conn, name, counts)


def budget(most: int) -> int:
    """Refusals of one kind that finding rows among `most` may cost on one day of rows."""
    return 2 * max(1, (most - 1).bit_length()) + MORE


def batch_rows(conn: sqlite3.Connection, key: str, most: int) -> int:
    """How many rows to put into the next ordinary batch, at most `most`."""
    return min(most, persisted.get(conn, persisted.name("batch_rows", key)) or most)


def batch_ended(conn: sqlite3.Connection, key: str, rows: int, most: int, accepted: bool) -> None:
    """Grow or shrink the next batches."""
    name = persisted.name("batch_rows", key)
    if accepted:
        grown = 2 * (persisted.get(conn, name) or most)
        persisted.put(conn, name, grown if grown < most else None)
    elif rows > 1:
        persisted.put(conn, name, rows // 2)
