"""One local day for people: the curve, and its energy hour by hour. Both show a hole as a hole."""
from dataclasses import dataclass
from datetime import date
from typing import Any

from appliance.ledger.slot import Slot
from webui.data import Box
from webui.present import localtime


@dataclass(frozen=True)
class Row:
    """An hour, or a hole: energy in 0.1 Wh of the time that `label` names."""

    label: str
    production_dwh: int | None
    consumption_dwh: int | None
    hole: bool = False


def curve(box: Box, day: date, slots: list[Slot]) -> dict[str, Any]:
    """The day for the chart: every slot of the local day, powers in W (null: unknown), labels in the site's time."""
    zone, step = box.zone(), box.slot_seconds()
    start, end = localtime.day_bounds(day, zone)
    powers: dict[int, tuple[int | None, int | None]] = {}
    holes = []
    for slot in slots:
        if slot.hole and slot.seconds > step:
            begin = max(start, slot.time + step - slot.seconds)
            holes.append([begin, slot.time + step])
            for time in range(begin - begin % step, slot.time, step):
                powers.setdefault(time, (slot.production_w, slot.consumption_w))
        powers[slot.time] = (slot.production_w, slot.consumption_w)
    times = list(range(start, end + 1, step))
    meter = any(slot.consumption_dwh is not None for slot in slots)
    labels = [f"{localtime.clock_time(time, zone)} – {localtime.clock_time(time + step, zone)}" for time in times]
    return {"start": start, "end": end, "ticks": localtime.ticks(day, zone), "times": times, "labels": labels,
            "holes": holes,
            "production_w": [powers.get(time, (None, None))[0] for time in times],
            "consumption_w": [powers.get(time, (None, None))[1] for time in times] if meter else None}


def hours(box: Box, day: date, slots: list[Slot]) -> list[Row]:
    """The day hour by hour, in order. A hole is a row of its own from its beginning to its end, and the hour in which
    it ends goes on from there. Where the clocks went back, an hour that comes twice says which one it is."""
    zone, step = box.zone(), box.slot_seconds()
    start = localtime.day_bounds(day, zone)[0]
    found: list[Row] = []
    part: list[Slot] = []
    label, last = "", (-1, -1)
    for slot in slots:
        if slot.hole and slot.seconds > step:
            found += _hour(label, part)
            part, last = [], (-1, -1)
            begin = max(start, slot.time + step - slot.seconds)
            span = f"{localtime.clock_time(begin, zone)} – {localtime.clock_time(slot.time + step, zone)}"
            found.append(Row(span, slot.production_dwh, slot.consumption_dwh, hole=True))
            continue
        here = localtime.local(slot.time, zone)
        if (here.hour, here.fold) != last:
            found += _hour(label, part)
            after_hole = bool(found and found[-1].hole and here.minute)
            label = localtime.clock_time(slot.time, zone) if after_hole else localtime.hour_of(here)
            part, last = [], (here.hour, here.fold)
        part.append(slot)
    return found + _hour(label, part)


def _hour(label: str, part: list[Slot]) -> list[Row]:
    """The row of the slots of one hour; none where there are none."""
    def add(name: str) -> int | None:
        numbers = [number for slot in part if (number := getattr(slot, name)) is not None]
        return sum(numbers) if numbers else None
    return [Row(label, add("production_dwh"), add("consumption_dwh"))] if part else []
