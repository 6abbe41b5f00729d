"""The outbox: what PVOutput should hold, one row per system and status, and how far each one is.

    open → waiting → sent          a status that is complete waits, and is sent when PVOutput confirmed it
             ├→ refused            PVOutput does not take this value; its words are kept verbatim
             ├→ expired            the day is older than PVOutput takes; goes as a daily total instead
             └→ skipped            the owner does not want it sent

Here is what happens to a row once it is there; outbox_rows.py makes the rows. What a row was sent with and what it has
are compared at the moment of the answer, so a row that changed under way is sent again. `attempts` counts the times
the row's present values were put on the wire. Every statement that changes the table is in these two modules.
"""
import random
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from appliance.ledger import reads
from appliance.ledger.cadence import slot_seconds
from appliance.pvoutput import persisted
from appliance.pvoutput.rows import Values
from appliance.store import transaction

JITTER_S = (20, 60)      # a status is sent so long after its end; every box has its own fixed delay
AHEAD_S = 300            # a PVS clock may be ahead by so much and its slots still be believed
ENDS = "(time / :interval + 1) * :interval"  # SQL: when the status of outbox.time ends
OWNER_SKIPPED = "skipped by the owner"
REFUSALS = "refusals"       # the fact that bisect.is_over_budget keeps
COLUMNS = ", ".join(f"v{n}" for n in range(1, 13))
SAME = " AND ".join(f"v{n} IS ?" for n in range(1, 13))     # SQL: the row still has the values that were sent


@dataclass(frozen=True)
class Row:
    """An outbox row that waits."""

    time: int
    day: str
    values: Values
    attempts: int
    reason: str


def waiting_rows(conn: sqlite3.Connection, key: str, condition: str, parameters: Mapping[str, object]) -> list[Row]:
    """Rows of a system that wait, ascending; `condition` is SQL over the columns with named parameters."""
    return [Row(time, day, tuple(values), attempts, reason) for time, day, attempts, reason, *values in conn.execute(
        f"SELECT time, day, attempts, reason, {COLUMNS} FROM outbox"
        f" WHERE state = 'waiting' AND system = :key AND {condition} ORDER BY time", {**parameters, "key": key})]


def count_attempt(conn: sqlite3.Connection, key: str, times: Iterable[int]) -> None:
    """These rows' values are about to be put on the wire. From now on they may have arrived, whatever becomes of the
    reply: sent_at is 0, a moment that is not known, until there is one."""
    conn.executemany("UPDATE outbox SET attempts = attempts + 1, sent_at = coalesce(sent_at, 0)"
                     " WHERE system = ? AND time = ?",
                     [(key, time) for time in times])


def mark_sent(conn: sqlite3.Connection, key: str, rows: Sequence[Row], at: int) -> None:
    """PVOutput has these rows, with these values."""
    conn.executemany("UPDATE outbox SET state = 'sent', reason = '', sent_at = ? WHERE system = ? AND time = ?"
                     f" AND {SAME} AND state = 'waiting'", [(at, key, row.time, *row.values) for row in rows])


def set_aside(conn: sqlite3.Connection, key: str, rows: Iterable[Row], text: str) -> None:
    """PVOutput does not take these rows; one whose values changed meanwhile goes on waiting."""
    conn.executemany(f"UPDATE outbox SET state = 'refused', reason = ? WHERE system = ? AND time = ? AND {SAME}"
                     " AND state = 'waiting'", [(text, key, row.time, *row.values) for row in rows])


def reopen(conn: sqlite3.Connection, key: str, times: Iterable[int]) -> None:
    """PVOutput lacks these rows: they wait again."""
    conn.executemany("UPDATE outbox SET state = 'waiting', attempts = 0 WHERE system = ? AND time = ?",
                     [(key, time) for time in times])


def sent_rows(conn: sqlite3.Connection, key: str, day: str) -> list[tuple[int, Values]]:
    """(time, values) of a local day's rows that count as sent."""
    return [(time, tuple(values)) for time, *values in conn.execute(
        f"SELECT time, {COLUMNS} FROM outbox WHERE system = ? AND day = ? AND state = 'sent'", (key, day))]


def all_tried(conn: sqlite3.Connection, key: str, times: Sequence[int]) -> bool:
    """Whether all these rows wait and were put on the wire with the values that they have."""
    marks = ",".join("?" * len(times))
    (still,) = conn.execute("SELECT COUNT(*) FROM outbox WHERE state = 'waiting' AND attempts > 0 AND system = ?"
                            f" AND time IN ({marks})", (key, *times)).fetchone()
    return bool(still == len(times))


def jitter(store: sqlite3.Connection) -> int:
    """This box's delay in seconds between a status's end and its sending: drawn once, then kept."""
    seconds = persisted.get(store, "jitter")
    if seconds is None:
        seconds = random.randint(*JITTER_S)
        persisted.put(store, "jitter", seconds)
    return int(seconds)


def complete_until(store: sqlite3.Connection, now: float) -> float:
    """Statuses that end by this time are complete: jitter() after their end, or when a later slot exists.

    Slots of a PVS whose clock is far ahead complete nothing.
    """
    return max(reads.newest_slot(store, now + AHEAD_S) or 0, now - jitter(store))


def complete(store: sqlite3.Connection, now: float) -> None:
    """Let the rows wait to be sent whose status is complete."""
    store.execute(f"UPDATE outbox SET state = 'waiting' WHERE state = 'open' AND {ENDS} <= :until",
                  {"interval": slot_seconds(store), "until": complete_until(store, now)})


