"""ingest and rebuild: intake until the inbox is empty, then derive what became stale."""
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from appliance.ledger import intake
from appliance.ledger.derive import changed, derive
from appliance.ledger.stale import apply_settings, mark_all_stale
from appliance.settings import Site
from appliance.store import inbox as uploads
from appliance.store import state, transaction

CHUNK = 200             # uploads in one transaction (fewer when they are large)
MAX_DAYS = 100          # derived in one call that has a limit

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a call did: uploads taken in, readings that were new or changed, and the local days (YYYY-MM-DD) whose
    slots changed and that no outbox has followed yet."""

    uploads: int
    readings: int
    days: tuple[str, ...]


def ingest(inbox: sqlite3.Connection, store: sqlite3.Connection, site: Site, progress: Progress | None = None,
           limit: int | None = None) -> Ingested:
    """Take in what is new in the inbox and derive the days it touches.

    `limit` bounds the uploads (and days) of one call; days are derived once no upload waits any more, so that a
    backlog is derived once. `progress(done, total)` is told of uploads, then of days. Raises StoreError; what was
    done until then stays done.
    """
    apply_settings(store, site)
    intake.reset_cursor_if_other_inbox(inbox, store)
    waiting = uploads.count_after(inbox, intake.cursor(store))
    left = waiting if limit is None else min(waiting, limit)
    done = readings = 0
    while left:
        batch = uploads.after(inbox, intake.cursor(store), min(CHUNK, left))
        if not batch:
            break
        readings += intake.ingest_batch(inbox, store, batch)
        if intake.cursor(store) < batch[-1][0]:     # what is known of clocks now judges earlier uploads otherwise
            waiting = uploads.count_after(inbox, 0)
            left, done = waiting if limit is None else left, 0
            continue
        left -= len(batch)
        done += len(batch)
        if progress:
            progress(done, done + left)
    if not uploads.count_after(inbox, intake.cursor(store)):
        _finish_rebuild(store)
        derive(store, progress, None if limit is None else MAX_DAYS)
    return Ingested(done, readings, changed(store))


def rebuild(inbox: sqlite3.Connection, store: sqlite3.Connection, site: Site,
            progress: Progress | None = None) -> Ingested:
    """Derive all readings and slots from the inbox again.

    Readings older than the oldest upload that the inbox still has are kept. Slots stay as they are until their day
    is derived anew, so outbox rows whose values did not change keep their state. After kill -9 the next ingest goes on.
    """
    with transaction(store):
        intake.clear_readings(inbox, store)
        state.put(store, intake.REBUILDING, "1")
    return ingest(inbox, store, site, progress)


def _finish_rebuild(store: sqlite3.Connection) -> None:
    if state.get(store, intake.REBUILDING):
        with transaction(store):
            mark_all_stale(store)
            state.drop(store, intake.REBUILDING)
