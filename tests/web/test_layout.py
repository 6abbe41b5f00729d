"""Error pages: a history that cannot be read is no bug, and costs the pages that need it only."""
import sqlite3
from pathlib import Path

import pytest
from flask import Flask

from tests.web.conftest import Visitor
from tests.web.pages.test_api import check


@pytest.fixture(params=["no database", "flipped pages"])
def damaged(request: pytest.FixtureRequest, roof: Path) -> Path:
    """The data directory with a history that SQLite refuses: as a whole, or when it comes to the tables."""
    with sqlite3.connect(roof / "suntap.sqlite3") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray((roof / "suntap.sqlite3").read_bytes())
    start = 0 if request.param == "no database" else 4096
    content[start:] = b"\xa5" * (len(content) - start)
    (roof / "suntap.sqlite3").write_bytes(content)
    return roof


@pytest.mark.parametrize("path", ["/", "/history", "/pvoutput"])
def test_a_page_says_that_its_history_is_damaged_and_what_to_do(owner: Visitor, damaged: Path, path: str) -> None:
    answer = owner.get(path)
    assert answer.status_code == 503
    assert "suntap.sqlite3" in answer.text and "restart suntap: it sets a damaged file aside" in answer.text


@pytest.mark.parametrize("path", ["/api/v1/now", "/api/v1/days", "/api/v1/slots"])
def test_so_does_the_api(owner: Visitor, damaged: Path, path: str) -> None:
    answer = owner.get(path)
    assert answer.status_code == 503
    assert "restart suntap: it sets a damaged file aside" in check(answer, path)["error"]


@pytest.mark.parametrize("path", ["/diagnostics", "/diagnostics/lamps", "/settings", "/api/v1/status"])
def test_what_tells_how_the_box_is_needs_no_history(owner: Visitor, damaged: Path, path: str) -> None:
    assert owner.get(path).status_code == 200


def test_the_inbox_is_shown_without_a_history(owner: Visitor, damaged: Path) -> None:
    assert "SMS2DataCollector.aspx" in owner.get("/diagnostics").text


def test_a_wrong_statement_is_a_bug_and_says_nothing_of_the_disk(app: Flask, owner: Visitor) -> None:
    def wrong() -> str:
        return str(sqlite3.connect(":memory:").execute("SELECT nothing").fetchall())

    app.view_functions["dashboard.today"] = wrong
    answer = owner.get("/")
    assert answer.status_code == 500 and "cannot be read" not in answer.text
