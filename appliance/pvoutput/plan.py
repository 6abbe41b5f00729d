"""What to ask or send next: the one request that matters most and that the quota allows.

Order: the systems (account.py), live rows of all of them, then the search for a bad row, the backlog by day, finished
days to reconcile, totals of days too old. Everything behind the live rows leaves as many requests as live rows still
need in this hour; everything leaves the owner's reserve. Nothing is planned before the server's time is known.
"""
import math
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from appliance.ledger.cadence import slot_seconds
from appliance.pvoutput import account, batches, outbox, pauses, quota, reconcile, replies, totals
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.servertime import Now
from appliance.pvoutput.targets import Target, targets
from appliance.settings import Settings

IDLE_S = 60.0
DAILY_REQUESTS = 1       # getsystem of each system, kept free beside the live rows


class Task(Protocol):
    """One request: what it is, and what its answer changes in the store."""

    @property
    def target(self) -> Target: ...
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
    free: list[Target] = []
    blocks: list[pauses.Pause] = []
    for target in targets(settings):
        block = pauses.blocked(conn, now, target.key)
        if block is not None:
            blocks.append(block)
        elif account.is_due(conn, now, target):
            return account.Probe(target)
        elif wrong := account.mismatch(conn, target, now.server):
            blocks.append(_block(conn, now, target, wrong))
        else:
            free.append(target)
    if now.server is None or not free:
        nearest = min(blocks, key=lambda block: block.left_s)
        return Wait(nearest.left_s, nearest.text)
    return _work(conn, settings, now.server, free, left) or _idle(conn, now.server)


def _block(conn: sqlite3.Connection, now: Now, target: Target, text: str) -> pauses.Pause:
    """Another time zone at PVOutput: wait until getsystem is due."""
    known = account.known(conn, target)
    seconds = pauses.PROBE_S if known is None or now.server is None else known.checked + pauses.PROBE_S - now.server
    pauses.block(conn, now, target.key, text, seconds)
    return pauses.Pause(pauses.SETTINGS, text, seconds)


def _work(conn: sqlite3.Connection, settings: Settings, server: float, free: list[Target], left: int) -> Task | None:
    today = datetime.fromtimestamp(server, ZoneInfo(settings.site.timezone)).date().isoformat()
    systems = [(target, known) for target in free if (known := account.known(conn, target)) is not None]
    task: Task | None
    for target, known in systems:
        task = batches.live(conn, target, server, today, known.interval_s, account.BATCH_ROWS[known.system.donor])
        if task is not None:
            return task
    needed_live = DAILY_REQUESTS * len(systems) + sum(
        math.ceil(quota.seconds_to_next_window(server) / known.interval_s) for _, known in systems)
    if left <= needed_live:
        return None
    for later in (_trial, _backlog, _check, _total):
        for target, known in systems:
            task = later(conn, target, server, known)
            if task is not None:
                return task
    return None


def _trial(conn: sqlite3.Connection, target: Target, server: float, known: account.KnownSystem) -> Task | None:
    return batches.trial(conn, target, known.interval_s, account.BATCH_ROWS[known.system.donor])


def _backlog(conn: sqlite3.Connection, target: Target, server: float, known: account.KnownSystem) -> Task | None:
    return batches.backlog(conn, target, server, known.interval_s, account.BATCH_ROWS[known.system.donor])


def _check(conn: sqlite3.Connection, target: Target, server: float, known: account.KnownSystem) -> Task | None:
    return reconcile.next_check(conn, target, server, known.age_limit, known.interval_s)


def _total(conn: sqlite3.Connection, target: Target, server: float, known: account.KnownSystem) -> Task | None:
    today = datetime.fromtimestamp(server, target.zone).date()
    return totals.next_total(conn, target, outbox.oldest_day(today, known.age_limit))


def _quota_spent(conn: sqlite3.Connection, now: Now) -> Wait:
    """Until the next window; where the time is unknown, as long as the longest window."""
    if now.server is None:
        seconds = float(quota.WINDOW_S + quota.MARGIN_S)
        pauses.begin(conn, now, pauses.QUOTA, "the hour's requests were used up when the machine stopped", seconds)
        quota.start_over(conn)
        return Wait(seconds, "the hour's requests are used up")
    return Wait(quota.seconds_to_next_window(now.server), "the hour's requests are used up")


def _idle(conn: sqlite3.Connection, server: float) -> Wait:
    """Until the next row is complete, at most a minute; with a backlog that the quota holds up, until it may go on."""
    rows = outbox.row_counts(conn)
    what = f"{rows} rows wait for the next hour's requests" if rows else "nothing waits"
    first = outbox.first_open(conn)
    due = IDLE_S if first is None else first + slot_seconds(conn) + outbox.jitter(conn) - server
    return Wait(min(max(due, 1.0), IDLE_S), what)
