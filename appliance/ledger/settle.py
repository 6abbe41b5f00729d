"""What all days together say: the sign of the meter at the main panel, its kind, and each device's full power.

settle() compares that with what the days were derived with, notes the difference, and marks the days it concerns as
stale. What the evidence says depends on no earlier decision, so any order of arrival settles in the same place.
"""
import json
import sqlite3

from appliance.ledger.limits import limit_of, of_days
from appliance.ledger.sign import choose, is_gross
from appliance.ledger.stale import mark_stale, settings
from appliance.store import state, transaction
from appliance.store.state import Key


def meter_is_gross(store: sqlite3.Connection) -> bool:
    """Whether the meter at the main panel counts what the house uses, as the days are derived."""
    return state.get(store, Key.METER_KIND) == "consumption"


def settle(store: sqlite3.Connection) -> bool:
    """Let the evidence of all days decide; whether that made days stale."""
    if not state.get(store, Key.UNSETTLED):
        return False
    plus, minus, falls, sunny = store.execute(
        "SELECT coalesce(sum(against_plus_dwh), 0), coalesce(sum(against_minus_dwh), 0),"
        " coalesce(sum(meter_falls), 0), coalesce(sum(sunny), 0) FROM site_day").fetchone()
    wanted = settings(store)
    size_w = wanted["size_w"]
    decided = {Key.NET_SIGN: choose(wanted["net_sign"], plus, minus),
               Key.METER_KIND: "consumption" if is_gross(wanted["meter"], falls, sunny) else "net"}
    now = {Key.NET_SIGN: state.get(store, Key.NET_SIGN) or "+",
           Key.METER_KIND: state.get(store, Key.METER_KIND) or "net"}
    known = {device: (full_w, kind) for device, full_w, kind in store.execute(
        "SELECT id, full_w, kind FROM device WHERE kind IN ('inverter', 'meter')").fetchall()}
    rated = {device: of_days([steep_w for (steep_w,) in store.execute(
        "SELECT steep_w FROM device_day WHERE device = ? ORDER BY steep_w DESC LIMIT 3", (device,))])
        for device in known}
    others = [(device, *known[device], full_w) for device, full_w in rated.items() if full_w != known[device][0]]
    if decided == now and not others:
        with transaction(store):
            state.drop(store, Key.UNSETTLED)
            _compare(store)
        return False
    with transaction(store):
        if decided != now:
            for key, value in decided.items():
                state.put(store, key, value)
            mark_stale(store, [day for (day,) in store.execute("SELECT day FROM site_day WHERE import_dwh NOT NULL")])
        for device, before_w, kind, full_w in others:
            store.execute("UPDATE device SET full_w = ? WHERE id = ?", (full_w, device))
            looked_at = min(before_w or full_w, full_w)
            if kind == "meter" and (limit_of(before_w, size_w, False).usual_w
                                    != limit_of(full_w, size_w, False).usual_w):
                looked_at = -1      # how near to zero is near changed with it
            mark_stale(store, [day for (day,) in store.execute(
                "SELECT day FROM device_day WHERE device = ? AND top_w > ?", (device, looked_at))])
    return True


def _compare(store: sqlite3.Connection) -> None:
    """After an update's rules derived every day again: keep what changed, for the owner (day, production before and
    after, consumption before and after; not the newest day, which grew meanwhile)."""
    changed = store.execute(
        "SELECT b.day, b.production_dwh, s.production_dwh, b.consumption_dwh, s.consumption_dwh"
        " FROM day_before b LEFT JOIN site_day s USING (day) WHERE b.day < (SELECT max(day) FROM day_before)"
        " AND (b.production_dwh IS NOT s.production_dwh OR b.consumption_dwh IS NOT s.consumption_dwh)"
        " ORDER BY b.day").fetchall()
    if store.execute("DELETE FROM day_before").rowcount:
        state.put(store, Key.RULES_CHANGED, json.dumps(changed))
