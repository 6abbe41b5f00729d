"""Values beside energy and power: v5 temperature, v6 voltage, and v7 to v12 as the owner chose them.

All are integers of a thousandth of their unit (°C, V, ...), None where nothing is known of a slot. A sample belongs to
the slot that its record time lies in. Which field of a line holds what: protocol.md, lines 130 and 140. Pure but for
the readings it asks the ledger for.
"""
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from appliance.ledger import reads
from appliance.ledger.reads import Sample
from appliance.ledger.slot import Slot
from appliance.pvoutput.targets import Target

MILLI = 1000
LARGEST = 10**12        # thousandths; what a line claims beyond it is no measurement
OWN = ("v7", "v8", "v9", "v10", "v11", "v12")


@dataclass(frozen=True)
class Quantity:
    """What a device tells: its unit, the field's place after the serial by line number (None: not a sample), and how
    many units one of the line's is."""

    title: str
    unit: str
    fields: dict[int, int]
    scale: int = 1


QUANTITIES = {
    "energy": Quantity("energy today", "Wh", {}),
    "power": Quantity("power", "W", {}),
    "voltage": Quantity("AC voltage", "V", {130: 4}),
    "current": Quantity("AC current", "A", {130: 5}),
    "dc_power": Quantity("DC power", "W", {130: 6}, 1000),
    "dc_voltage": Quantity("DC voltage", "V", {130: 7}),
    "dc_current": Quantity("DC current", "A", {130: 8}),
    "temperature": Quantity("heat sink", "°C", {130: 9}),
    "frequency": Quantity("frequency", "Hz", {130: 10, 140: 7}),
    "reactive_power": Quantity("reactive power", "var", {140: 4}, 1000),
    "apparent_power": Quantity("apparent power", "VA", {140: 5}, 1000),
    "power_factor": Quantity("power factor", "", {140: 6}),
}


def parse_choice(text: str) -> tuple[str, str] | None:
    """(serial, quantity) of a setting v7..v12 such as "414050000000001 power"; None for an empty one."""
    serial, _, quantity = text.rpartition(" ")
    return (serial, quantity) if serial and quantity in QUANTITIES else None


def choices(store: sqlite3.Connection) -> list[tuple[str, str]]:
    """(setting's text, words with unit) for everything that the devices may tell."""
    found = []
    for kind, serial in reads.serials(store):
        number = 130 if kind == "inverter" else 140
        for name, quantity in QUANTITIES.items():
            if not quantity.fields or number in quantity.fields:
                unit = f" ({quantity.unit})" if quantity.unit else ""
                found.append((f"{serial} {name}", f"{kind} {serial}: {quantity.title}{unit}"))
    return found


def units(target: Target) -> dict[str, str]:
    """{"v7": "W", ...} of the extended values that are switched on."""
    account = target.account
    found = {"v5": "°C"} if account.temperature else {}
    if account.voltage:
        found["v6"] = "V"
    for name in OWN:
        choice = parse_choice(getattr(account, name))
        if choice:
            found[name] = QUANTITIES[choice[1]].unit
    return found


def values(store: sqlite3.Connection, target: Target, day: str, slots: Sequence[Slot], slot_s: int,
           donor: bool) -> dict[int, tuple[int | None, ...]]:
    """{slot's time: v5..v12} for these slots of a local day; v7..v12 for donors only."""
    account = target.account
    columns: dict[int, dict[int, int]] = {}
    if account.temperature or account.voltage:
        lines = list(reads.samples(store, day, target.devices or None))
        start = reads.day_bounds(store, day)[0]
        if account.temperature:
            columns[5] = _tenths(_means(lines, "temperature", start, slot_s))
        if account.voltage:
            columns[6] = _tenths(_means(lines, "voltage", start, slot_s))
    for number, name in enumerate(OWN, 7):
        choice = parse_choice(getattr(account, name)) if donor else None
        if choice:
            columns[number] = _own(store, day, *choice, slot_s)
    if not columns:
        return {}
    return {slot.time: tuple(columns.get(number, {}).get(slot.time) for number in range(5, 13)) for slot in slots}


def _own(store: sqlite3.Connection, day: str, serial: str, quantity: str, slot_s: int) -> dict[int, int]:
    """One device's quantity by slot."""
    if quantity in ("energy", "power"):
        found, total_dwh = {}, 0
        for slot in reads.device_slots(store, [serial], day):
            energy_dwh = slot.production_dwh or 0
            total_dwh += energy_dwh
            if quantity == "energy":
                found[slot.time] = total_dwh * MILLI // 10
            elif not slot.hole and slot.seconds > 0:
                found[slot.time] = energy_dwh * 360 * MILLI // slot.seconds
        return found
    return _means(reads.samples(store, day, [serial]), quantity, reads.day_bounds(store, day)[0], slot_s)


def _means(lines: Iterable[Sample], quantity: str, day_start: int, slot_s: int) -> dict[int, int]:
    """The mean of the samples in each slot."""
    found: dict[int, list[int]] = defaultdict(list)
    wanted = QUANTITIES[quantity]
    for line in lines:
        at = wanted.fields.get(line.number)
        value = _milli(line.fields[at], wanted.scale) if at is not None and at < len(line.fields) else None
        if value is not None:
            found[line.time - (line.time - day_start) % slot_s].append(value)
    return {time: sum(several) // len(several) for time, several in found.items()}


def _milli(text: str, scale: int) -> int | None:
    """A line's number in thousandths of the unit; None where it is none."""
    try:
        value = Decimal(text.replace(",", ".")) * scale * MILLI
    except InvalidOperation:
        return None
    return int(value.to_integral_value()) if value.is_finite() and abs(value) <= LARGEST else None


def _tenths(means: dict[int, int]) -> dict[int, int]:
    """Rounded to a tenth of the unit, so that a further device's sample seldom changes what was sent."""
    return {time: (value + 50) // 100 * 100 for time, value in means.items()}
