"""The dashboard: now with its age, the day curve, inverters side by side, the month and the year.

The hero and the day are HTML fragments that the page fetches anew, so every number and text is made in one place, here.
"""
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.health import status
from appliance.history.views import Slot
from webui.data import box
from webui.present import charts, energy, localtime, svg
from webui.present.energy import Totals
from webui.query import parse_day
from webui.security import access

page = Blueprint("dashboard", __name__)

WORDS = {"ok": "", "weak": "weak", "dead": "dead?", "gone": "silent", "quiet": "", "replaced": "replaced"}
LIVE_CACHE_S = 3    # all browsers that poll within this time of the clock share one rendering


@page.get("/")
@access.dashboard
def today() -> ResponseReturnValue:
    """Today."""
    return _page(localtime.today(box().now(), box().zone()))


@page.get("/day/<day>")
@access.dashboard
def show(day: str) -> ResponseReturnValue:
    """One day."""
    return _page(parse_day(day))


@page.get("/day")
@access.dashboard
def pick() -> ResponseReturnValue:
    """From the date field to the day's page."""
    return redirect(url_for("dashboard.show", day=parse_day(request.args.get("day", "")).isoformat()))


@page.get("/live")
@access.dashboard
def live() -> str:
    """The hero alone."""
    moment = int(box().now() // LIVE_CACHE_S)
    cached = current_app.extensions.get("suntap-live")
    if cached is None or cached[0] != moment:
        cached = moment, render_template("_now.html", **_now())
        current_app.extensions["suntap-live"] = cached
    return str(cached[1])


@page.get("/day/<day>/part")
@access.dashboard
def day_part(day: str) -> str:
    """The day curve alone."""
    return render_template("_day.html", **_day(parse_day(day)))


def _page(day: date) -> str:
    here = localtime.today(box().now(), box().zone())
    known = energy.span(box())
    first = min(known[0], here) if known else here
    inverters = _inverters(day)
    month_days = energy.days(box(), day.replace(day=1), localtime.month_end(day))
    months = energy.months(box(), day.year)
    return render_template(
        "dashboard.html", day=day, today=here, first=first,
        earlier=(day - timedelta(days=1)).isoformat() if day > first else None,
        later=(day + timedelta(days=1)).isoformat() if day < here else None,
        inverters=inverters, verdict=_verdict(inverters),
        month=charts.month_bars(month_days, day), month_total=energy.total(list(month_days.values())),
        year=charts.year_bars(months, day), year_total=energy.total(list(months.values())),
        **(_now() if day == here else {}), **_day(day))


def _verdict(inverters: list[dict[str, Any]]) -> str:
    verdicts = [inverter["verdict"] for inverter in inverters if inverter["verdict"] != "replaced"]
    judged = sum(verdict in ("weak", "dead", "gone") for verdict in verdicts)
    return f"{judged} of {len(verdicts)} need{'s' * (judged == 1)} a look" if judged else f"{len(verdicts)} reporting"


def _now() -> dict[str, Any]:
    now = energy.now(box())
    here = localtime.today(box().now(), box().zone())
    totals = energy.days(box(), here, here).get(here, Totals(here))
    best = energy.best_days(box(), 1)
    return {"now": now, "shown_w": 0 if now.state == "asleep" else now.production_w, "totals": totals,
            "best": best[0] if best else None, "lifetime_dwh": energy.lifetime_dwh(box()),
            "lamps": status.collect(box().settings(), box().clock).to_json()["lamps"]}


def _day(day: date) -> dict[str, Any]:
    slots = energy.slots(box(), day)
    zone = box().zone()
    totals = energy.days(box(), day, day).get(day, Totals(day))
    peak = max((slot for slot in slots if slot.production_w is not None and not slot.hole),
               key=lambda slot: slot.production_w or 0, default=None)
    holes = [slot for slot in slots if slot.hole]
    notes = [localtime.clock_change(day, zone)]
    if holes:
        gap = sum(slot.seconds for slot in holes)
        notes.append(f"No readings for {localtime.span(gap)}: the counters say how much energy fell into the gap, "
                     "not when. The hatched part shows it as an average.")
    summary = f"Power through {localtime.long_date(day)}: " + (
        f"highest {peak.production_w} W at {localtime.clock_time(peak.time, zone)}" if peak else "no readings") + "."
    chart = curve(day, slots)
    top = max((power for power in chart["production_w"] if power is not None), default=0)
    places = [(place / max(1, len(chart["times"]) - 1), power) for place, power in enumerate(chart["production_w"])]
    return {"chart": chart, "plain": svg.spark(places, top, 720, 200), "top_w": top,
            "slot_minutes": box().slot_seconds() // 60, "day_totals": totals,
            "peak_w": peak.production_w if peak else None,
            "peak_at": peak.time if peak else None, "notes": [note for note in notes if note], "summary": summary,
            "hours": hours(slots)}


def curve(day: date, slots: list[Slot]) -> dict[str, Any]:
    """The day for the chart: every slot of the local day, powers in W (null: unknown), labels in the site's time."""
    zone, step = box().zone(), box().slot_seconds()
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


def hours(slots: list[Slot]) -> list[tuple[str, int | None, int | None]]:
    """(hour, production, consumption) in 0.1 Wh; on the night the clocks go back one hour's name comes twice."""
    zone = box().zone()
    found: dict[tuple[int, str], list[Slot]] = {}
    for slot in slots:
        here = localtime.local(slot.time, zone)
        found.setdefault((here.fold, f"{here:%H}:00"), []).append(slot)

    def add(part: list[Slot], name: str) -> int | None:
        numbers = [number for slot in part if (number := getattr(slot, name)) is not None]
        return sum(numbers) if numbers else None
    return [(label, add(part, "production_dwh"), add(part, "consumption_dwh")) for (_, label), part in found.items()]


def _inverters(day: date) -> list[dict[str, Any]]:
    found = energy.inverters(box(), day)
    points = [point for inverter in found for point in inverter.curve]
    peak = max((number or 0 for _, number in points), default=0)
    times = [time for time, _ in points] or [0]
    begin, length = min(times), max(1, max(times) - min(times))
    shared = shared_beginning([inverter.serial for inverter in found]) if len(found) > 1 else 0
    return [{**asdict(inverter), "short": short_serial(inverter.serial, shared), "words": WORDS[inverter.verdict],
             "path": svg.spark([((time - begin) / length, number) for time, number in inverter.curve], peak)}
            for inverter in found]


def shared_beginning(texts: list[str]) -> int:
    """How many signs at their beginning all texts have in common."""
    return next((at for at, signs in enumerate(zip(*texts, strict=False)) if len(set(signs)) > 1), min(map(len, texts)))


def short_serial(serial: str, shared: int) -> str:
    """A serial that fits a small box: without the beginning that all of them share, at least its last four signs."""
    cut = min(shared, len(serial) - 4)
    return serial if cut < 4 or len(serial) <= 10 else f"…{serial[cut:]}"
