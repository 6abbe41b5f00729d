"""After the start the first visit is as quick as the next one: nothing is left to be compiled or to be added up."""
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from appliance.history import worth
from tests.web.conftest import NOON, Visitor
from tests.web.roof import Roof, fill
from webui import warm
from webui.present import energy


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "_finished", {})


def test_the_first_visit_compiles_nothing_and_adds_up_this_year_alone(
        app: Flask, owner: Visitor, data_dir: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.update(config, {"site.buy": "0.30 (16-21 0.58)"})
    for day in (date(2024, 5, 9), date(2025, 5, 9), date(2026, 5, 8)):
        fill(data_dir, settings.load(config), Roof(serials=Roof().serials[:2]).uploads(day, 1), NOON)
    warm.start(app).join(60)
    asked: list[int] = []

    def of(days: tuple[energy.Totals, ...], *more: object) -> worth.Worth:
        asked.extend(day.day.year for day in days)
        return worth.Worth()

    def compiled(*_: object, **__: object) -> None:
        raise AssertionError("a template is compiled")

    monkeypatch.setattr(energy.worths, "of", of)
    monkeypatch.setattr(app.jinja_env, "compile", compiled)
    for path in ("/history", "/", "/panels", "/diagnostics", "/settings"):
        assert owner.get(path).status_code == 200
    assert asked and set(asked) == {2026}


def test_a_history_that_cannot_be_read_is_left_to_the_pages(app: Flask, owner: Visitor, data_dir: Path) -> None:
    (data_dir / "suntap.sqlite3").unlink()
    (data_dir / "suntap.sqlite3").write_bytes(b"\xa5" * 8192)
    warm.warm(app)
    assert owner.get("/settings").status_code == 200
