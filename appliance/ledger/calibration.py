"""What all days together say: the sign of the meter at the main panel, its kind, and each device's full power.

settle() compares that with what the days were derived with, notes the difference, and marks the days it concerns as
stale. What the evidence says depends on no earlier decision, so any order of arrival settles in the same place.
"""
import json
import sqlite3

from appliance.ledger.dirty_days import mark_stale, settings
from appliance.ledger.full_power import limit_of, of_days, of_roof
from appliance.ledger.sign import DAY_DWH, TURN_DWH, choose, is_gross, sign_of, stretches
from appliance.store import state
from appliance.store.state import Key


def meter_is_gross(store: sqlite3.Connection) -> bool:
    """Whether the meter at the main panel counts what the house uses, as the days are derived."""
    return state.get(store, Key.METER_KIND) == "consumption"


def net_signs(store: sqlite3.Connection) -> tuple[str, list[str]]:
    """The newest sign of the net meter, and the days from which it was another, as the days are derived."""
    return state.get(store, Key.NET_SIGN) or "+", json.loads(state.get(store, Key.NET_TURNS) or "[]")


def is_unsettled(store: sqlite3.Connection) -> bool:
    """Whether a transaction ended with days derived and nothing settled since."""
    return state.get(store, Key.UNSETTLED) is not None


def leave_unsettled(store: sqlite3.Connection) -> None:
    """Settle in another transaction than the caller's."""
    if not is_unsettled(store):
        state.put(store, Key.UNSETTLED, "1")


def settle(store: sqlite3.Connection) -> bool:
    """Let the evidence of all days decide; whether that made days stale. In a transaction of the caller's."""
    plus, minus, falls, sunny = store.execute(
        "SELECT coalesce(sum(min(against_plus_dwh, ?1)), 0), coalesce(sum(min(against_minus_dwh, ?1)), 0),"
        " coalesce(sum(meter_falls), 0), coalesce(sum(sunny), 0) FROM site_day", (DAY_DWH,)).fetchone()
    wanted = settings(store)
    size_w = wanted["size_w"]
    signs = choose(wanted["net_sign"], plus, minus), list[str]()
    if wanted["net_sign"] == "auto" and min(plus, minus) > TURN_DWH:
        signs = _by_day(store)
    is_use = is_gross(wanted["meter"], falls, sunny)
    same = signs == net_signs(store) and is_use == meter_is_gross(store)
    known = {device: (full_w, kind, aside) for device, full_w, kind, aside in store.execute(
        "SELECT id, full_w, kind, aside FROM device WHERE kind IN ('inverter', 'meter')").fetchall()}
    rated = {device: of_days([steep_w for (steep_w,) in store.execute(
        "SELECT steep_w FROM device_day WHERE device = ? ORDER BY steep_w DESC LIMIT 3", (device,))])
        for device in known}
    others = [device for device, full_w in rated.items() if full_w != known[device][0]]
    if same and not others:
        state.drop(store, Key.UNSETTLED)
        _compare(store)
        return False
    if not same:
        _decide(store, signs, is_use)
    inverters = [device for device, (_, kind, aside) in known.items() if kind == "inverter" and not aside]
    roof_w = of_roof(known[device][0] for device in inverters), of_roof(rated[device] for device in inverters)
    for device, (before_w, kind, _) in known.items():
        full_w = rated[device]
        if full_w != before_w:
            store.execute("UPDATE device SET full_w = ? WHERE id = ?", (full_w, device))
        own = kind == "inverter"
        before, after = (limit_of(watts, size_w, own, None if own else roof)    # whether a meter is a net meter or not
                         for watts, roof in zip((before_w, full_w), roof_w, strict=True))
        looked_at = min(before_w or full_w, full_w, before.usual_w, before.full_w, after.usual_w, after.full_w) - 1
        is_same = before == after and full_w == before_w
        if not is_same:
            mark_stale(store, [day for (day,) in store.execute(
                "SELECT day FROM device_day WHERE device = ? AND top_w > ?", (device, looked_at))])
    return True


def _by_day(store: sqlite3.Connection) -> tuple[str, list[str]]:
    """The newest sign, and the days of turns, where both signs have much against them."""
    first, turns = stretches(store.execute(
        "SELECT day, min(against_plus_dwh, ?1), min(against_minus_dwh, ?1) FROM site_day"
        " WHERE against_plus_dwh > 0 OR against_minus_dwh > 0 ORDER BY day", (DAY_DWH,)).fetchall())
    return first if len(turns) % 2 == 0 else "-" if first == "+" else "+", turns


def _decide(store: sqlite3.Connection, signs: tuple[str, list[str]], is_use: bool) -> None:
    """Note what the meter counts, and mark the days that this makes stale."""
    before, other_kind = net_signs(store), is_use != meter_is_gross(store)
    state.put(store, Key.NET_SIGN, signs[0])
    if signs[1]:
        state.put(store, Key.NET_TURNS, json.dumps(signs[1]))
    else:
        state.drop(store, Key.NET_TURNS)
    state.put(store, Key.METER_KIND, "consumption" if is_use else "net")
    near = {"", *before[1], *signs[1]}          # the balance of consumption begins anew on these and behind them
    days = [day for (day,) in store.execute("SELECT day FROM site_day ORDER BY day")]
    mark_stale(store, [day for last, day in zip(["", *days], days, strict=False)
                       if other_kind or last in near or day in near or sign_of(day, *before) != sign_of(day, *signs)])


def _compare(store: sqlite3.Connection) -> None:
    """After an update's rules derived every day again: keep what changed, for the owner (day, production before and
    after, consumption before and after; not the newest day, which grew meanwhile)."""
    changed = store.execute(
        "SELECT b.day, b.production_dwh, s.production_dwh, b.consumption_dwh, s.consumption_dwh"
        " FROM day_before b LEFT JOIN site_day s USING (day) WHERE b.day < (SELECT max(day) FROM day_before)"
        " AND (b.production_dwh IS NOT s.production_dwh OR b.consumption_dwh IS NOT s.consumption_dwh)"
        " ORDER BY b.day").fetchall()
    if store.execute("SELECT EXISTS (SELECT 1 FROM day_before)").fetchone()[0]:
        store.execute("DELETE FROM day_before")
        state.put(store, Key.RULES_CHANGED, json.dumps(changed))
