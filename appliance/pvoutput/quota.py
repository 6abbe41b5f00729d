"""The quota: a fixed window on the clock hour (UTC, the server's clock), shared with the owner's other programs.
What of it a kind of request leaves for the others is in plan.py.

Invariants: a request is counted and committed before it is sent, so a crash never frees a request. What the headers
say replaces what was assumed, in both directions for the limit, upwards only for what is used up (requests
under way are not in the headers yet). Where the time is unknown the last window is taken for still open: then
a request is safe in any case, and if nothing is left of it, one whole window is waited out (pauses.py).
"""
import sqlite3
from dataclasses import dataclass

from appliance.pvoutput import persisted, servertime
from appliance.pvoutput.client import Quota, Reply
from appliance.pvoutput.servertime import Now
from appliance.system.clock import Clock

WINDOW_S = 3600
MARGIN_S = 60            # after the full hour, where the server did not say when its window ends
FIRST_LIMIT = 60         # until the first headers: what free accounts have
RESET_SLACK_S = 5        # after the reset the server named


@dataclass(frozen=True)
class QuotaWindow:
    """The window `hour` (Unix time // 3600; None: before any reply), requests used in it, the limit."""

    hour: int | None
    used: int
    limit: int

    def left(self, reserve: int) -> int:
        """Requests that may still be sent, `reserve` set apart, but never more than half of a limit."""
        return self.limit - self.used - min(reserve, self.limit // 2)


def window(conn: sqlite3.Connection, now: Now) -> QuotaWindow:
    """The window that holds at `now`."""
    fact = persisted.get(conn, "quota") or {"hour": None, "used": 0, "limit": FIRST_LIMIT}
    stored = QuotaWindow(**fact)
    if now.server is None:
        return stored
    hour = int(now.server // WINDOW_S)
    if stored.hour in (None, hour, hour + 1):  # + 1: the estimate lags behind the server by a moment
        return QuotaWindow(stored.hour or hour, stored.used, stored.limit)
    return QuotaWindow(hour, 0, stored.limit)


def count_request(conn: sqlite3.Connection, now: Now) -> None:
    """Count one request. To be committed before it is sent."""
    current = window(conn, now)
    _put(conn, QuotaWindow(current.hour, current.used + 1, current.limit))


def learn(conn: sqlite3.Connection, now: Now, quota: Quota | None) -> None:
    """Take over the headers of a reply; `now.server` is that reply's Date."""
    current = window(conn, now)
    if quota is not None:
        current = QuotaWindow(current.hour, max(current.used, quota.limit - quota.remaining), quota.limit)
    _put(conn, QuotaWindow(current.hour, max(current.used, 1), current.limit))  # the request just answered


def mark_exhausted(conn: sqlite3.Connection, now: Now, reset: float | None) -> float:
    """The server said that nothing is left: seconds until its window is over."""
    current = window(conn, now)
    _put(conn, QuotaWindow(current.hour, max(current.used, current.limit), current.limit))
    if now.server is None:
        return WINDOW_S + MARGIN_S
    if reset is not None and 0 < reset - now.server <= WINDOW_S:
        return reset - now.server + RESET_SLACK_S
    return seconds_to_next_window(now.server) + MARGIN_S


def start_over(conn: sqlite3.Connection) -> None:
    """Begin a new window: for the end of a pause that is longer than any window."""
    limit = (persisted.get(conn, "quota") or {"limit": FIRST_LIMIT})["limit"]
    _put(conn, QuotaWindow(None, 0, limit))


def seconds_to_next_window(server: float) -> float:
    """From the server's time to its next full hour."""
    return WINDOW_S - server % WINDOW_S


def _put(conn: sqlite3.Connection, value: QuotaWindow) -> None:
    persisted.put(conn, "quota", {"hour": value.hour, "used": value.used, "limit": value.limit})


def hear(store: sqlite3.Connection, clock: Clock, reply: Reply) -> Now:
    """Take over the time and the quota that an answer told."""
    if not reply.answered:
        return servertime.read(store, clock)
    now = servertime.learn(store, clock, reply.date)
    learn(store, now, reply.quota)
    return now
