"""The picture of a day: an SVG of its own with title, units and the day's totals; holes and the clocks' nights fit."""
import xml.etree.ElementTree as ElementTree
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.conftest import Visitor
from webui.present import picture

SVG = "{http://www.w3.org/2000/svg}"


def chart(powers: list[int | None], hole: bool = False) -> dict[str, Any]:
    """A day's curve as present.day makes it."""
    return {"start": 0, "end": 86_400, "times": list(range(0, 86_401, 300))[:len(powers)], "ticks": [(43_200, "12:00")],
            "holes": [[0, 43_200]] if hole else [], "production_w": powers, "consumption_w": None}


@given(st.lists(st.none() | st.integers(0, 300_000), max_size=289))
def test_the_scale_holds_every_power_and_has_few_lines(powers: list[int | None]) -> None:
    found = picture.of_day(date(2026, 5, 9), chart(powers))
    assert found.grid[0][0] == found.high and all(0 <= y <= found.high for y, _ in found.grid)
    assert 2 <= len(found.grid) <= picture.MOST_LINES + 2


def test_a_hole_and_the_hours_stand_where_they_were() -> None:
    found = picture.of_day(date(2026, 5, 9), chart([5, None, 7], hole=True))
    assert found.holes == [(0, found.wide / 2)] and found.marks == [(found.wide / 2, "12:00")]


@pytest.mark.parametrize("day", ["2026-05-08", "2026-05-09", "2020-01-01", "2026-11-01"])
def test_the_page_gives_it_as_a_file_with_title_totals_and_units(guest: Visitor, roof: Path, day: str) -> None:
    answer = guest.get(f"/day/{day}/picture.svg")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="suntap-{day}.svg"'
    drawn = ElementTree.fromstring(answer.data)
    words = " ".join("".join(text.itertext()) for text in drawn.iter(f"{SVG}text"))
    assert date.fromisoformat(day).strftime("%A") in words and "W" in words.split() and "kWh" in words
    made = guest.get(f"/api/v1/days?from={day}&to={day}").json["days"]
    if made:
        assert f"made {float(made[0]['production_kwh']):.1f} kWh" in words


def test_what_is_no_day_has_no_picture(guest: Visitor) -> None:
    assert guest.get("/day/may/picture.svg").status_code == 404
