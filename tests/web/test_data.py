"""What a page works with: a connection of its own that ends with the request, and settings that are changed whole."""
import sqlite3
from pathlib import Path

import pytest
from flask import Flask, g

from appliance import settings
from tests.web.conftest import Visitor
from webui.data import Box, box


@pytest.fixture
def opened(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection that a page of the app is given."""
    found: list[sqlite3.Connection] = []
    given = Box.store

    def store(self: Box) -> sqlite3.Connection:
        found.append(given(self))
        return found[-1]
    monkeypatch.setattr(Box, "store", store)
    return found


def closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


@pytest.mark.parametrize("path", ["/", "/history", "/pvoutput", "/api/v1/now", "/diagnostics"])
def test_a_connection_is_closed_when_its_request_ends(owner: Visitor, roof: Path, opened: list[sqlite3.Connection],
                                                      path: str) -> None:
    assert owner.get(path).status_code == 200
    assert opened and all(map(closed, opened))


def test_it_is_closed_too_when_the_page_fails(app: Flask, owner: Visitor, opened: list[sqlite3.Connection]) -> None:
    def fail() -> str:
        box().store()
        raise ValueError("a bug")
    app.testing = False
    app.view_functions["history.show"] = fail
    fail.access_level = app.view_functions["dashboard.today"].access_level  # type: ignore[attr-defined]
    assert owner.get("/history").status_code == 500
    assert opened and all(map(closed, opened))


def test_one_request_has_one_connection(app: Flask, roof: Path) -> None:
    with app.test_request_context("/"):
        assert box().store() is box().store() is g.suntap_store
    with app.test_request_context("/"):
        assert "suntap_store" not in g


def test_keys_that_have_their_value_already_are_not_written(app: Flask, config: Path) -> None:
    before = config.read_bytes()
    with app.test_request_context("/"):
        box().change({"site.timezone": "America/Los_Angeles", "site.size_w": 0})
        assert config.read_bytes() == before
        box().change({"site.size_w": 5300})
        assert box().settings().site.size_w == 5300
        with pytest.raises(settings.SettingsError):
            box().change({"site.size_w": -1, "site.timezone": "Europe/Berlin"})
    assert settings.load(config).site == settings.Site(size_w=5300)
