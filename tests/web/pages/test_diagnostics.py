"""Diagnostics: what arrived as it came, the log at its level, and the PVS's own backlog as a curve within its frame."""
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from appliance.store import inbox
from tests.web.conftest import Visitor
from webui.data import box
from webui.pages.diagnostics import BACKLOG_POINTS, UPLOADS, backlog


def test_the_newest_uploads_are_shown_as_they_came(owner: Visitor, roof: Path) -> None:
    text = owner.get("/diagnostics").text
    with closing(inbox.connect(roof, readonly=True)) as conn:
        newest = [one for _, one in inbox.newest(conn, UPLOADS)]
    assert len(newest) == UPLOADS and all(one.body.decode().split("\n")[0].split("\t")[4] in text for one in newest)


@pytest.mark.parametrize("path", ["/diagnostics", "/diagnostics/lamps", "/diagnostics/log"])
def test_it_is_the_owners_and_works_without_any_history(owner: Visitor, guest: Visitor, path: str) -> None:
    assert owner.get(path).status_code == 200 and guest.get(path).status_code in (302, 401, 403)


def test_the_backlog_is_a_line_within_its_frame_with_a_bounded_number_of_points(app: Flask, roof: Path) -> None:
    with app.test_request_context():
        found = backlog(box())
    assert found is not None and found["now"] <= found["top"] and found["since"] < found["until"] == found["at"]
    points = [tuple(map(float, point.split(","))) for point in found["points"].split()]
    assert 1 < len(points) <= 2 * BACKLOG_POINTS + 1
    assert all(0 <= x <= 720.1 and 7.9 <= y <= 116.1 for x, y in points) and points == sorted(points)


def test_without_points_and_without_a_history_there_is_no_curve(app: Flask, data_dir: Path) -> None:
    with app.test_request_context():
        assert backlog(box()) is None
    (data_dir / "suntap.sqlite3").write_bytes(b"no database" * 1000)
    with app.test_request_context():
        assert backlog(box()) is None
