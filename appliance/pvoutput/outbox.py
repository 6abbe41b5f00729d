"""The outbox: what PVOutput should hold, one row per status, and how far each one is.

    open → waiting → sent          a status that is complete waits, and is sent when PVOutput confirmed it
             ├→ refused            PVOutput does not take this value; its words are kept verbatim
             ├→ expired            the day is older than PVOutput takes; goes as a daily total instead
             └→ skipped            the owner does not want it sent

Invariants: `refresh` is idempotent and makes the rows follow the slots, whatever state they are in; a row whose
value did not change is not sent again, one whose value did is, unless the owner skipped it. A field that became
unknown changes nothing: PVOutput keeps what it has. What a row was sent with and what it holds are
compared at the moment of the answer, so a row that changed under way is sent again.
`attempts` counts the times the row's present values were put on the wire.
"""
import random
import sqlite3
from collections.abc import Iterable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from appliance.ledger.cadence import status_interval
from appliance.ledger.derive import followed
from appliance.pvoutput import persisted
from appliance.pvoutput.rows import Base, Slot, Values, statuses
from appliance.settings import Settings
from appliance.store import transaction

JITTER_S = (20, 60)      # a status is sent so long after its end; every box has its own fixed delay
AHEAD_S = 300            # a PVS clock may be ahead by so much and its slots still be believed
ENDS = "(time / :interval + 1) * :interval"  # SQL: when the status of outbox.time ends
OWNER_SKIPPED = "skipped by the owner"


def refresh(store: sqlite3.Connection, settings: Settings, days: Iterable[str], now: float) -> int:
    """Make the outbox rows of these local days (YYYY-MM-DD) follow the slots; how many must be sent (again).

    The days are taken off the ledger's `changed_day`: outbox and slots agree on them. When zone, energy mode,
    consumption, system or interval changed since the last call, all days are done.
    `now` (Unix time) decides which rows are shown as complete; what is sent is decided by the server's time.
    """
    shape = _shape(store, settings)
    with transaction(store):
        before = persisted.get(store, "shape")
        moved = before is not None and [before[k] for k in ("zone", "system")] != [shape[k] for k in ("zone", "system")]
        if before != shape:
            persisted.put(store, "shape", shape)
            days = _all_days(store)
        days = sorted(set(days))
        changed = sum(_refresh_day(store, settings, day, moved) for day in days)
        followed(store, days)
        complete(store, now)
    return changed


def has_other_shape(store: sqlite3.Connection, settings: Settings) -> bool:
    """Whether the settings changed in a way that needs a refresh of all days."""
    return bool(persisted.get(store, "shape") != _shape(store, settings))


def _shape(store: sqlite3.Connection, settings: Settings) -> dict[str, object]:
    account = settings.pvoutput
    return {"zone": settings.site.timezone, "system": account.system_id, "energy": account.energy,
            "consumption": account.consumption, "interval": status_interval(store)}


def _all_days(store: sqlite3.Connection) -> list[str]:
    return [day for (day,) in store.execute("SELECT DISTINCT day FROM slot UNION SELECT DISTINCT day FROM outbox")]


def _refresh_day(store: sqlite3.Connection, settings: Settings, day: str, moved: bool) -> int:
    account = settings.pvoutput
    slots = [Slot(*row) for row in store.execute(
        "SELECT time, production_dwh, consumption_dwh, day_production_dwh, day_consumption_dwh, seconds, hole"
        " FROM slot WHERE day = ? ORDER BY time", (day,))]
    base = _base(store, day) if account.energy == "lifetime" and slots else None
    wanted = statuses(slots, ZoneInfo(settings.site.timezone), status_interval(store),
                      account.consumption, base)
    held: dict[int, tuple[str, str, Values]] = {}
    for time, row_day, state, *values in store.execute(
            "SELECT time, day, state, v1, v2, v3, v4 FROM outbox WHERE day = ?1"
            " UNION ALL SELECT o.time, o.day, o.state, o.v1, o.v2, o.v3, o.v4 FROM slot s JOIN outbox o USING (time)"
            " WHERE s.day = ?1 AND o.day <> ?1", (day,)):
        held[time] = (row_day, state, tuple(values))
    _drop(store, held, wanted, {slot.time for slot in slots})
    fresh, updated, reopened = [], [], []
    for time, values in wanted.items():
        if time not in held:
            fresh.append((time, day, *values))
            continue
        row_day, state, old = held[time]
        differs = any(new is not None and new != was for new, was in zip(values, old, strict=True))
        if (differs or moved or row_day != day) and state != "skipped":
            reopened.append((day, *values, time))
        elif values != old or row_day != day:
            updated.append((day, *values, time))
    store.executemany("INSERT INTO outbox (time, day, v1, v2, v3, v4, state) VALUES (?, ?, ?, ?, ?, ?, 'open')", fresh)
    store.executemany("UPDATE outbox SET day = ?, v1 = ?, v2 = ?, v3 = ?, v4 = ? WHERE time = ?", updated)
    store.executemany("UPDATE outbox SET day = ?, v1 = ?, v2 = ?, v3 = ?, v4 = ?, state = 'open', reason = '',"
                      " attempts = 0 WHERE time = ?", reopened)
    return len(fresh) + len(reopened)


