"""ingest and rebuild: intake until the inbox is empty, then derive what became stale."""
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from appliance.ledger import intake, senders
from appliance.ledger.derive import DAYS_AT_ONCE, changed, derive
from appliance.ledger.dirty_days import apply_settings, mark_all_stale
from appliance.settings import Site
from appliance.store import inbox as uploads
from appliance.store import state, transaction
from appliance.store.state import Key
from appliance.system.collection import without_collection

CHUNK = 200             # uploads in one transaction (fewer when they are large)
FEW = 20                # uploads: taken in and derived in one transaction, so that an interval costs the card little
MAX_DAYS = 100          # derived in one call that has a limit
MAX_TRIES = 3           # to take in one upload, each in another call;
NEAR = CHUNK            # one that fails so few uploads behind one that was left out is left out at the first try

log = logging.getLogger(__name__)

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
    what = senders.counted(inbox, store)
    few = uploads.count_after(inbox, intake.cursor(store))
    done = Ingested(0, 0, ())
    if 0 < few <= FEW and (limit is None or few <= limit):
        try:
            with transaction(store):
                done = _ingest(inbox, store, what, progress, few, DAYS_AT_ONCE)
        except Exception as error:      # in transactions of their own, all that can be taken in is
            log.warning("%d uploads in one transaction: %s", few, error)
    rest = _ingest(inbox, store, what, progress, None if limit is None else limit - done.uploads,
                   None if limit is None else MAX_DAYS)
    return Ingested(done.uploads + rest.uploads, done.readings + rest.readings, rest.days)


def _ingest(inbox: sqlite3.Connection, store: sqlite3.Connection, what: senders.Counted, progress: Progress | None,
            limit: int | None, most_days: int | None) -> Ingested:
    left = waiting = uploads.count_after(inbox, intake.cursor(store))
    if limit is not None:
        left = min(waiting, limit)
    done = readings = 0
    while left:
        batch = uploads.arrivals(inbox, intake.cursor(store), min(CHUNK, left))
        if not batch:
            break
        readings += _take_in(inbox, store, batch, what)
        if intake.cursor(store) < batch[-1].id:     # what is known of clocks now judges earlier uploads otherwise
            left, done = uploads.count_after(inbox, 0) if limit is None else left, 0
            continue
        left -= len(batch)
        done += len(batch)
        if progress:
            progress(done, done + left)
    if not uploads.count_after(inbox, intake.cursor(store)):
        _finish_rebuild(store)
        derive(store, progress, most_days)
    return Ingested(done, readings, changed(store))


def rebuild(inbox: sqlite3.Connection, store: sqlite3.Connection, site: Site,
            progress: Progress | None = None) -> Ingested:
    """Derive all readings and slots from the inbox again.

    Readings older than the oldest upload that the inbox still has are kept. Slots stay as they are until their day
    is derived anew, so outbox rows whose values did not change keep their state. After kill -9 the next ingest goes on.
    """
    with transaction(store):
        intake.clear_readings(inbox, store)
        state.put(store, Key.REBUILDING, "1")
    return ingest(inbox, store, site, progress)


def _take_in(inbox: sqlite3.Connection, store: sqlite3.Connection, batch: list[uploads.Stored],
             what: senders.Counted) -> int:
    """ingest_batch(), and one by one where that fails for what an upload holds: the one at fault is left out after
    MAX_TRIES, so that it does not stop those behind it."""
    try:
        with without_collection():
            return intake.ingest_batch(inbox, store, batch, what)
    except Exception as error:
        if not _is_of_upload(error):
            raise
    readings = 0
    for one in batch:
        readings += _take_one(inbox, store, one, what)
        if intake.cursor(store) < one.id:       # read from the beginning again
            break
    return readings


def _take_one(inbox: sqlite3.Connection, store: sqlite3.Connection, one: uploads.Stored, what: senders.Counted) -> int:
    try:
        return intake.ingest_batch(inbox, store, [one], what)
    except Exception as error:
        if not _is_of_upload(error):
            raise
        before = str(state.get(store, Key.FAILING_UPLOAD) or "").split()
        tries = int(before[1]) + 1 if before[:1] == [str(one.id)] else 1
        near = bool(before) and int(before[1]) >= MAX_TRIES and 0 < one.id - int(before[0]) <= NEAR
        if near:
            tries = MAX_TRIES       # a flood of them must not cost a call or more each, nor a line of the journal
        with transaction(store):
            state.put(store, Key.FAILING_UPLOAD, f"{one.id} {tries}")
            if tries >= MAX_TRIES:
                log.log(logging.DEBUG if near else logging.WARNING, "upload %d cannot be taken in and is left out: %s",
                        one.id, error)
                senders.leave_out(store, one.sha256, one.upload.captured_us // 1_000_000,
                                  f"{type(error).__name__}: {error}")
                intake.put_cursor(store, one.id)
        if tries < MAX_TRIES:
            raise
        return 0


def _is_of_upload(error: Exception) -> bool:
    """Whether another upload would go in: the disk and the database are not to blame."""
    cause = error.__cause__ or error
    if isinstance(cause, sqlite3.Error):
        return isinstance(cause, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError
                          | sqlite3.InterfaceError)
    return not isinstance(cause, OSError | MemoryError)


def _finish_rebuild(store: sqlite3.Connection) -> None:
    if state.get(store, Key.REBUILDING):
        with transaction(store):
            mark_all_stale(store)
            state.drop(store, Key.REBUILDING)
