"""What must be derived again, and the settings that derivation holds for.

dirty_day has the local days whose slots are stale; it survives kill -9. The settings a derivation was made with are
kept in state: when they differ from the ones in force in anything that matters, every day becomes dirty in the
transaction that notes the new ones. What was derived stays until its day is derived again, so pages have a history all
the time.
"""
import json
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from typing import TypedDict, cast

from appliance.ledger.cadence import slot_seconds
from appliance.ledger.calendar import EARLIEST, Calendar
from appliance.ledger.folded import power_limit
from appliance.settings import Site
from appliance.store import state, transaction
from appliance.store.state import Key

RULES = 3               # number of the rules of derivation: a release that changes results counts it up
ENDS = ("min", "max")   # asked one by one: SQLite looks up either in the index, and reads every row for both
COUNTED = {"inverter": 130, "meter": 140}   # the record that carries the counter, per kind of device


class DerivedWith(TypedDict):
    """What a derivation depends on beside the uploads: the site's settings, the status interval, the rules."""

    timezone: str
    slot_seconds: int
    net_sign: str
    production: str
    meter: str
    size_w: int
    rules: int


@lru_cache(maxsize=4)
def _calendar(timezone: str, seconds: int) -> Calendar:
    return Calendar(timezone, seconds)


def calendar(store: sqlite3.Connection) -> Calendar:
    """The days and slots of the settings in use."""
    made_with = settings(store)
    return _calendar(made_with["timezone"], made_with["slot_seconds"])


def settings(store: sqlite3.Connection) -> DerivedWith:
    """The settings in use."""
    made_with = json.loads(state.get(store, Key.DERIVED_WITH) or "null")
    return cast(DerivedWith, made_with) if made_with else _wanted(store, Site())


def _wanted(store: sqlite3.Connection, site: Site) -> DerivedWith:
    return {"timezone": site.timezone, "slot_seconds": slot_seconds(store),
            "net_sign": site.net_sign, "production": site.production, "meter": site.meter,
            "size_w": site.size_w, "rules": RULES}


def apply_settings(store: sqlite3.Connection, site: Site) -> None:
    """Go on with the settings `site` and the status interval in state; every day is dirty if they are new. Under new
    rules, what the days held is kept until they are derived again, so that the owner is told what changed."""
    wanted, made_with = json.dumps(_wanted(store, site), sort_keys=True), state.get(store, Key.DERIVED_WITH)
    if made_with == wanted:
        return
    if made_with and _matters(json.loads(made_with)) == _matters(json.loads(wanted)):
        state.put(store, Key.DERIVED_WITH, wanted)
        return
    with transaction(store):
        if made_with and json.loads(made_with).get("rules") != RULES and not store.execute(
                "SELECT EXISTS (SELECT 1 FROM day_before)").fetchone()[0]:
            store.execute("INSERT INTO day_before SELECT day, production_dwh, consumption_dwh FROM site_day"
                          " WHERE slots > 0")
        state.put(store, Key.DERIVED_WITH, wanted)
        mark_all_stale(store)


def _matters(made_with: DerivedWith) -> dict[str, object]:
    """What any energy depends on: of the roof's size, the limit that it sets, which is one for all ordinary houses."""
    return {**made_with, "size_w": power_limit(made_with.get("size_w", 0))}


def horizon(store: sqlite3.Connection) -> int:
    """The record time up to which readings are counted."""
    return int(state.get(store, Key.HORIZON) or 0)


def mark_stale(store: sqlite3.Connection, days: Iterable[str]) -> None:
    """Mark local days whose slots are stale."""
    store.executemany("INSERT OR IGNORE INTO dirty_day VALUES (?)", ((day,) for day in days))


def mark_all_stale(store: sqlite3.Connection) -> None:
    """Mark every local day from the first counted reading or slot to the last, and every day that has anything."""
    until = horizon(store)
    spans = [tuple(store.execute(f"SELECT {end}(time) FROM reading WHERE device = ? AND number = ?"
                                 " AND time BETWEEN ? AND ?", (device, COUNTED[kind], EARLIEST, until)).fetchone()[0]
                   for end in ENDS)
             for device, kind in store.execute("SELECT id, kind FROM device").fetchall() if kind in COUNTED]
    spans.append(tuple(store.execute(f"SELECT {end}(time) FROM slot").fetchone()[0] for end in ENDS))
    known = [span for span in spans if span[0] is not None]
    if known:
        mark_stale(store, calendar(store).days(min(low for low, _ in known), max(high for _, high in known)))
    for table in ("device_day", "site_day", "roof_day", "notice"):
        store.execute(f"INSERT OR IGNORE INTO dirty_day SELECT DISTINCT day FROM {table}")
