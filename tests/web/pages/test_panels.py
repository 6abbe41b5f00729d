"""The page of panels: month and year, one inverter, names and places saved whole or not at all."""
import re
from datetime import timedelta
from pathlib import Path

import pytest

from appliance import settings
from appliance.settings import Panel, SettingsError
from appliance.settings.validators import GRID, MAX_PANELS, panel_list
from tests.web.conftest import NOON, TODAY, Visitor
from tests.web.roof import SERIALS, Roof, fill

FIRST, SECOND = SERIALS[:2]


@pytest.mark.parametrize("path", ["/panels", "/panels?month=2026-05", "/panels?year=2026", "/panels?month=2025-01",
                                  f"/panels/{FIRST}", f"/panels/{FIRST}?month=2026-04"])
def test_anybody_at_home_sees_the_panels(guest: Visitor, roof: Path, path: str) -> None:
    assert guest.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/panels?month=may", "/panels?year=20x6", "/panels?year=9999", "/panels/unknown"])
def test_what_there_is_not_is_not_found(guest: Visitor, roof: Path, path: str) -> None:
    assert guest.get(path).status_code == 404


def test_a_year_leads_to_its_newest_month_with_readings(guest: Visitor, roof: Path) -> None:
    shown = guest.get("/panels?year=2026").text
    assert "month=2026-05" in shown and "month=2026-01" not in shown and "month=2026-12" not in shown


def test_without_a_history_the_pages_say_so(guest: Visitor, owner: Visitor) -> None:
    assert "Nothing recorded in this period." in guest.get("/panels").text
    assert "No inverter was heard yet." in owner.get("/panels/arrange").text


def test_an_inverter_that_makes_next_to_nothing_is_called_so_beside_a_month_that_looks_merely_weak(
        guest: Visitor, data_dir: Path) -> None:
    roof = Roof()
    fill(data_dir, settings.Settings(), roof.uploads(TODAY - timedelta(days=3), 5), NOON)
    roof.dead = {FIRST}
    for day in (2, 1):
        fill(data_dir, settings.Settings(), roof.uploads(TODAY - timedelta(days=day), 1), NOON)
    roof.dead = set()
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 1, until=NOON - 20), NOON)
    for path in ("/panels?month=2026-05", "/panels?year=2026"):
        text = guest.get(path, headers={"Accept-Language": "en-US"}).text
        assert re.search(rf'class="panel dead" [^>]*title="{FIRST}">.*<strong>makes next to nothing since May 7, 2026',
                         text)
        assert text.count("makes next to nothing") == 2     # on its tile and in the table
    assert "makes next to nothing" not in guest.get("/panels?month=2026-04").text


def test_names_and_places_are_saved_and_shown_everywhere(owner: Visitor, roof: Path, config: Path) -> None:
    form = {f"name-{FIRST}": "South 1", f"row-{FIRST}": "2", f"column-{FIRST}": "3", f"name-{SECOND}": "Garage"}
    assert owner.send("/panels/arrange", **form).status_code == 302
    assert settings.load(config).site.panel == (Panel(FIRST, "South 1", 2, 3), Panel(SECOND, "Garage"))
    assert 'class="roof"' in owner.get("/panels").text
    for path in ("/", "/panels", f"/panels/{FIRST}"):
        assert "South 1" in owner.get(path).text, path
    assert owner.send("/panels/arrange").status_code == 302
    assert settings.load(config).site.panel == ()


@pytest.mark.parametrize(("form", "words"), [
    ({f"row-{FIRST}": "1", f"column-{FIRST}": "1", f"row-{SECOND}": "1", f"column-{SECOND}": "1"}, "same place"),
    ({f"row-{FIRST}": "1"}, "no column"), ({f"row-{FIRST}": "0", f"column-{FIRST}": "1"}, "from 1 to"),
    ({f"row-{FIRST}": str(GRID + 1), f"column-{FIRST}": "1"}, "from 1 to"),
    ({f"name-{FIRST}": "x" * 41}, "at most 40")])
def test_a_mistake_saves_nothing_and_keeps_what_was_typed(owner: Visitor, roof: Path, config: Path,
                                                          form: dict[str, str], words: str) -> None:
    answer = owner.send("/panels/arrange", **form, **{f"name-{SERIALS[5]}": "Kept"})
    assert answer.status_code == 422 and words in answer.text and "Kept" in answer.text
    assert settings.load(config).site.panel == ()


@pytest.mark.parametrize("value", ["x", [1], [{}], [{"serial": ""}], [{"serial": "1", "row": 1}],
                                   [{"serial": "1", "row": GRID + 1, "column": 1}], [{"serial": "1"}, {"serial": "1"}],
                                   [{"serial": "1", "row": 1, "column": 1}, {"serial": "2", "row": 1, "column": 1}],
                                   [{"serial": "1", "name": "x" * 41}],
                                   [{"serial": str(number)} for number in range(MAX_PANELS + 1)]])
def test_the_file_refuses_what_cannot_be_a_roof(value: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        panel_list(value)
    with pytest.raises(SettingsError, match=r"site\.panel"):
        settings.update(tmp_path / "suntap.toml", {"site.panel": value})


def test_the_shades_are_told_in_words(guest: Visitor, roof: Path) -> None:
    text = guest.get("/panels").text
    for words in ("Beside its neighbors:", "much less (below 60 %)", "less (below 90 %)", "as much or more"):
        assert words in text
    assert "Share of typical" in text and "100 % is what the other panels typically made" in text
