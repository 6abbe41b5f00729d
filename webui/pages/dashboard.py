"""The dashboard: now with its age, the day curve, inverters side by side, the month and the year.

The hero and the day are HTML fragments that the page fetches anew, so every number and text is made in one place, here.
"""
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from appliance.health.lamps import INVERTER_TROUBLES
from appliance.health.log import Entry
from appliance.ledger.slot import Slot
from webui import language
from webui.data import box
from webui.present import charts, compare, energy, localtime, panels, picture, reader_locale, svg, units
from webui.present.day import curve, hours
from webui.present.energy import Totals
from webui.query import asked_day, parse_day
from webui.security import access, auth
from webui.words import dashboard as words

page = Blueprint("dashboard", __name__)

MOST_NOTICES = 3    # on the dashboard
DAY_S = 86_400      # energy that came at once for longer makes no day the best
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
def live() -> ResponseReturnValue:
    """The hero alone. With ?day= it says when that day is over, so that a page open over midnight loads itself anew."""
    day = asked_day("day", localtime.today(box().now(), box().zone()))
    over = day != localtime.today(box().now(), box().zone())
    return _hero(), 200, {"X-Again": "1"} if over else {}


def _hero() -> str:
    now = int(box().now() // LIVE_CACHE_S)
    cache: dict[tuple[str, str, bool], tuple[int, str]] = current_app.extensions.setdefault("suntap-live", {})
    worn = language.now(), reader_locale.now().name, auth.is_owner()
    if worn not in cache or cache[worn][0] != now:
        cache[worn] = now, render_template("_now.html", **_now())
    return cache[worn][1]


@page.get("/day/<day>/part")
@access.dashboard
def day_part(day: str) -> str:
    """The day curve alone."""
    return render_template("_day.html", **_day(parse_day(day)))


@page.get("/day/<day>/picture.svg")
@access.dashboard
def day_picture(day: str) -> ResponseReturnValue:
    """The day as a picture to keep."""
    when = parse_day(day)
    drawn = picture.of_day(when, curve(box(), when, energy.slots(box(), when)))
    totals = energy.days(box(), when, when).get(when, Totals(when))
    return render_template("picture.svg", picture=drawn, totals=totals), 200, {
        "Content-Type": "image/svg+xml; charset=utf-8",
        "Content-Disposition": f'attachment; filename="suntap-{when.isoformat()}.svg"'}


def _page(day: date) -> str:
    here = localtime.today(box().now(), box().zone())
    known = energy.span(box())
    first = min(known[0], here) if known else here
    month_days = energy.days(box(), day.replace(day=1), localtime.month_end(day))
    months = energy.months(box(), day.year)
    question, notices = box().question(), _notices() if day == here else []
    return render_template(
        "dashboard.html", day=day, today=here, first=first, kiosk="kiosk" in request.args,
        question=question if auth.is_owner() else [], notices=notices if auth.is_owner() else [],
        hidden=bool(question or notices) and not auth.is_owner(),
        earlier=(day - timedelta(days=1)).isoformat() if day > first else None,
        later=(day + timedelta(days=1)).isoformat() if day < here else None,
        inverters=Markup(box().kept((day, here, language.now(), reader_locale.now().name),
                                    lambda: _panels(day, here))),
        month=charts.month_bars(month_days, day, energy.days(box(), *_month_before(day))),
        month_total=energy.total(list(month_days.values())),
        year=charts.year_bars(months, day, energy.months(box(), day.year - 1)),
        year_total=energy.total(list(months.values())),
        **(_now() if day == here else {}), **_day(day))


def _panels(day: date, today: date) -> str:
    """The inverters side by side."""
    inverters = _inverters(day)
    return render_template("_inverters.html", inverters=inverters, verdict=words.TO_COME if day > today
                           else _verdict(inverters, day < today),
                           replacements=_replacements(inverters))


def _notices() -> list[Entry]:
    """The newest notices that the owner did not put away and that no lamp tells; to others a lamp tells of inverters
    too."""
    told = [one for one in box().notices() if one.is_open and not one.is_lamp]
    if not auth.is_owner() and any(lamp.device for lamp in box().status().lamps):
        told = [one for one in told if one.matter.split()[1] not in INVERTER_TROUBLES]
    return told[:MOST_NOTICES]


def _verdict(inverters: list[dict[str, Any]], past: bool) -> str:
    there = [inverter for inverter in inverters if inverter["verdict"] != "replaced"]
    judged = sum(inverter["verdict"] in ("weak", "dead", "gone") for inverter in there)
    return words.verdict(judged, sum(inverter["energy_dwh"] is not None for inverter in there), len(there), past)


def _now() -> dict[str, Any]:
    now = energy.now(box())
    here = localtime.today(box().now(), box().zone())
    totals = energy.days(box(), here, here).get(here, Totals(here))
    best = next((found for found in energy.best_days(box(), 2) if found.day != here), None)
    ours = best is not None and (totals.production_dwh or 0) > (best.production_dwh or 0) and not any(
        slot.hole and slot.seconds > DAY_S for slot in energy.slots(box(), here))
    return {"now": now, "shown_w": 0 if now.state == "asleep" else now.production_w, "totals": totals,
            "best": best, "record": ours,
            "lifetime_dwh": energy.lifetime_dwh(box()), "lamps": box().status().lamps}


def _day(day: date) -> dict[str, Any]:
    slots = energy.slots(box(), day)
    zone = box().zone()
    totals = energy.days(box(), day, day).get(day, Totals(day))
    peak = max((slot for slot in slots if (slot.production_w or 0) > 0 and not slot.hole),
               key=lambda slot: slot.production_w or 0, default=None)
    notes = [localtime.clock_change(day, zone)]
    holes = [slot for slot in slots if slot.hole]
    if holes and (long := _long_hole(day, holes[0])):
        notes += [long, *([str(words.LONG_HOLE_GRID)] if holes[0].net_dwh is not None else [])]
        holes = holes[1:]
    if holes:
        notes.append(words.HOLE.format(span=localtime.span(sum(slot.seconds for slot in holes))))
    what = words.NOTHING if peak is None else words.PEAK.format(
        watts=peak.production_w, time=localtime.clock_time(peak.time, zone))
    chart = curve(box(), day, slots)
    chart["ghost_w"] = compare.ghost(box(), day, chart["times"])
    today = localtime.today(box().now(), zone)
    counted = [slot for slot in slots if slot.production_dwh is not None]
    top = max((power for power in chart["production_w"] if power is not None), default=0)
    places = [(place / max(1, len(chart["times"]) - 1), power) for place, power in enumerate(chart["production_w"])]
    return {"chart": chart, "plain": svg.spark(places, top, 720, 200), "top_w": top,
            "day_totals": totals, "ghost_day": compare.year_before(day),
            "change": None if day == today else compare.day(box(), day, totals.production_dwh),
            "recent": compare.recent(box(), day, counted[-1].time) if day == today and counted else None,
            "worth": energy.worth(box(), [totals]),
            "peak_w": peak.production_w if peak else None,
            "peak_at": peak.time if peak else None, "notes": [note for note in notes if note],
            "summary": words.SUMMARY.format(day=localtime.long_date(day), what=what), "hours": hours(box(), day, slots)}


def _long_hole(day: date, slot: Slot) -> str:
    """A sentence about a hole that began before this day and whose energy counts on it; "" about any other."""
    zone, now = box().zone(), box().now()
    end = slot.time + box().slot_seconds()
    begin = end - slot.seconds
    if begin >= localtime.day_bounds(day, zone)[0] or not slot.production_dwh:
        return ""
    shown = localtime.moment(end, zone, now)
    return words.LONG_HOLE.format(
        kwh=units.kwh(slot.production_dwh, 2), begin=localtime.moment(begin, zone, now),
        end=words.TODAY_AT.format(time=shown) if day == localtime.today(now, zone) else shown)


def _month_before(day: date) -> tuple[date, date]:
    """The same month a year before."""
    first = day.replace(year=day.year - 1, day=1)
    return first, localtime.month_end(first)


def _replacements(inverters: list[dict[str, Any]]) -> list[str]:
    """A sentence for each inverter that another one relieved on this day."""
    short = {inverter["serial"]: inverter["short"] for inverter in inverters}
    return [words.REPLACED.format(new=short[inverter["heir"]], old=inverter["short"]) for inverter in inverters
            if inverter["heir"] in short and inverter["energy_dwh"] is not None]


def _inverters(day: date) -> list[dict[str, Any]]:
    found = energy.inverters(box(), day)
    points = [point for inverter in found for point in inverter.curve]
    peak = max((number or 0 for _, number in points), default=0)
    times = [time for time, _ in points] or [0]
    begin, length = min(times), max(1, max(times) - min(times))
    names = panels.names(panels.given(box()), [inverter.serial for inverter in found])
    return [{**{field.name: getattr(inverter, field.name) for field in fields(inverter)},
             "short": names[inverter.serial], "words": words.VERDICTS[inverter.verdict],
             "path": svg.spark([((time - begin) / length, number) for time, number in inverter.curve], peak)}
            for inverter in found]