def _drop(store: sqlite3.Connection, held: dict[int, tuple[str, str, Values]], wanted: dict[int, Values],
          slot_times: set[int]) -> None:
    """Rows whose place another slot has now, and unsent rows whose slot is gone."""
    gone = [(time,) for time, (_, state, _) in held.items() if time not in wanted
            and (time in slot_times or state in ("open", "waiting", "expired"))]
    store.executemany("DELETE FROM outbox WHERE time = ?", gone)


def _base(store: sqlite3.Connection, day: str) -> Base:
    """The lifetime counters at the day's start; once a row of the day was sent they stay what they were.

    All energy of a day is counted from there, also that of a hole before its first slot: so the day's first status
    is this base whichever slot is the first to be known, and PVOutput's zero of the day holds when earlier ones come.
    """
    row = store.execute("SELECT lifetime_production_dwh, lifetime_consumption_dwh FROM pvoutput_day WHERE day = ?1"
                        " AND lifetime_production_dwh NOT NULL AND EXISTS"
                        " (SELECT 1 FROM outbox WHERE day = ?1 AND (attempts > 0 OR sent_at NOT NULL))",
                        (day,)).fetchone()
    if row is None:
        row = store.execute("SELECT COALESCE(SUM(production_dwh), 0), COALESCE(SUM(consumption_dwh), 0)"
                            " FROM site_day WHERE day < ?", (day,)).fetchone()
        store.execute("INSERT INTO pvoutput_day (day, lifetime_production_dwh, lifetime_consumption_dwh)"
                      " VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE SET"
                      " lifetime_production_dwh = excluded.lifetime_production_dwh,"
                      " lifetime_consumption_dwh = excluded.lifetime_consumption_dwh", (day, *row))
    return Base(*row)


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
    (newest,) = store.execute("SELECT MAX(time) FROM slot WHERE time <= ?", (now + AHEAD_S,)).fetchone()
    return max(newest or 0, now - jitter(store))


def complete(store: sqlite3.Connection, now: float) -> None:
    """Let the rows wait to be sent whose status is complete."""
    store.execute(f"UPDATE outbox SET state = 'waiting' WHERE state = 'open' AND {ENDS} <= :until",
                  {"interval": status_interval(store), "until": complete_until(store, now)})


def oldest_day(today: date, age_limit: int) -> str:
    """The oldest local day of which PVOutput still takes statuses."""
    return (today - timedelta(days=age_limit)).isoformat()


def expire(store: sqlite3.Connection, today: date, age_limit: int) -> int:
    """Set aside the unsent rows of days older than PVOutput takes; their days' totals are offered instead."""
    oldest = oldest_day(today, age_limit)
    return expire_days(store, f"older than {age_limit} days: PVOutput takes only the day's total", before=oldest)


def expire_days(store: sqlite3.Connection, reason: str, before: str = "", day: str = "") -> int:
    """Expire unsent rows of all days before `before`, or of `day`."""
    chosen = "state IN ('open', 'waiting') AND (day < ? OR day = ?)"
    days = store.execute(f"SELECT DISTINCT day FROM outbox WHERE {chosen}", (before, day)).fetchall()
    store.executemany("INSERT INTO pvoutput_day (day, total_state) VALUES (?, 'new')"
                      " ON CONFLICT (day) DO UPDATE SET total_state = 'new', total_attempts = 0", days)
    return store.execute(f"UPDATE outbox SET state = 'expired', reason = ? WHERE {chosen}",
                         (reason, before, day)).rowcount


def revive(store: sqlite3.Connection, today: date, age_limit: int) -> None:
    """A plan with a higher age limit: let expired rows wait again."""
    store.execute("UPDATE outbox SET state = 'waiting', reason = '' WHERE state = 'expired' AND day >= ?",
                  (oldest_day(today, age_limit),))


def retry(conn: sqlite3.Connection, time: int) -> bool:
    """The owner wants a refused or skipped row sent after all. Its reason stays: it is sent alone."""
    with transaction(conn):
        return conn.execute("UPDATE outbox SET state = 'waiting', attempts = 0 WHERE time = ?"
                            " AND state IN ('refused', 'skipped')", (time,)).rowcount == 1


def skip(conn: sqlite3.Connection, time: int) -> bool:
    """The owner does not want a row sent."""
    with transaction(conn):
        return conn.execute("UPDATE outbox SET state = 'skipped', reason = ? WHERE time = ?"
                            " AND state IN ('open', 'waiting', 'refused')", (OWNER_SKIPPED, time)).rowcount == 1


def resend_day(conn: sqlite3.Connection, day: str) -> int:
    """The owner wants a local day (YYYY-MM-DD) sent again: how many rows wait now."""
    with transaction(conn):
        conn.execute("UPDATE pvoutput_day SET checks = 0, checked = 0 WHERE day = ?", (day,))
        return conn.execute("UPDATE outbox SET state = 'waiting', reason = '', attempts = 0 WHERE day = ?"
                            " AND state IN ('sent', 'refused', 'expired')", (day,)).rowcount


def waiting(conn: sqlite3.Connection) -> int:
    """How much waits to be sent: rows, and the totals of days that are too old for rows."""
    return int(conn.execute(
        "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'waiting')"
        " + (SELECT COUNT(*) FROM pvoutput_day WHERE total_state IN ('new', 'missing', 'sent'))").fetchone()[0])
