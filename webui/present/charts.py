"""Bars of a month, a year and all years: totals with the words that a bar says when pointed at or read aloud."""
from datetime import date

from flask import url_for

from webui.language import _
from webui.present import localtime, svg
from webui.present.compare import year_before
from webui.present.energy import Totals
from webui.present.units import kwh


def month_bars(days: dict[date, Totals], chosen: date, before: dict[date, Totals] | None = None,
               earlier: dict[date, Totals] | None = None) -> svg.Bars:
    """One bar per day of the chosen day's month; `before`: the days of the same month a year earlier; `earlier`: days
    that were imported."""
    values = []
    for number in range(1, localtime.month_end(chosen).day + 1):
        day = chosen.replace(day=number)
        found = days.get(day)
        href = url_for("dashboard.show", day=day.isoformat()) if found else ""
        ghost = (before or {}).get(year_before(day))
        values.append(bar_value(str(number), localtime.short_date(day), found, href, day == chosen, ghost,
                                (earlier or {}).get(day)))
    return svg.bars(values, label_every=3)


def year_bars(months: dict[int, Totals], chosen: date, before: dict[int, Totals] | None = None,
              earlier: dict[int, Totals] | None = None) -> svg.Bars:
    """One bar per month of the chosen day's year; `before`: the months of the year before; `earlier`: what was
    imported."""
    values = []
    for number in range(1, 13):
        day, found = chosen.replace(month=number, day=1), months.get(number)
        imported = (earlier or {}).get(number)
        href = url_for("history.show", month=f"{day:%Y-%m}") if found or imported else ""
        ghost = (before or {}).get(number)
        values.append(bar_value(localtime.short_month(day), localtime.month_year(day), found, href,
                                number == chosen.month, ghost, imported))
    return svg.bars(values)


def years_bars(years: dict[int, Totals], chosen: int, earlier: dict[int, Totals] | None = None) -> svg.Bars:
    """One bar per year; `earlier`: what was imported."""
    imported = earlier or {}
    return svg.bars([
        bar_value(str(year), str(year), years.get(year),
                  url_for("history.show", month=f"{(years.get(year) or imported[year]).day:%Y-%m}"), year == chosen,
                  earlier=imported.get(year))
        for year in sorted(years.keys() | imported.keys())])


def panel_days(days: dict[date, Totals], month: date, typical: dict[date, Totals]) -> svg.Bars:
    """One bar per day of a month of one inverter; `typical`: what its neighbours made."""
    return svg.bars([_panel_value(str(number), localtime.short_date(day), days.get(day), typical.get(day),
                                  url_for("dashboard.show", day=day.isoformat()))
                     for number in range(1, localtime.month_end(month).day + 1)
                     for day in (month.replace(day=number),)], label_every=3)


def panel_months(serial: str, months: dict[int, Totals], chosen: date, typical: dict[int, Totals]) -> svg.Bars:
    """One bar per month of one inverter's year."""
    return svg.bars([_panel_value(localtime.short_month(month), localtime.month_year(month),
                                  months.get(month.month), typical.get(month.month),
                                  url_for("panels.one", serial=serial, month=f"{month:%Y-%m}"), month == chosen)
                     for month in (chosen.replace(month=number, day=1) for number in range(1, 13))])


def _panel_value(label: str, name: str, found: Totals | None, typical: Totals | None, href: str,
                 chosen: bool = False) -> svg.Value:
    if found is None or found.production_dwh is None:
        return svg.Value(label, _("{name}: nothing recorded").format(name=name), None)
    around = typical.production_dwh if typical else None
    title = f"{name}: {kwh(found.production_dwh, 2)} kWh" + (
        _("; typical {kwh} kWh").format(kwh=kwh(around, 2)) if around is not None else "")
    return svg.Value(label, title, found.production_dwh, None, href, chosen, around)


def bar_value(label: str, name: str, found: Totals | None, href: str, chosen: bool,
              before: Totals | None = None, earlier: Totals | None = None) -> svg.Value:
    """A bar for totals, or for a day or month of which nothing is known; `before`: the same a year earlier; `earlier`:
    what was imported."""
    known = found or Totals(date.min)
    ghost = before.production_dwh if before else None
    imported = earlier.production_dwh if earlier else None
    title = bar_title(name, found) if found or imported is None else f"{name}:"
    title += "" if imported is None else ("; " if found else " ") + _("imported {kwh} kWh").format(kwh=kwh(imported))
    title += "" if ghost is None else _("; a year before {kwh} kWh").format(kwh=kwh(ghost))
    return svg.Value(label, title, known.production_dwh, known.consumption_dwh, href, chosen, ghost, imported)


def bar_title(name: str, found: Totals | None) -> str:
    """What a bar says when pointed at or read aloud."""
    if found is None or found.production_dwh is None:
        return _("{name}: nothing recorded").format(name=name)
    used = "" if found.consumption_dwh is None else _(", used {kwh} kWh").format(kwh=kwh(found.consumption_dwh))
    return f"{name}: {kwh(found.production_dwh)} kWh{used}"
