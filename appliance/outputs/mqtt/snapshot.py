"""The newest state as it is published: counters that only grow, powers of now (ledger.cadence), lamps.

Payloads are JSON text. Energies are written digit by digit, in kWh with four decimals. What is not known is null, which
Home Assistant shows as unknown; it never becomes 0.
"""
import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.history import totals, views
from appliance.ledger import cadence
from appliance.ledger.dirty_days import calendar
from appliance.ledger.roles import INVERTER, role
from appliance.ledger.slot import Slot
from appliance.outputs import progress
from appliance.outputs.contract import Fact
from appliance.outputs.mqtt.rising import Rising, advance, window
from appliance.store import transaction

AWAY_S = 90 * 86_400        # an inverter silent for so long, while others are heard, was taken off the roof
NAME, KEY = "mqtt", "rising"


@dataclass(frozen=True)
class Unit:
    """An inverter: serial, model, counter, power of the newest sample."""

    serial: str
    model: str
    energy_dwh: int
    power_dw: int | None


@dataclass(frozen=True)
class Snapshot:
    """What is known at `time`. `counters`: those that the site has, of totals.SITE."""

    time: int
    counters: dict[str, int]
    production_w: int | None
    consumption_w: int | None
    net_w: int | None
    age_s: int | None           # of the newest reading
    units: tuple[Unit, ...]
    pvs: str
    firmware: str


def take(conn: sqlite3.Connection, now: float) -> Snapshot:
    """Read the store, move the rising counters on, and remember them before anybody is told."""
    newest = views.latest(conn)
    risen = _rise(conn)
    slots = views.day(conn, newest.day) if newest.day else []
    length, live_s = calendar(conn).slot_seconds, cadence.live_s(conn)
    made = next((slot for slot in reversed(slots) if slot.production_dwh is not None), None)
    used = next((slot for slot in reversed(slots) if slot.net_dwh is not None), None)

    def power(slot: Slot | None, watts: int | None) -> int | None:
        return watts if slot and not slot.hole and 0 <= now - slot.time - length <= live_s else None
    return Snapshot(
        int(now), {name: risen[name] for name in totals.SITE if name in risen},
        power(made, made.production_w if made else None), power(used, used.consumption_w if used else None),
        power(used, used.net_w if used else None),
        max(0, int(now - newest.time)) if newest.time else None,
        tuple(_units(conn, now, newest.time, risen)), newest.pvs_model, newest.pvs_firmware)


def _units(conn: sqlite3.Connection, now: float, newest: int | None, risen: dict[str, int]) -> list[Unit]:
    """The inverters that count: one whose sender the owner set aside has no counted day any more."""
    live_s = cadence.live_s(conn)
    return [Unit(device.serial, device.model, risen[f"inverter {device.serial}"],
                 device.power_dw if now - device.last_seen <= live_s else None)
            for device in views.devices(conn) if role(device.kind, device.serial, device.model) == INVERTER
            and f"inverter {device.serial}" in risen and device.last_seen > (newest or 0) - AWAY_S]


def _rise(conn: sqlite3.Connection) -> dict[str, int]:
    """Every counter's published value in 0.1 Wh: "production", …, "inverter SERIAL"."""
    newest = totals.newest_day(conn)
    if newest is None:
        return {}
    since = window(newest)
    known = {name: Rising(*fields) for name, fields in (progress.get(conn, NAME, KEY) or {}).items()}
    oldest = min([since, *(rising.since for rising in known.values())])
    fresh = {**totals.site(conn, since), **_named(totals.inverters(conn, since))}
    days = {**totals.site(conn, oldest), **_named(totals.inverters(conn, oldest))}
    risen = {name: advance(known.get(name), counted, since, days[name].since) for name, counted in fresh.items()}
    with transaction(conn):
        progress.put(conn, NAME, KEY, {name: [rising.since, rising.base_dwh, rising.published_dwh]
                                       for name, rising in {**known, **risen}.items()})
    return {name: rising.published_dwh for name, rising in risen.items()}


def _named(counters: dict[str, totals.Counted]) -> dict[str, totals.Counted]:
    return {f"inverter {serial}": counted for serial, counted in counters.items()}


def site_payload(snapshot: Snapshot, lamps: Sequence[Fact]) -> str:
    """The site's state."""
    pairs = [(f"{name}_kwh", kwh(snapshot.counters[name])) for name in totals.SITE if name in snapshot.counters]
    pairs += [(name, json.dumps(getattr(snapshot, name)))
              for name in ("production_w", "consumption_w", "net_w", "age_s")]
    pairs.append(("lamps", json.dumps({safe(lamp.name): _problem(lamp) for lamp in lamps})))
    pairs.append(("attention", json.dumps("; ".join(lamp.text for lamp in lamps if lamp.state in ("warn", "bad")))))
    return "{" + ", ".join(f'"{name}": {text}' for name, text in pairs) + "}"


def unit_payload(unit: Unit) -> str:
    """An inverter's state."""
    power = "null" if unit.power_dw is None else f"{unit.power_dw // 10}.{unit.power_dw % 10}"
    return f'{{"energy_kwh": {kwh(unit.energy_dwh)}, "power_w": {power}}}'


def _problem(lamp: Fact) -> str | None:
    return {"warn": "ON", "bad": "ON", "ok": "OFF"}.get(lamp.state)


def kwh(energy_dwh: int) -> str:
    """0.1 Wh as kWh with four decimals."""
    whole, rest = divmod(abs(energy_dwh), 10_000)
    return f"{'-' if energy_dwh < 0 else ''}{whole}.{rest:04d}"


def safe(text: str) -> str:
    """A serial from the wire as part of a topic and of an id."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:64] or "_"