TOO_OLD = "older than"      # begins the reason of a row that expired by its age


def oldest_day(today: date, age_limit: int) -> str:
    """The oldest local day of which PVOutput still takes statuses."""
    return (today - timedelta(days=age_limit)).isoformat()


def expire(store: sqlite3.Connection, key: str, today: date, age_limit: int) -> int:
    """Set aside a system's unsent rows of days older than PVOutput takes; their days' totals are offered instead."""
    oldest = oldest_day(today, age_limit)
    store.execute("UPDATE outbox SET state = 'waiting', reason = '' WHERE system = ? AND state = 'expired' AND day >= ?"
                  " AND reason LIKE ? || '%'", (key, oldest, TOO_OLD))    # by a time that was wrong
    return expire_days(store, key, f"{TOO_OLD} {age_limit} days: PVOutput takes only the day's total", before=oldest)


def expire_days(store: sqlite3.Connection, key: str, reason: str, before: str = "", day: str = "") -> int:
    """Expire a system's unsent rows of all days before `before`, or of `day`."""
    chosen = "system = ? AND state IN ('open', 'waiting') AND (day < ? OR day = ?)"
    days = store.execute(f"SELECT DISTINCT system, day FROM outbox WHERE {chosen}", (key, before, day)).fetchall()
    store.executemany("INSERT INTO pvoutput_day (system, day, total_state) VALUES (?, ?, 'new')"
                      " ON CONFLICT (system, day) DO UPDATE SET total_state = 'new', total_attempts = 0", days)
    return store.execute(f"UPDATE outbox SET state = 'expired', reason = ? WHERE {chosen}",
                         (reason, key, before, day)).rowcount


def revive(store: sqlite3.Connection, key: str, today: date, age_limit: int) -> None:
    """A plan with a higher age limit: let a system's expired rows wait again."""
    store.execute("UPDATE outbox SET state = 'waiting', reason = '' WHERE system = ? AND state = 'expired'"
                  " AND day >= ?", (key, oldest_day(today, age_limit)))


def count_refusals_anew(conn: sqlite3.Connection, key: str) -> None:
    """Rows of a system are sent again for a reason of their own: what refusals cost before says nothing of them."""
    persisted.put(conn, persisted.name(REFUSALS, key), None)


def retry(conn: sqlite3.Connection, time: int, key: str = "") -> bool:
    """The owner wants a refused or skipped row sent after all. Its reason stays: it is sent alone."""
    with transaction(conn):
        count_refusals_anew(conn, key)
        return conn.execute("UPDATE outbox SET state = 'waiting', attempts = 0 WHERE system = ? AND time = ?"
                            " AND state IN ('refused', 'skipped')", (key, time)).rowcount == 1


def retry_all(conn: sqlite3.Connection, key: str = "") -> int:
    """The owner put right what PVOutput refused: all refused rows of a system wait again; how many."""
    with transaction(conn):
        count_refusals_anew(conn, key)
        return conn.execute("UPDATE outbox SET state = 'waiting', attempts = 0, reason = '' WHERE system = ?"
                            " AND state = 'refused'", (key,)).rowcount


def skip(conn: sqlite3.Connection, time: int, key: str = "") -> bool:
    """The owner does not want a row sent."""
    with transaction(conn):
        return conn.execute("UPDATE outbox SET state = 'skipped', reason = ? WHERE system = ? AND time = ?"
                            " AND state IN ('open', 'waiting', 'refused')", (OWNER_SKIPPED, key, time)).rowcount == 1


def resend_day(conn: sqlite3.Connection, day: str) -> int:
    """The owner wants a local day (YYYY-MM-DD) sent again, to every system: how many rows wait now."""
    with transaction(conn):
        conn.execute("UPDATE pvoutput_day SET checks = 0, checked = 0, missing = NULL WHERE day = ?", (day,))
        for (key,) in conn.execute("SELECT DISTINCT system FROM outbox WHERE day = ?", (day,)).fetchall():
            count_refusals_anew(conn, key)
        return conn.execute("UPDATE outbox SET state = 'waiting', reason = '', attempts = 0 WHERE day = ?"
                            " AND state IN ('sent', 'refused', 'expired')", (day,)).rowcount


def waiting(conn: sqlite3.Connection) -> int:
    """How much waits to be sent: rows, and the totals of days that are too old for rows."""
    return int(conn.execute(
        "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'waiting')"
        " + (SELECT COUNT(*) FROM pvoutput_day WHERE total_state IN ('new', 'missing', 'sent'))").fetchone()[0])


def first_open(conn: sqlite3.Connection) -> int | None:
    """The time of the oldest row whose status is not complete."""
    return conn.execute("SELECT MIN(time) FROM outbox WHERE state = 'open'").fetchone()[0]  # type: ignore[no-any-return]


def oldest_waiting_day(conn: sqlite3.Connection, key: str, before: float) -> str | None:
    """The oldest local day of which a row of the system waits; rows from `before` on do not count."""
    return conn.execute("SELECT MIN(day) FROM outbox WHERE state = 'waiting' AND system = ?"  # type: ignore[no-any-return]
                        " AND time < ?", (key, before)).fetchone()[0]


def row_counts(conn: sqlite3.Connection) -> int:
    """How many rows wait."""
    return int(conn.execute("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'").fetchone()[0])
