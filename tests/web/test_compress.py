"""Answers are gzipped for who takes it, and are the same afterwards."""
import gzip
import re
from pathlib import Path

import pytest

from tests.web.conftest import Visitor

TAKES = {"Accept-Encoding": "gzip, deflate"}
TOKEN = re.compile(rb'(name="csrf_token" value=")[^"]*')       # the second in which it was made is in it


@pytest.mark.parametrize("path", ["/history?month=2026-05", "/static/style.css", "/api/v1/slots", "/diagnostics/lamps",
                                  "/static/vendor/uplot/uPlot.iife.min.js"])
def test_an_answer_is_smaller_and_the_same(owner: Visitor, roof: Path, path: str) -> None:
    plain, packed = owner.get(path), owner.get(path, headers=TAKES)
    assert plain.status_code == packed.status_code == 200 and "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip" and (
        TOKEN.sub(rb"\1", gzip.decompress(packed.data)) == TOKEN.sub(rb"\1", plain.data))
    assert len(packed.data) < len(plain.data) * .6 and int(packed.headers["Content-Length"]) == len(packed.data)
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.parametrize("path", ["/export/slots.csv?first=2026-05-07&last=2026-05-09", "/healthz",
                                  "/diagnostics/uploads.txt", "/settings/update"])
def test_downloads_small_answers_and_errors_go_out_as_they_are(owner: Visitor, roof: Path, path: str) -> None:
    assert "Content-Encoding" not in owner.get(path, headers=TAKES).headers


def test_a_browser_that_has_it_is_told_so(owner: Visitor) -> None:
    first = owner.get("/static/style.css?v=1", headers=TAKES)
    assert "immutable" in first.headers["Cache-Control"]
    assert owner.get("/static/style.css?v=1", headers={"Accept-Encoding": "gzip;q=0"}).headers.get(
        "Content-Encoding") is None


def test_a_first_visit_weighs_less_than_80_kb(guest: Visitor, roof: Path) -> None:
    paths = ["/", "/static/style.css", "/static/page.js", "/static/curve.js", "/static/icon.svg",
             "/static/vendor/uplot/uPlot.iife.min.js", "/static/vendor/uplot/uPlot.min.css"]
    assert sum(len(guest.get(path, headers=TAKES).data) for path in paths) < 80_000
