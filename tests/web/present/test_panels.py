"""Names and places of the panels: the owner's, an heir's, short serials; the grid without the empty rim."""
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from appliance.history import inverters
from appliance.history.inverters import Replacement
from appliance.settings import Panel
from tests.web.conftest import TODAY
from tests.web.roof import SERIALS
from webui.present import panels
from webui.present.panels import Shown

MONTH = (date(2026, 5, 1), date(2026, 5, 31))


@pytest.mark.parametrize(("share", "shade"), [(None, 0), (0, 1), (59, 1), (60, 2), (89, 2), (90, 3), (99, 3), (100, 4),
                                              (250, 4)])
def test_the_shade_follows_the_share_of_typical(share: int | None, shade: int) -> None:
    assert panels.shade(share) == shade


def test_the_grid_has_no_empty_rim() -> None:
    one, two = Shown("1", "a", "", 1, 1, 1, 3, 4), Shown("2", "b", "", 1, 1, 1, 5, 6)
    assert panels.grid([one, two, Shown("3", "c", "", 1, 1, 1)]) == [
        [one, None, None], [None, None, None], [None, None, two]]
    assert panels.grid([]) == []


def test_names_are_the_owners_else_short_serials() -> None:
    said = {SERIALS[0]: Panel(SERIALS[0], "South 1"), SERIALS[1]: Panel(SERIALS[1], "", 1, 1)}
    assert panels.names(said, SERIALS[:3]) == {SERIALS[0]: "South 1", SERIALS[1]: "…0002", SERIALS[2]: "…0003"}


def test_a_period_has_the_placed_ones_first_and_what_each_made(app: Flask, roof: Path, config: Path) -> None:
    settings.update(config, {"site.panel": [{"serial": SERIALS[5], "name": "Top", "row": 1, "column": 2},
                                            {"serial": SERIALS[9], "row": 1, "column": 1}]})
    with app.app_context():
        box = app.extensions["suntap"]
        shown = panels.period(box, *MONTH)
        assert [one.serial for one in shown] == [SERIALS[9], SERIALS[5], *SERIALS[:5], *SERIALS[6:9], *SERIALS[10:]]
        expected = dict(box.store().execute("SELECT serial, sum(energy_dwh) FROM device_day JOIN device ON device = id"
                                            " WHERE kind = 'inverter' GROUP BY serial"))
        assert {one.serial: one.energy_dwh for one in shown} == expected
        assert all(90 <= (one.share or 0) <= 110 for one in shown)


def test_an_heir_has_the_name_and_the_place_until_the_owner_says_otherwise(
        app: Flask, roof: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = SERIALS[0], SERIALS[1]
    monkeypatch.setattr(inverters, "replacements", lambda _: [Replacement(old, new, TODAY.isoformat())])
    settings.update(config, {"site.panel": [{"serial": old, "name": "Top", "row": 2, "column": 2}]})
    with app.app_context():
        box = app.extensions["suntap"]
        shown = {one.serial: one for one in panels.period(box, *MONTH)}
        assert (shown[new].name, shown[new].row, shown[new].column) == ("Top", 2, 2)
        assert (shown[old].heir, shown[old].row) == ("Top", 0)
        assert panels.present(box) == SERIALS[1:] and len(panels.replaced(box, *MONTH)) == 1
        settings.update(config, {"site.panel": [{"serial": new, "name": "Mine"}, {"serial": old, "name": "Top"}]})
        assert panels.called(box)[new] == "Mine"
