"""A day hour by hour: every slot is in one row, and a hole is a row of its own."""
from datetime import date, datetime
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from appliance.ledger.slot import Slot
from tests.web.conftest import NOON, TODAY, ZONE
from tests.web.roof import Roof, bounds, fill
from webui.data import Box
from webui.present import day, energy


@pytest.fixture
def box(app: Flask):
    """The box, inside a request."""
    with app.test_request_context("/"):
        yield app.extensions["suntap"]


def holed(data_dir: Path, begin: str, end: str) -> None:
    """A day on which nothing is heard from `begin` to `end` (local time)."""
    roof = Roof()
    roof.hole = tuple(int(datetime.fromisoformat(f"{TODAY} {at}").replace(tzinfo=ZONE).timestamp())
                      for at in (begin, end))  # type: ignore[assignment]
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 1), 2e9)


@pytest.mark.parametrize(("begin", "end"), [("08:00", "14:05"), ("09:20", "09:50"),
                                            ("11:00", "12:00")])
def test_a_hole_is_one_row_with_its_own_time_and_no_hour_holds_its_energy(box: Box, data_dir: Path, begin: str,
                                                                         end: str) -> None:
    holed(data_dir, begin, end)
    slots = energy.slots(box, TODAY)
    rows = day.hours(box, TODAY, slots)
    holes = [row for row in rows if row.hole]
    assert len(holes) == sum(slot.hole and slot.seconds > 300 for slot in slots) == 1
    assert sum(row.production_dwh or 0 for row in rows) == sum(slot.production_dwh or 0 for slot in slots)
    assert max(row.production_dwh or 0 for row in rows if not row.hole) < 5200 * 10    # no more than an hour can make
    assert len({row.label for row in rows}) == len(rows)


def test_the_hour_in_which_a_hole_ends_goes_on_from_there(box: Box, data_dir: Path) -> None:
    holed(data_dir, "08:00", "14:05")
    labels = [row.label for row in day.hours(box, TODAY, energy.slots(box, TODAY))]
    at = next(number for number, label in enumerate(labels) if "–" in label)
    assert labels[at - 1:at + 1] == ["07:00", "08:00 – 14:10"]
    assert labels[at + 1] == "14:10" and labels[at + 2] == "15:00"


@pytest.mark.parametrize(("when", "hours", "names"), [
    (date(2026, 3, 8), 23, {"01:00", "03:00"}), (date(2026, 11, 1), 25, {"01:00 PDT", "01:00 PST", "02:00"}),
    (date(2026, 5, 9), 24, {"01:00", "02:00"})])
def test_an_hour_that_comes_twice_says_which_one_it_is(box: Box, when: date, hours: int, names: set[str]) -> None:
    start, end = bounds(when, ZONE)
    slots = [Slot(time, 1, None, None, None, None, 300, False) for time in range(start, end, 300)]
    labels = [row.label for row in day.hours(box, when, slots)]
    assert len(labels) == len(set(labels)) == hours and names <= set(labels)
    assert sum(row.production_dwh or 0 for row in day.hours(box, when, slots)) == hours * 12


def test_no_line_of_an_inverter_is_drawn_through_a_hole(box: Box, data_dir: Path) -> None:
    holed(data_dir, "08:00", "14:05")
    for inverter in energy.inverters(box, TODAY):
        gaps = [number for number, (_, power) in enumerate(inverter.curve) if power is None]
        assert len(gaps) == 1
        before, begin, end = (inverter.curve[gaps[0] + step][0] for step in (-1, 0, 1))
        assert before <= begin and end - begin > 6 * 3600


def test_without_a_hole_a_day_has_its_hours(box: Box, data_dir: Path) -> None:
    fill(data_dir, settings.Settings(), Roof().uploads(TODAY, 1, until=NOON), NOON)
    rows = day.hours(box, TODAY, energy.slots(box, TODAY))
    assert not any(row.hole for row in rows) and {row.label[3:] for row in rows} == {"00"}
