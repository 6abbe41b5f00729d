"""Slots → rows of the outbox, for every system: what PVOutput should hold is compared with what the rows say.

Invariants: `refresh` is idempotent and makes the rows follow the slots, whatever state they are in; a row whose value
did not change is not sent again, one whose value did is, unless the owner skipped it. A field that became unknown (or
is withheld, cures.py) changes nothing: PVOutput keeps what it has. When zone, system or status interval changed, the
rows stand elsewhere there and all that it takes are sent again. When zone, system, devices, kinds of values, plan or
what is known of PVOutput's limits changed, all days that this may concern are done.
"""
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.ledger import reads
from appliance.ledger.cadence import slot_seconds
from appliance.ledger.derive import followed
from appliance.ledger.slot import Slot
from appliance.pvoutput import account, cures, extended, outbox, persisted, servertime
from appliance.pvoutput.day_state import uncheck
from appliance.pvoutput.outbox import COLUMNS
from appliance.pvoutput.rows import Base, Values, place, statuses
from appliance.pvoutput.targets import Target, main_target, targets
from appliance.settings import Settings
from appliance.store import transaction

RECENT_DAYS = 92        # older rows are sent to nobody, so what PVOutput's limits let through does not matter there
PLACES = ("zone", "system", "interval")     # what decides where at PVOutput a row stands
MARKS = ", ".join("?" * 12)
SET = ", ".join(f"v{n} = ?" for n in range(1, 13))

Wanted = dict[int, tuple[Values, str]]      # slot time → values to send, what is withheld


def refresh(store: sqlite3.Connection, settings: Settings, days: Iterable[str], now: float) -> int:
    """Make the outbox rows of these local days (YYYY-MM-DD) follow the slots; how many must be sent (again).

    The days are taken off the ledger's `changed_day`: outbox and slots agree on them. `now` (Unix time) decides which
    rows are shown as complete; what is sent is decided by the server's time.
    """
    days = set(days)
    with transaction(store):
        _drop_others(store, settings)
        changed = sum(_refresh_target(store, target, days) for target in _all(settings))
        followed(store, sorted(days))
        outbox.complete(store, now)
    return changed


def has_other_shape(store: sqlite3.Connection, settings: Settings) -> bool:
    """Whether something changed that needs a refresh of many days."""
    return any(persisted.get(store, persisted.name("shape", target.key)) != _shape(store, target)
               for target in _all(settings))


def _all(settings: Settings) -> list[Target]:
    """The systems that have rows: the site's own has them before its account is set."""
    return [main_target(settings), *(target for target in targets(settings) if target.key)]


def _drop_others(store: sqlite3.Connection, settings: Settings) -> None:
    """Rows of a system that the settings do not name any more are sent to nobody."""
    keys = [target.key for target in _all(settings)]
    if persisted.get(store, "systems") == keys:
        return
    persisted.put(store, "systems", keys)
    marks = ", ".join("?" * len(keys))
    for table in ("outbox", "pvoutput_day"):
        store.execute(f"DELETE FROM {table} WHERE system NOT IN ({marks})", keys)


def _shape(store: sqlite3.Connection, target: Target) -> dict[str, Any]:
    """What rows depend on beside slots, JSON-ready."""
    mine, known = target.account, account.known(store, target)
    values = {name: getattr(mine, name) for name in ("voltage", "temperature", *extended.OWN)}
    rules = {name: list(value) if isinstance(value, tuple) else value
             for name, value in asdict(account.rules(store, target)).items()}
    return {"zone": target.settings.site.timezone, "system": mine.system_id, "energy": mine.energy,
            "consumption": mine.consumption, "interval": account.interval_s(store, target),
            "devices": list(target.devices), "values": values, "donor": bool(known and known.system.donor),
            "limits": rules}


def _refresh_target(store: sqlite3.Connection, target: Target, days: set[str]) -> int:
    name = persisted.name("shape", target.key)
    before, shape = persisted.get(store, name), _shape(store, target)
    moved = before is not None and any(before[fact] != shape[fact] for fact in PLACES)
    chosen = set(days)
    if before != shape:
        persisted.put(store, name, shape)
        chosen |= _days(store, target.key, _since(store, target, before, shape))
    if moved:
        uncheck(store, target.key, sorted(chosen))
        outbox.count_refusals_anew(store, target.key)
    return sum(_refresh_day(store, target, day, moved) for day in sorted(chosen))


def _since(store: sqlite3.Connection, target: Target, before: dict[str, Any] | None, shape: dict[str, Any]) -> str:
    """The first day that the change from `before` to `shape` concerns: what PVOutput takes no rows of stays as it is
    where only its own limits or its status interval are others."""
    now, known = servertime.last_known(store), account.known(store, target)
    own = {"limits": 0, "interval": 0}
    if before is None or now is None or known is None or before | own != shape | own:
        return ""
    if before["interval"] != shape["interval"]:
        return outbox.oldest_day(datetime.fromtimestamp(now, target.zone).date(), known.age_limit)
    return (datetime.fromtimestamp(now, UTC) - timedelta(days=RECENT_DAYS)).date().isoformat()


def _days(store: sqlite3.Connection, key: str, since: str) -> set[str]:
    """All days from `since` on with slots or rows."""
    held = store.execute("SELECT DISTINCT day FROM outbox WHERE system = ? AND day >= ?", (key, since))
    return {*reads.slot_days(store, since), *(day for (day,) in held)}


