"""Bars of months and years: a bar for each day there is, its words exact, and nothing recorded said as such."""
from datetime import date

import pytest
from flask import Flask

from webui.present import charts
from webui.present.energy import Totals

DAY = date(2026, 2, 9)


@pytest.fixture(autouse=True)
def request_(app: Flask):
    with app.test_request_context():
        yield


def totals(day: date, made: int | None, used: int | None = None) -> Totals:
    return Totals(day, production_dwh=made, consumption_dwh=used)


def test_a_bar_says_what_was_made_used_imported_and_a_year_before() -> None:
    found = totals(DAY, 123_456, 65_432)
    assert charts.bar_title("9 Feb", found) == "9 Feb: 12.3 kWh, used 6.5 kWh"
    assert charts.bar_title("9 Feb", None) == charts.bar_title("9 Feb", totals(DAY, None)) == "9 Feb: nothing recorded"
    value = charts.bar_value("9", "9 Feb", found, "/x", True, totals(DAY, 10_000), totals(DAY, 20_000))
    assert value.title == "9 Feb: 12.3 kWh, used 6.5 kWh; imported 2.0 kWh; a year before 1.0 kWh"
    alone = charts.bar_value("9", "9 Feb", None, "", False, None, totals(DAY, 20_000))
    assert alone.title == "9 Feb: imported 2.0 kWh"


@pytest.mark.parametrize(("chosen", "days"), [(DAY, 28), (date(2024, 2, 1), 29), (date(2026, 12, 31), 31)])
def test_a_month_has_a_bar_for_each_of_its_days_and_leads_to_those_that_are_known(chosen: date, days: int) -> None:
    known = chosen.replace(day=3)
    bars = charts.month_bars({known: totals(known, 10_000)}, chosen)
    assert len(bars.bars) == days
    assert [bar.value.href for bar in bars.bars if bar.value.href] == [f"/day/{known}"]


def test_a_year_has_twelve_bars_and_all_years_one_each_with_those_that_were_imported() -> None:
    assert len(charts.year_bars({2: totals(DAY, 1)}, DAY).bars) == 12
    earlier = {2019: totals(date(2019, 1, 1), 5)}
    assert len(charts.years_bars({2026: totals(DAY, 1)}, 2026, earlier).bars) == 2


def test_an_inverters_days_and_months_stand_beside_what_is_typical() -> None:
    bars = charts.panel_days({DAY: totals(DAY, 12_340)}, DAY.replace(day=1), {DAY: totals(DAY, 15_000)})
    assert len(bars.bars) == 28 and [bar.value.title for bar in bars.bars if "typical" in bar.value.title] == [
        "9 Feb 2026: 1.23 kWh; typical 1.50 kWh"]
    assert len(charts.panel_months("S1", {}, DAY, {}).bars) == 12
