"""The fragment about an order: asked for until the answer is there, for the owner only."""
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from tests.web.conftest import Visitor


def order(data_dir: Path, result: str | None = None) -> int:
    with closing(store.connect(data_dir)) as conn:
        row = conn.execute("INSERT INTO command (created, name, argument, finished, result)"
                           " VALUES (1, 'rebuild', '{}', ?, ?)", (None if result is None else 1, result))
        return int(row.lastrowid or 0)


def test_an_order_that_waits_and_one_that_failed_say_so(owner: Visitor, data_dir: Path) -> None:
    error = order(data_dir, '{"error": "the disk is full"}')
    waits, failed = owner.get(f"/order/{order(data_dir)}"), owner.get(f"/order/{error}")
    assert (waits.status_code, failed.status_code) == (200, 200) and "the disk is full" in failed.text != waits.text
    assert "X-Again" not in waits.headers and "X-Again" not in failed.headers


@pytest.mark.parametrize("result", ['{"uploads": null, "created": 1780000000}', '{"days": 3}', "{}"])
def test_what_shows_more_when_it_is_done_loads_the_page_again(owner: Visitor, data_dir: Path, result: str) -> None:
    assert owner.get(f"/order/{order(data_dir, result)}").headers["X-Again"] == "1"


@pytest.mark.parametrize("number", ["99", "0", "9" * 30])
def test_an_order_that_there_is_not_is_not_found(owner: Visitor, number: str) -> None:
    assert owner.get(f"/order/{number}").status_code == 404


def test_a_guest_is_told_nothing(guest: Visitor, data_dir: Path) -> None:
    assert guest.get(f"/order/{order(data_dir)}").status_code in (302, 401, 403)
