"""Inbox → readings → slots → outbox, in one call: for the supervisor process and for the commands that do its work.

Theory: the ledger turns new uploads into slots and returns the days that changed; the outbox compares those days with
the values at PVOutput. Both steps belong together. The next call reports a changed day again if the outbox has not
followed it, so kill -9 between the two steps costs only repeated work.
"""
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from appliance import ledger
from appliance.pvoutput import outbox_rows
from appliance.settings import Settings

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Derived:
    """The result of a call: uploads ingested, readings new or changed, local days whose slots changed, and True in
    `opened` if the outbox now has waiting rows."""

    uploads: int
    readings: int
    days: tuple[str, ...]
    opened: bool


def derive(inbox: sqlite3.Connection, store: sqlite3.Connection, settings: Settings, now: float,
           progress: Progress | None = None, limit: int | None = None, refresh: bool = True) -> Derived:
    """Ingest the new uploads of the inbox and bring the outbox up to date.

    `now` in UTC seconds decides which slots are complete. `limit` bounds the uploads of one call. With `refresh` False
    the outbox is updated only if a day changed; True also finds slots that became complete because time passed. Raises
    StoreError; the work done before the error is kept.
    """
    return _follow(ledger.ingest(inbox, store, settings.site, progress, limit), store, settings, now, refresh)


def rebuild(inbox: sqlite3.Connection, store: sqlite3.Connection, settings: Settings, now: float,
            progress: Progress | None = None) -> Derived:
    """Derive everything from the inbox again. Outbox rows whose values are unchanged keep their state.

    Raises StoreError.
    """
    return _follow(ledger.rebuild(inbox, store, settings.site, progress), store, settings, now, True)


def _follow(done: ledger.Ingested, store: sqlite3.Connection, settings: Settings, now: float,
            refresh: bool) -> Derived:
    opened = bool(refresh or done.days) and bool(outbox_rows.refresh(store, settings, done.days, now))
    return Derived(done.uploads, done.readings, done.days, opened)
