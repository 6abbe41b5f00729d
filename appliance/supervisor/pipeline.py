"""Inbox → readings → slots → outbox, in one call: for the supervisor process and for the commands that do its work.

Theory: the ledger makes slots of the uploads that are new and says which days changed; the outbox compares those days
with what PVOutput has. Both belong together: a day that the ledger has told of and no outbox has followed is told
again by the next call, so kill -9 between the two costs repeated work and nothing else.
"""
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from appliance import ledger
from appliance.pvoutput import follow
from appliance.settings import Settings

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Derived:
    """What a call did: uploads taken in, readings that were new or changed, local days whose slots changed, and
    whether the outbox has rows now that wait."""

    uploads: int
    readings: int
    days: tuple[str, ...]
    opened: bool


def derive(inbox: sqlite3.Connection, store: sqlite3.Connection, settings: Settings, now: float,
           progress: Progress | None = None, limit: int | None = None, refresh: bool = True) -> Derived:
    """Take in what is new in the inbox, and bring the outbox up to date.

    `now` in UTC seconds decides which slots are complete. `limit` bounds the uploads of one call. With `refresh` False
    the outbox is looked at only if a day changed: slots also become complete by the mere passing of time. Raises
    StoreError; what was done until then stays done.
    """
    return _follow(ledger.ingest(inbox, store, settings.site, progress, limit), store, settings, now, refresh)


def rebuild(inbox: sqlite3.Connection, store: sqlite3.Connection, settings: Settings, now: float,
            progress: Progress | None = None) -> Derived:
    """Derive everything from the inbox again; rows of the outbox whose values stay the same keep their state."""
    return _follow(ledger.rebuild(inbox, store, settings.site, progress), store, settings, now, True)


def _follow(done: ledger.Ingested, store: sqlite3.Connection, settings: Settings, now: float,
            refresh: bool) -> Derived:
    opened = bool(refresh or done.days) and bool(follow.refresh(store, settings, done.days, now))
    return Derived(done.uploads, done.readings, done.days, opened)
