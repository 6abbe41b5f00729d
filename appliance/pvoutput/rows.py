"""From slots to the statuses PVOutput should hold: one local day at a time, pure.

A status has a place, the local (date, time) on the site's status interval, and the values v1..v4 in Wh, W, Wh, W
and v5..v12 in thousandths of their units (extended.py).
- Where several slots share a place the later one has it: its running totals include the earlier one's. That
  happens in the hour that autumn repeats, and where the ledger's slots are finer than the site's interval.
- v2 and v4 are the slot's energy over the seconds it was counted. A slot that ends a hole has no power: its
  energy may be many hours' worth, and nobody knows how it fell. Its v1 and v3 are right.
- energy "daily": v1 and v3 are the running totals since local midnight. energy "lifetime": the site's
  continuous counters; since PVOutput takes a day's first value for its zero, the day's first status carries the
  counters at the *start* of its slot, and the day's last one thus the whole day's energy.
"""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from appliance.ledger.slot import Slot, watts

Values = tuple[int | None, ...]     # v1..v12
EXTENDED = ("v7", "v8", "v9", "v10", "v11", "v12")
NO_MORE: tuple[int | None, ...] = (None,) * 8


@dataclass(frozen=True)
class Base:
    """The site's lifetime counters at the day's start, in 0.1 Wh."""

    production_dwh: int
    consumption_dwh: int


def place(time: int, zone: ZoneInfo, interval_s: int) -> tuple[str, str]:
    """The (yyyymmdd, hh:mm) of the status that the moment `time` belongs to: rounded down, in wall time."""
    local = datetime.fromtimestamp(time, zone)
    minute = _minute(local, interval_s)
    return f"{local:%Y%m%d}", f"{minute // 60:02d}:{minute % 60:02d}"


def _minute(local: datetime, interval_s: int) -> int:
    """The minute of the day at which the status begins."""
    return (local.hour * 60 + local.minute) * 60 // interval_s * interval_s // 60


def statuses(slots: Iterable[Slot], zone: ZoneInfo, interval_s: int, consumption: bool,
             base: Base | None, more: Mapping[int, tuple[int | None, ...]] | None = None) -> dict[int, Values]:
    """{slot time: values} of one local day's statuses; `slots` ascending, `base` for energy "lifetime", `more` has
    v5..v12 by slot time. A slot of which no energy and no power is known has no status."""
    holders: dict[int, Slot] = {}
    for slot in slots:
        minute = _minute(datetime.fromtimestamp(slot.time, zone), interval_s)
        holders.pop(minute, None)
        holders[minute] = slot
    chosen: dict[int, Values] = {}
    for first, slot in zip([True] + [False] * len(holders), holders.values(), strict=False):
        values = _values(slot, consumption, base, first)
        if any(value is not None for value in values):
            chosen[slot.time] = values + (more or {}).get(slot.time, NO_MORE)
    return chosen


def _values(slot: Slot, consumption: bool, base: Base | None, first: bool) -> Values:
    generated, consumed = slot.day_production_dwh, slot.day_consumption_dwh if consumption else None
    if base is not None:
        generated = _counter(base.production_dwh, generated, slot.production_dwh, first)
        consumed = _counter(base.consumption_dwh, consumed, slot.consumption_dwh, first)
    return (_wh(generated), _power(slot, slot.production_dwh),
            _wh(consumed), _power(slot, slot.consumption_dwh) if consumption else None)


def _counter(base: int, total: int | None, booked: int | None, first: bool) -> int | None:
    return None if total is None else base + total - ((booked or 0) if first else 0)


def _wh(energy_dwh: int | None) -> int | None:
    return None if energy_dwh is None else max(0, (energy_dwh + 5) // 10)


def _power(slot: Slot, energy_dwh: int | None) -> int | None:
    """Mean W over the slot's seconds."""
    power_w = None if slot.hole else watts(energy_dwh, slot.seconds)
    return None if power_w is None else max(0, power_w)


def cumulative(values: Values, lifetime: bool) -> int | None:
    """PVOutput's c1 for a row: which of v1 and v3 are lifetime counters; None for running totals."""
    if not lifetime:
        return None
    if values[2] is None:
        return 2
    return 3 if values[0] is None else 1


def wire(time: int, values: Values, zone: ZoneInfo, interval_s: int) -> dict[str, str]:
    """A row as the service's parameters: d, t and those of v1..v12 that are known."""
    day, at = place(time, zone, interval_s)
    numbers = {f"v{n}": str(value) if n <= 4 else as_text(value) for n, value in enumerate(values, 1)
               if value is not None}
    return {"d": day, "t": at, **numbers}


def as_text(value: int) -> str:
    """Thousandths as the decimal number that goes on the wire: at most three places, none that are zero."""
    sign, (whole, rest) = "-" if value < 0 else "", divmod(abs(value), 1000)
    return f"{sign}{whole}.{rest:03d}".rstrip("0").rstrip(".")