def wanted(store: sqlite3.Connection, target: Target, day: str, rules: cures.Rules) -> Wanted:
    """What PVOutput should hold of a local day, under these rules. Rows of which nothing is left are not there."""
    return _wanted(store, target, day, rules, _slots(store, target, day))


def _wanted(store: sqlite3.Connection, target: Target, day: str, rules: cures.Rules, slots: Sequence[Slot]) -> Wanted:
    known = account.known(store, target)
    base = _base(store, target, day) if target.is_lifetime and slots else None
    interval = account.interval_s(store, target)
    more = extended.values(store, target, day, slots, slot_seconds(store), bool(known and known.system.donor))
    plain = statuses(slots, target.zone, interval, target.account.consumption, base, more)
    cured = cures.apply(plain, rules, target.zone, interval, target.is_lifetime)
    return {time: row for time, row in cured.items() if any(value is not None for value in row[0][:4])}


def _slots(store: sqlite3.Connection, target: Target, day: str) -> list[Slot]:
    return (reads.device_slots(store, target.devices, day) if target.devices
            else list(reads.site_slots(store, day, day)))


def _refresh_day(store: sqlite3.Connection, target: Target, day: str, moved: bool) -> int:
    key, slots = target.key, _slots(store, target, day)
    rows = _wanted(store, target, day, account.rules(store, target), slots)
    held = _held(store, key, day, [slot.time for slot in slots])
    _drop(store, target, held, rows, {slot.time for slot in slots})
    fresh, updated, reopened = [], [], []
    for time, (values, withheld) in rows.items():
        if time not in held:
            fresh.append((key, time, day, *values, withheld))
            continue
        row_day, state, was_withheld, old = held[time]
        differs = any(new is not None and new != was for new, was in zip(values, old, strict=True))
        cured = state == "refused" and withheld != was_withheld
        if (differs or cured or moved or row_day != day) and state != "skipped":
            reopened.append((day, *values, withheld, key, time))
        elif values != old or withheld != was_withheld or row_day != day:
            updated.append((day, *values, withheld, key, time))
    store.executemany(f"INSERT INTO outbox (system, time, day, {COLUMNS}, withheld, state)"
                      f" VALUES (?, ?, ?, {MARKS}, ?, 'open')", fresh)
    store.executemany(f"UPDATE outbox SET day = ?, {SET}, withheld = ? WHERE system = ? AND time = ?", updated)
    store.executemany(f"UPDATE outbox SET day = ?, {SET}, withheld = ?, state = 'open', reason = '', attempts = 0"
                      " WHERE system = ? AND time = ?", reopened)
    return len(fresh) + len(reopened)


def _held(store: sqlite3.Connection, key: str, day: str,
          slot_times: Sequence[int]) -> dict[int, tuple[str, str, str, Values]]:
    """{time: (day, state, withheld, values)} of the day's rows, and of rows at its slots that another day has yet."""
    first, last = (min(slot_times), max(slot_times)) if slot_times else (0, -1)
    rows = store.execute(f"SELECT time, day, state, withheld, {COLUMNS} FROM outbox WHERE system = ?1"
                         " AND (day = ?2 OR time BETWEEN ?3 AND ?4)", (key, day, first, last))
    times = set(slot_times)
    return {time: (row_day, state, withheld, tuple(values)) for time, row_day, state, withheld, *values in rows
            if row_day == day or time in times}


def _drop(store: sqlite3.Connection, target: Target, held: dict[int, tuple[str, str, str, Values]], rows: Wanted,
          slot_times: set[int]) -> None:
    """Rows whose place another slot has now, and unsent rows whose slot is gone."""
    interval = account.interval_s(store, target)
    taken = {place(time, target.zone, interval) for time in rows}
    gone = [(target.key, time) for time, (_, state, *_) in held.items() if time not in rows
            and (time in slot_times or state in ("open", "waiting", "refused", "expired")
                 or place(time, target.zone, interval) in taken)]
    store.executemany("DELETE FROM outbox WHERE system = ? AND time = ?", gone)


def _base(store: sqlite3.Connection, target: Target, day: str) -> Base:
    """The lifetime counters at the day's start; once a row of the day may have arrived they stay what they were.

    All energy of a day is counted from there, also that of a hole before its first slot: so the day's first status
    is this base whichever slot is the first to be known, and PVOutput's zero of the day holds when earlier ones come.
    """
    row = store.execute("SELECT lifetime_production_dwh, lifetime_consumption_dwh FROM pvoutput_day WHERE system = ?1"
                        " AND day = ?2 AND lifetime_production_dwh NOT NULL AND EXISTS (SELECT 1 FROM outbox"
                        " WHERE system = ?1 AND day = ?2 AND (attempts > 0 OR sent_at NOT NULL))",
                        (target.key, day)).fetchone()
    if row is None:
        row = reads.total_before(store, day, target.devices)
        store.execute("INSERT INTO pvoutput_day (system, day, lifetime_production_dwh, lifetime_consumption_dwh)"
                      " VALUES (?, ?, ?, ?) ON CONFLICT (system, day) DO UPDATE SET"
                      " lifetime_production_dwh = excluded.lifetime_production_dwh,"
                      " lifetime_consumption_dwh = excluded.lifetime_consumption_dwh", (target.key, day, *row))
    return Base(*row)
