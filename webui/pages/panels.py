"""The panels: a month or a year of each inverter on the roof, one inverter by itself, their names and places."""
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from appliance.history import inverters
from appliance.settings import Panel, SettingsError
from appliance.settings.validators import GRID
from webui import language
from webui.data import box
from webui.present import charts, energy, localtime, panels, reader_locale
from webui.present.energy import Totals
from webui.query import FIRST_YEAR, LAST_YEAR, parse_month
from webui.security import access
from webui.words import panels as words

page = Blueprint("panels", __name__, url_prefix="/panels")

MORE_ROWS, MORE_COLUMNS = 2, 2      # empty ones around the roof that is arranged
LEAST_ROWS, LEAST_COLUMNS = 4, 6


@page.get("")
@access.dashboard
def show() -> str:
    """The month in ?month=YYYY-MM, or the year in ?year=YYYY; this month without."""
    first, last, is_year = _asked()
    made = box().kept(("panels", first, last, language.now(), reader_locale.now().name), lambda: _period(first, last))
    return render_template("panels.html", first=first, is_year=is_year, inverters=Markup(made),
                           newest=_newest(first, last), **_steps(first, is_year))


def _period(first: date, last: date) -> str:
    """The roof of a period, and its table."""
    shown = panels.period(box(), first, last)
    return render_template("_panels.html", newest=_newest(first, last), shown=shown, grid=panels.grid(shown),
                           replaced=panels.replaced(box(), first, last), names=panels.called(box()),
                           troubles=words.TROUBLES)


@page.get("/<serial>")
@access.dashboard
def one(serial: str) -> str:
    """One inverter: the days of a month and the months of its year, each beside what its neighbours made."""
    names = panels.called(box())
    if serial not in names:
        abort(404)
    month = _asked()[0]
    span, year = (month, localtime.month_end(month)), (month.replace(month=1), month.replace(month=12, day=31))
    days, typical = (_totals(serial, *span, typical=other) for other in (False, True))
    months, typical_months = (energy.by_month(list(_totals(serial, *year, typical=other).values()))
                              for other in (False, True))
    return render_template(
        "panel.html", serial=serial, name=names[serial], month=month, shares=[_share(serial, *span),
                                                                              _share(serial, *year)],
        days=charts.panel_days(days, month, typical), year=charts.panel_months(serial, months, month, typical_months),
        month_total=energy.total(list(days.values())), year_total=energy.total(list(months.values())),
        **_steps(month, False))


@page.get("/arrange")
@access.owner
def arrange() -> ResponseReturnValue:
    """Names and places as a form; with JavaScript the places are dragged, or moved with the arrow keys."""
    return _form(panels.given(box()))


@page.post("/arrange")
@access.owner
def save() -> ResponseReturnValue:
    """All names and places, or none."""
    typed: dict[str, Panel] = {}
    wrong = ""
    for serial in panels.present(box()):
        name, row, column = (request.form.get(f"{field}-{serial}", "").strip() for field in ("name", "row", "column"))
        places = [_place(row), _place(column)]
        if None in places:
            wrong = wrong or words.PLACE.format(most=GRID)
        elif bool(places[0]) != bool(places[1]):
            wrong = wrong or words.HALF.format(name=name or serial)
        elif len(name) > 40 or not name.isprintable():
            wrong = wrong or words.LONG
        typed[serial] = Panel(serial, name, *((place or 0) for place in places))
    taken: set[tuple[int, int]] = set()
    for panel in typed.values():
        if panel.row and (panel.row, panel.column) in taken:
            wrong = wrong or words.TWO.format(row=panel.row, column=panel.column)
        taken.add((panel.row, panel.column))
    if not wrong:
        others = [panel for panel in box().settings().site.panel if panel.serial not in typed]
        try:
            box().change({"site.panel": (*others, *(panel for panel in typed.values() if panel.name or panel.row))})
        except SettingsError as error:
            wrong = str(error)
    if wrong:
        return _form(typed, wrong), 422
    flash(str(words.SAVED))
    return redirect(url_for("panels.show"))


def _form(said: dict[str, Panel], wrong: str = "") -> str:
    serials = panels.present(box())
    found = [said.get(serial, Panel(serial)) for serial in serials]
    rows = min(GRID, max(LEAST_ROWS, MORE_ROWS + max((panel.row for panel in found), default=0)))
    columns = min(GRID, max(LEAST_COLUMNS, MORE_COLUMNS + max((panel.column for panel in found), default=0)))
    return render_template("panels_arrange.html", panels=found, wrong=wrong, rows=rows, columns=columns, most=GRID,
                           names=panels.names(said, serials))


def _place(text: str) -> int | None:
    """A row or a column; 0 for none, None for what is no place."""
    if not text:
        return 0
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= GRID else None


def _asked() -> tuple[date, date, bool]:
    """(first day, last day, whether it is a year) of the period asked for."""
    here = localtime.today(box().now(), box().zone())
    if text := request.args.get("year"):
        if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:9]) <= LAST_YEAR):
            abort(404)
        return date(int(text), 1, 1), date(int(text), 12, 31), True
    month = parse_month(request.args.get("month", f"{here:%Y-%m}"))
    return month, localtime.month_end(month), False


def _newest(first: date, last: date) -> date:
    """The last day of a period up to which the history goes: whose month is worth opening from a year."""
    return max(first, min(last, (energy.span(box()) or (last, last))[1]))


def _steps(first: date, is_year: bool) -> dict[str, Any]:
    """The period before and after, where the history has them; None where it has not."""
    here = localtime.today(box().now(), box().zone())
    begun = (energy.span(box()) or (here, here))[0]
    if is_year:
        return {"earlier": str(first.year - 1) if first.year > begun.year else None,
                "later": str(first.year + 1) if first.year < here.year else None}
    return {"earlier": f"{first - timedelta(days=1):%Y-%m}" if first > begun.replace(day=1) else None,
            "later": f"{first + timedelta(days=32):%Y-%m}" if first < here.replace(day=1) else None}


def _share(serial: str, first: date, last: date) -> int | None:
    return next((found.share_percent for found in inverters.periods(box().store(), first.isoformat(), last.isoformat())
                 if found.serial == serial), None)


def _totals(serial: str, first: date, last: date, typical: bool = False) -> dict[date, Totals]:
    """Each day of an inverter, or what its neighbours made."""
    return {date.fromisoformat(day): Totals(date.fromisoformat(day), around if typical else made)
            for day, made, around in inverters.days_of(box().store(), serial, first.isoformat(), last.isoformat())}
