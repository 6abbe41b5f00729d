"""The history: a month as calendar and bars, its year, all years, the best days."""
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for

from webui import access, dashboard, energy, localtime, svg
from webui.data import box
from webui.energy import Totals

page = Blueprint("history", __name__)

BEST = 5
SHADES = 4      # besides "nothing": a day's share of the best day of the month


@page.get("/history")
@access.dashboard
def show() -> str:
    """The month in ?month=YYYY-MM, else this one."""
    here = localtime.today(box().now(), box().zone())
    month = _month(request.args.get("month", f"{here:%Y-%m}"))
    first, last = energy.span(box()) or (here, here)
    days = energy.days(box(), month, dashboard.month_end(month))
    months = energy.months(box(), month.year)
    years = energy.years(box())
    chosen = here if here.replace(day=1) == month else month
    return render_template(
        "history.html", month=month, today=here, calendar=calendar(month, days),
        earlier=_step(month, -1) if month > first.replace(day=1) else None,
        later=_step(month, 1) if month < here.replace(day=1) else None,
        bars=dashboard.month_bars(days, chosen), total=energy.total(list(days.values())),
        year=dashboard.year_bars(months, month), year_total=energy.total(list(months.values())),
        years=year_bars(years, month.year), all_total=energy.total(list(years.values())),
        first=first, last=last, month_last=dashboard.month_end(month),
        best=energy.best_days(box(), BEST), months=_month_list(first, last))


def _month(text: str) -> date:
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        abort(404)
    if not 2000 <= found.year <= 2100:
        abort(404)
    return found


def _step(month: date, way: int) -> str:
    other = (month - timedelta(days=1)) if way < 0 else (month + timedelta(days=32))
    return f"{other:%Y-%m}"


def _month_list(first: date, last: date) -> list[tuple[str, str]]:
    """(2026-05, May 2026) for every month of the history, newest first."""
    found = []
    month = last.replace(day=1)
    while month >= first.replace(day=1):
        found.append((f"{month:%Y-%m}", f"{month:%B %Y}"))
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def calendar(month: date, days: dict[date, Totals]) -> list[list[dict[str, Any] | None]]:
    """Weeks from Monday to Sunday; None outside the month. `shade` 0 to 4 follows the day's share of the best one."""
    top = max((found.production_dwh or 0 for found in days.values()), default=0)
    cells: list[dict[str, Any] | None] = [None] * month.weekday()
    for number in range(1, dashboard.month_end(month).day + 1):
        day = month.replace(day=number)
        found = days.get(day)
        made = found.production_dwh if found else None
        shade = 0 if not made or not top else min(SHADES, 1 + made * SHADES // (top + 1))
        title = dashboard.bar_title(localtime.short_date(day), found)
        cells.append({"day": day, "totals": found, "shade": shade, "title": title})
    cells += [None] * (-len(cells) % 7)
    return [cells[at:at + 7] for at in range(0, len(cells), 7)]


def year_bars(years: dict[int, Totals], chosen: int) -> svg.Bars:
    """One bar per year."""
    return svg.bars([
        dashboard.bar_value(str(year), str(year), found, url_for("history.show", month=f"{found.day:%Y-%m}"),
                            year == chosen)
        for year, found in years.items()])
