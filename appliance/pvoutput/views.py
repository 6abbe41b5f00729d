"""What the page, the status and the API read about the posting. Reads only."""
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta

from appliance.pvoutput import account, pauses, persisted, quota, servertime
from appliance.settings import Settings
from appliance.system.clock import Clock

WARN_DAYS = 2  # before a row expires


@dataclass(frozen=True)
class DayState:
    """Rows of one local day by state; `total_state` tells of a day too old for rows (totals.py)."""

    day: str
    recorded: int
    sent: int
    waiting: int      # open rows included
    refused: int
    expired: int
    skipped: int
    total_state: str  # "", "new", "missing", "sent", "done", "refused"
    total_reason: str


@dataclass(frozen=True)
class Refused:
    """A row that PVOutput did not take, `reason` in its words. Values in Wh, W, Wh, W."""

    time: int
    day: str
    v1: int | None
    v2: int | None
    v3: int | None
    v4: int | None
    reason: str


@dataclass(frozen=True)
class Unsent:
    """The oldest row that waits; `last_day` is the last local date on which PVOutput takes it."""

    time: int
    day: str
    last_day: date
    expires_soon: bool


@dataclass(frozen=True)
class QuotaView:
    """The hour's requests and why nothing is sent at the moment ("" while something may be)."""

    limit: int
    used: int
    reserve: int
    pause: str
    pause_kind: str
    pause_left_s: float


def day_states(conn: sqlite3.Connection, limit: int = 100) -> list[DayState]:
    """The newest `limit` days that have rows, newest first."""
    states = ("state = 'sent'", "state IN ('open', 'waiting')", "state = 'refused'", "state = 'expired'",
              "state = 'skipped'")
    sums = ", ".join(f"SUM({state})" for state in states)
    return [DayState(*row) for row in conn.execute(
        f"SELECT outbox.day, COUNT(*), {sums}, COALESCE(total_state, ''), COALESCE(total_reason, '')"
        " FROM outbox LEFT JOIN pvoutput_day USING (day) GROUP BY outbox.day ORDER BY outbox.day DESC LIMIT ?",
        (limit,))]


def refused(conn: sqlite3.Connection, limit: int = 200) -> list[Refused]:
    """Refused rows, newest first."""
    return [Refused(*row) for row in conn.execute(
        "SELECT time, day, v1, v2, v3, v4, reason FROM outbox WHERE state = 'refused' ORDER BY time DESC LIMIT ?",
        (limit,))]


def oldest_unsent(conn: sqlite3.Connection, settings: Settings, today: date) -> Unsent | None:
    """The oldest row that waits and when it expires; `today`: the local date."""
    row = conn.execute("SELECT time, day FROM outbox WHERE state = 'waiting' ORDER BY time LIMIT 1").fetchone()
    if row is None:
        return None
    known = account.known(conn, settings.pvoutput)
    age_limit = known.age_limit if known else account.AGE_LIMIT_DAYS[False]
    last = date.fromisoformat(row[1]) + timedelta(days=age_limit)
    return Unsent(row[0], row[1], last, last - today <= timedelta(days=WARN_DAYS))


def quota_view(conn: sqlite3.Connection, settings: Settings, clock: Clock) -> QuotaView:
    """Requests used and left, and the pause that holds."""
    now = servertime.read(conn, clock)
    window, pause = quota.window(conn, now), pauses.current(conn, now)
    return QuotaView(window.limit, window.used, settings.pvoutput.reserve, pause.text if pause else "",
                     pause.kind if pause else "", pause.left_s if pause else 0.0)


def last_success(conn: sqlite3.Connection) -> int | None:
    """When PVOutput last took rows (its Unix time), None before the first time."""
    seconds = persisted.get(conn, "last_success")
    return None if seconds is None else int(seconds)


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows of the outbox by state, days whose total was refused, and times (UTC seconds, None where there are none) of
    the oldest row that waits and of the newest answer."""

    by_state: dict[str, int]
    totals_refused: int
    oldest_waiting: int | None
    last_sent: int | None


def row_counts(conn: sqlite3.Connection) -> RowCounts:
    """How far the outbox is. Raises sqlite3.Error."""
    one = conn.execute
    return RowCounts(
        dict(one("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()),
        one("SELECT count(*) FROM pvoutput_day WHERE total_state = 'refused'").fetchone()[0],
        one("SELECT min(time) FROM outbox WHERE state = 'waiting'").fetchone()[0],
        one("SELECT max(sent_at) FROM outbox").fetchone()[0])


def held(conn: sqlite3.Connection) -> str:
    """PVOutput's words where it took rows for future ones within the last hour, else ""."""
    fact, anchor = persisted.get(conn, "held"), persisted.get(conn, "time")
    return fact["text"] if fact and anchor and anchor["server"] < fact["until"] else ""


def trouble(conn: sqlite3.Connection, settings: Settings) -> str:
    """What the owner must change before anything can be sent: PVOutput's words or the time zones; "" if nothing."""
    known = account.known(conn, settings.pvoutput)
    mismatch = account.zone_mismatch(known.system, settings.site.timezone, known.checked) if known else ""
    return account.trouble(conn, settings.pvoutput) or mismatch
