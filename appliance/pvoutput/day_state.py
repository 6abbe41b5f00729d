"""What is known of a local day at a system of PVOutput: table pvoutput_day. Whether its rows were checked, and how far
its total is where it is too old for rows (totals.py). Every statement that changes the table for these is here.
"""
import sqlite3
from collections.abc import Sequence
from datetime import date, timedelta

MOST_CHECKS = 2         # questions about one day; then what the site does not keep is not sent again


def count_check(conn: sqlite3.Connection, key: str, day: str, missing: int | None) -> bool:
    """The site was asked for a day and lacked `missing` rows (None: it would not tell); whether to send them again.

    A day is checked when nothing was missing, or when it was asked for often enough.
    """
    conn.execute("INSERT INTO pvoutput_day (system, day) VALUES (?, ?) ON CONFLICT DO NOTHING", (key, day))
    (checks,) = conn.execute("UPDATE pvoutput_day SET checks = checks + 1, missing = ?1,"
                             " checked = MAX(checked, ?2, checks + 1 >= ?3) WHERE system = ?4 AND day = ?5"
                             " RETURNING checks", (missing, not missing, MOST_CHECKS, key, day)).fetchone()
    return bool(missing) and checks <= MOST_CHECKS


def uncheck(conn: sqlite3.Connection, key: str, among: Sequence[str]) -> None:
    """What the site told of these days says nothing any more: they are asked for again."""
    conn.executemany("UPDATE pvoutput_day SET checks = 0, checked = 0, missing = NULL WHERE system = ? AND day = ?",
                     [(key, day) for day in among])


def unchecked(conn: sqlite3.Connection, key: str, first: str, end: str) -> str | None:
    """The newest day from `first` on and before `end` that has sent rows, none that wait, and was not checked yet."""
    row = conn.execute(
        "SELECT day FROM outbox LEFT JOIN pvoutput_day USING (system, day) WHERE system = ? AND day >= ? AND day < ?"
        " AND COALESCE(checked, 0) = 0 GROUP BY day"
        " HAVING SUM(state IN ('open', 'waiting')) = 0 AND SUM(state = 'sent') > 0 ORDER BY day DESC LIMIT 1",
        (key, first, end)).fetchone()
    return row[0] if row else None


def total_states(conn: sqlite3.Connection, key: str) -> set[str]:
    """The states in which totals of the system wait for something."""
    return {state for (state,) in conn.execute(
        "SELECT DISTINCT total_state FROM pvoutput_day WHERE system = ? AND total_state IN ('new', 'missing', 'sent')",
        (key,))}


def in_state(conn: sqlite3.Connection, key: str, state: str, span: int) -> list[tuple[str, int]]:
    """(day, attempts) of the newest totals in `state` that lie within `span` days, ascending."""
    (newest,) = conn.execute("SELECT MAX(day) FROM pvoutput_day WHERE system = ? AND total_state = ?",
                             (key, state)).fetchone()
    first = (date.fromisoformat(newest) - timedelta(days=span - 1)).isoformat()
    return conn.execute("SELECT day, total_attempts FROM pvoutput_day WHERE system = ? AND total_state = ?"
                        " AND day >= ? ORDER BY day", (key, state, first)).fetchall()


def set_total(conn: sqlite3.Connection, key: str, day: str, state: str, reason: str) -> None:
    """How far a day's total is; "": it is not offered any more."""
    conn.execute("UPDATE pvoutput_day SET total_state = ?, total_reason = ? WHERE system = ? AND day = ?",
                 (state, reason, key, day))


def count_total(conn: sqlite3.Connection, key: str, day: str, generated_wh: int | None,
                consumed_wh: int | None) -> None:
    """A day's total is about to be put on the wire."""
    conn.execute("UPDATE pvoutput_day SET total_attempts = total_attempts + 1, total_v1 = ?, total_v3 = ?"
                 " WHERE system = ? AND day = ?", (generated_wh, consumed_wh, key, day))
