"""The history: a month as calendar and bars, its year, all years, the best days."""
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.history import earlier
from webui import orders
from webui.data import box
from webui.present import charts, compare, energy, localtime, reader_locale
from webui.present.energy import Totals
from webui.query import parse_month
from webui.security import access
from webui.words import history as words

page = Blueprint("history", __name__)

BEST = 5
SHADES = 4      # besides "nothing": a day's share of the best day of the month


@page.get("/history")
@access.dashboard
def show() -> str:
    """The month in ?month=YYYY-MM, else this one."""
    here = localtime.today(box().now(), box().zone())
    month = parse_month(request.args.get("month", f"{here:%Y-%m}"))
    first, last = energy.span(box()) or (here, here)
    days = energy.days(box(), month, localtime.month_end(month))
    months = energy.months(box(), month.year)
    earlier = month.replace(year=month.year - 1)
    before = energy.days(box(), earlier, localtime.month_end(earlier))
    every = energy.all_days(box())
    years = energy.years(box(), every)
    imported = energy.earlier(box())
    of_year = [day for day in imported if day.day.year == month.year]
    of_month = {day.day: day for day in of_year if day.day.month == month.month}
    begun = min([first, *(day.day for day in imported[:1])])
    chosen = here if here.replace(day=1) == month else month
    return render_template(
        "history.html", month=month, today=here, calendar=calendar(month, days),
        earlier=_step(month, -1) if month > begun.replace(day=1) else None,
        later=_step(month, 1) if month < here.replace(day=1) else None,
        bars=charts.month_bars(days, chosen, before, of_month), total=energy.total(list(days.values())),
        year=charts.year_bars(months, month, energy.months(box(), month.year - 1), energy.by_month(of_year)),
        year_total=energy.total(list(months.values())),
        years=charts.years_bars(years, month.year, energy.years(box(), imported)),
        all_total=energy.total(list(years.values())),
        side=side_by_side(every, imported), first=first, last=last, month_last=localtime.month_end(month),
        best=energy.best_days(box(), BEST, [day for day in every if day.day < here]),
        months=_month_list(begun, max(last, here)), weekdays=_weekdays(),
        imported={"month": energy.total(list(of_month.values())), "year": energy.total(of_year),
                  "all": energy.total(imported)}, sources=energy.sources(box()), order=orders.last(),
        changes={"month": compare.span(box(), month, localtime.month_end(month), here),
                 "year": compare.span(box(), month.replace(month=1), month.replace(month=12, day=31), here)},
        worths={"month": energy.worth(box(), days.values()),
                "year": energy.worth(box(), (day for day in every if day.day.year == month.year)),
                "all": energy.worth(box(), every)},
        slot_minutes=box().slot_seconds() // 60)


@page.post("/history/earlier")
@access.owner
def bring() -> ResponseReturnValue:
    """Days of before suntap from a file; the recorder takes them in."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        flash(str(words.NO_FILE), "bad")
    else:
        try:
            here = localtime.today(box().now(), box().zone())
            found = earlier.parse(sent.stream.read(earlier.MAX_BYTES + 1), here)
            orders.submit("earlier", source=sent.filename, days=[
                (one.day.isoformat(), one.production_dwh, one.consumption_dwh) for one in found])
        except earlier.EarlierError as error:
            flash(words.NOT_TAKEN.format(reason=error), "bad")
    return redirect(url_for("history.show", _anchor="earlier"))


@page.post("/history/earlier/forget")
@access.owner
def forget() -> ResponseReturnValue:
    """Remove the imported days."""
    orders.submit("earlier")
    return redirect(url_for("history.show", _anchor="earlier"))


def _step(month: date, way: int) -> str:
    other = (month - timedelta(days=1)) if way < 0 else (month + timedelta(days=32))
    return f"{other:%Y-%m}"


def _month_list(first: date, last: date) -> list[tuple[str, str]]:
    """(2026-05, May 2026) for every month of the history, newest first."""
    found = []
    month = last.replace(day=1)
    while month >= first.replace(day=1):
        found.append((f"{month:%Y-%m}", localtime.month_year(month)))
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def _weekdays() -> list[str]:
    """Mon to Sun, or Sun to Sat."""
    first = reader_locale.now().first_weekday
    return [str(localtime.SHORT_WEEKDAYS[(first + number) % 7]) for number in range(7)]


def side_by_side(measured: list[Totals], imported: list[Totals]) -> dict[str, Any]:
    """Months as rows and years as columns: production in 0.1 Wh as measured and as imported (days, ascending), never
    their sum."""
    kinds = [{(year, month): total.production_dwh
              for year, of_year in groupby(days, key=lambda day: day.day.year)
              for month, total in energy.by_month(list(of_year)).items()}
             for days in (measured, imported)]
    years = sorted({year for kind in kinds for year, _ in kind})
    rows = [{"name": str(localtime.MONTHS[month - 1]), "cells": [
        {"dwh": kinds[0].get((year, month)), "imported": kinds[1].get((year, month)), "month": f"{year}-{month:02}"}
        for year in years]} for month in range(1, 13)]
    return {"years": years, "rows": rows}


def calendar(month: date, days: dict[date, Totals]) -> list[list[dict[str, Any] | None]]:
    """Weeks from the country's first weekday on; None outside the month. `shade` 0 to 4 follows the day's share of the
    best one."""
    top = max((found.production_dwh or 0 for found in days.values()), default=0)
    cells: list[dict[str, Any] | None] = [None] * ((month.weekday() - reader_locale.now().first_weekday) % 7)
    for number in range(1, localtime.month_end(month).day + 1):
        day = month.replace(day=number)
        found = days.get(day)
        made = found.production_dwh if found else None
        shade = 0 if not made or not top else min(SHADES, 1 + made * SHADES // (top + 1))
        title = charts.bar_title(localtime.short_date(day), found)
        cells.append({"day": day, "totals": found, "shade": shade, "title": title})
    cells += [None] * (-len(cells) % 7)
    return [cells[at:at + 7] for at in range(0, len(cells), 7)]
