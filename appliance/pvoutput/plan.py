"""What to ask or send next: the one request that matters most and that the quota allows.

Order: the system (account.py), live rows, the search for a bad row, the backlog by day, finished days to reconcile,
totals of days too old. Everything behind the live rows leaves as many requests as live rows still need in this
hour; everything leaves the owner's reserve. Nothing is planned before the server's time is known.
"""
import math
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from appliance.pvoutput import account, outbox, pauses, post, quota, reconcile, replies, totals
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.servertime import Now
from appliance.settings import Settings

IDLE_S = 60.0
DAILY_REQUESTS = 1       # getsystem, kept free beside the live rows


class Task(Protocol):
    """One request: what it is, and what its answer changes in the store."""

    @property
    def what(self) -> str: ...
    def count(self, conn: sqlite3.Connection) -> None: ...
    def send(self, client: Client) -> Reply: ...
    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str: ...
    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str: ...
    def failed(self, conn: sqlite3.Connection, now: Now) -> None: ...


@dataclass(frozen=True)
class Wait:
    """Nothing may or need be sent for `seconds`."""

    seconds: float
    what: str


def next_task(conn: sqlite3.Connection, settings: Settings, now: Now) -> Task | Wait:
    """The next request, or how long there is none. No pause holds when this is called."""
    left = quota.window(conn, now).left(settings.pvoutput.reserve)
    if left <= 0:
        return _quota_spent(conn, now)
    if account.is_due(conn, now, settings):
        return account.Probe(settings)
    known = account.known(conn, settings.pvoutput)
    assert known is not None and now.server is not None  # else the probe was due
    mismatch = account.zone_mismatch(known.system, settings.site.timezone, now.server)
    if mismatch:
        seconds = known.checked + pauses.PROBE_S - now.server
        pauses.begin(conn, now, pauses.SETTINGS, mismatch, seconds)
        return Wait(seconds, mismatch)
    return _work(conn, settings, now.server, known, left) or _idle(conn, now.server, known.interval_s, left)


def _work(conn: sqlite3.Connection, settings: Settings, server: float, known: account.KnownSystem,
          left: int) -> Task | None:
    interval, most = known.interval_s, account.BATCH_ROWS[known.system.donor]
    today = datetime.fromtimestamp(server, ZoneInfo(settings.site.timezone)).date().isoformat()
    task: Task | None = post.live(conn, settings, server, today, interval, most)
    if task is not None:
        return task
    needed_live = math.ceil(quota.seconds_to_next_window(server) / interval) + DAILY_REQUESTS
    if left <= needed_live:
        return None
    return (post.trial(conn, settings, interval, most)
            or post.backlog(conn, settings, server, interval, most)
            or reconcile.next_check(conn, settings, server, known.age_limit, interval)
            or totals.next_total(conn, settings.pvoutput.consumption))


def _quota_spent(conn: sqlite3.Connection, now: Now) -> Wait:
    """Until the next window; where the time is unknown, as long as the longest window."""
    if now.server is None:
        seconds = float(quota.WINDOW_S + quota.MARGIN_S)
        pauses.begin(conn, now, pauses.QUOTA, "the hour's requests were used up when the machine stopped", seconds)
        quota.start_over(conn)
        return Wait(seconds, "the hour's requests are used up")
    return Wait(quota.seconds_to_next_window(now.server), "the hour's requests are used up")


def _idle(conn: sqlite3.Connection, server: float, interval_s: int, left: int) -> Wait:
    """Until the next row is complete, at most a minute; with a backlog that the quota holds up, until it may go on."""
    (rows,) = conn.execute("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'").fetchone()
    what = f"{rows} rows wait for the next hour's requests" if rows else "nothing waits"
    (first,) = conn.execute("SELECT MIN(time) FROM outbox WHERE state = 'open'").fetchone()
    due = IDLE_S if first is None else first + interval_s + outbox.jitter(conn) - server
    return Wait(min(max(due, 1.0), IDLE_S), what)
