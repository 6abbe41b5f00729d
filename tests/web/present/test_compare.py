"""A number beside the same one a year before: only what is measured on both sides is compared."""
import re
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from appliance import settings
from tests.web.conftest import NOON, TODAY, ZONE, FixedClock, Visitor
from tests.web.roof import Roof, fill
from webui.data import Box
from webui.present import compare, energy
from webui.present.compare import Change
from webui.present.units import MINUS, NARROW

THEN = date(2025, 5, 9)


@pytest.fixture
def box(app: Flask):
    """The box, inside a request."""
    with app.test_request_context("/"):
        yield app.extensions["suntap"]


@pytest.fixture
def two_years(data_dir: Path) -> None:
    """Six days of May a year ago, and six of this one up to noon."""
    roof = Roof()
    fill(data_dir, settings.Settings(), roof.uploads(THEN, 6), NOON)
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 6, until=NOON), NOON)


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_percentage_is_rounded_and_has_its_sign(now: int, then: int) -> None:
    text = Change(now, then, THEN).percent
    whole = int(text[1:].removesuffix(f"{NARROW}%")) * (-1 if text[0] == MINUS else 1)
    assert abs(Fraction(100 * (now - then), then) - whole) <= Fraction(1, 2) and text[0] in ("+", MINUS)


@pytest.mark.parametrize(("day", "before"), [
    (date(2026, 5, 9), date(2025, 5, 9)), (date(2028, 2, 29), date(2027, 2, 28)), (date(2028, 3, 1), date(2027, 3, 1))])
def test_the_day_a_year_before(day: date, before: date) -> None:
    assert compare.year_before(day) == before


def test_a_whole_day_and_its_curve_beside_last_years(box: Box, two_years: None) -> None:
    yesterday = TODAY - timedelta(days=1)
    made = {day: found.production_dwh for day, found in energy.days(box, date(2025, 1, 1), TODAY).items()}
    found = compare.day(box, yesterday, made[yesterday])
    assert found is not None and (found.now_dwh, found.then_dwh) == (made[yesterday], made[THEN - timedelta(days=1)])
    noon = int(datetime(2026, 5, 8, 12, tzinfo=ZONE).timestamp())
    ghost = compare.ghost(box, yesterday, [noon, noon + 300])
    slots = {slot.time: slot.production_w for slot in energy.slots(box, THEN - timedelta(days=1))}
    assert ghost == [slots[noon - 365 * 86400], slots[noon - 365 * 86400 + 300]]
    assert compare.day(box, date(2024, 5, 9), 1) is None and compare.ghost(box, date(2024, 5, 9), [noon]) is None


def test_an_unfinished_month_is_held_against_the_same_days(box: Box, two_years: None) -> None:
    made = {day: found.production_dwh or 0 for day, found in energy.days(box, date(2025, 1, 1), TODAY).items()}
    found = compare.span(box, date(2026, 5, 1), date(2026, 5, 31), TODAY)
    both = [TODAY - timedelta(days=number) for number in range(1, 6)]      # not today, which is not over
    assert found is not None and found.now_dwh == sum(made[day] for day in both)
    assert found.then_dwh == sum(made[compare.year_before(day)] for day in both)
    assert compare.span(box, TODAY, TODAY, TODAY) is None
    assert compare.span(box, date(2025, 5, 1), date(2025, 5, 31), TODAY) is None


def test_today_is_held_against_the_last_days_by_the_same_time(box: Box, two_years: None) -> None:
    until = energy.slots(box, TODAY)[-1].time
    found = compare.recent(box, TODAY, until)
    by_now = []
    for number in range(1, 6):
        slots = energy.slots(box, TODAY - timedelta(days=number))
        by_now.append((sum(slot.production_dwh or 0 for slot in slots if slot.time <= until - number * 86400),
                       TODAY - timedelta(days=number)))
    assert found is not None and found.days == 5
    assert (found.best_dwh, found.best) == max(by_now) and found.middle_dwh == sorted(by_now)[2][0]
    assert compare.recent(box, TODAY - timedelta(days=3), until - 3 * 86400) is None        # two days tell nothing


def test_the_pages_say_it(guest: Visitor, two_years: None, clock: FixedClock) -> None:
    assert re.search(r"By \d\d:\d\d, a usual one of the last 5 days had made", guest.get("/").text)
    past = guest.get("/day/2026-05-08").text
    assert f"{NARROW}% compared with 8 May 2025" in past and '"ghost_w": [' in past and "By this time" not in past
    history = guest.get("/history").text
    assert history.count("% compared with the same days of 2025") == 2 and history.count('class="ghost"') >= 6
    assert "; a year before" in history
    assert "compared with" not in guest.get("/history?month=2025-05").text
