"""A roof of many invented inverters does not make the dashboard's work grow with the square of their number."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance import settings
from appliance.ledger import devices
from appliance.system.clock import Clock
from tests.attack.support import capture, day_of, heard
from tests.ledger.support import HOUR, LA, NOON, Box
from tests.web.conftest import Visitor
from webui import create_app
from webui.cache import MAX_KEPT

MANY = 200


@pytest.fixture
def visitor(box, tmp_path):
    """A browser on the page of a box with MANY inverters."""
    settings.update(tmp_path / "suntap.toml", {"store.data_dir": box.data_dir, "site.timezone": LA.timezone})
    app = create_app(tmp_path / "suntap.toml", box.data_dir, Clock(0.0, NOON + HOUR, 0.0))
    app.extensions["suntap-auth"].set_password("long enough password")
    return app.test_client()


def fill(box: Box, count: int) -> None:
    for first in range(0, count, 25):
        lines = [line for n in range(first, first + 25) for line in day_of(NOON, 100, f"4140500000{n:05}", count=3)]
        capture(box, heard(lines, NOON + HOUR, mark=str(first)))


def test_the_dashboard_looks_at_each_device_a_few_times(box, visitor, monkeypatch):
    fill(box, MANY)
    seen = 0
    counting = devices.counting

    def counted(*args):
        nonlocal seen
        found = counting(*args)
        seen += len(found)
        return found

    monkeypatch.setattr(devices, "counting", counted)
    answer = visitor.get("/")
    assert answer.status_code == 200 and 0 < seen <= 5 * MANY


def test_the_inverters_are_made_once_for_all_that_ask_until_something_changes(box, visitor):
    fill(box, MANY)
    kept = visitor.application.extensions["suntap"].answers
    with ThreadPoolExecutor(6) as browsers:
        pages = {browser.result().text.count("kWh</small>") for browser in
                 [browsers.submit(visitor.application.test_client().get, "/") for _ in range(12)]}
    assert len(pages) == 1 and kept.made == 1
    capture(box, heard(day_of(NOON + HOUR, 100, "414060000000001", count=3), NOON + 2 * HOUR, mark="one more"))
    assert "60000000001" in visitor.get("/").text and kept.made == 2
    for day in range(1, 28):
        visitor.get(f"/day/2026-02-{day:02}")
    assert len(kept._answers) == MAX_KEPT


def test_a_sender_cannot_name_more_devices_than_its_limit(box, visitor):
    fill(box, devices.MAX_OF_SENDER + 100)
    assert box.store.execute("SELECT count(*) FROM device").fetchone() == (devices.MAX_OF_SENDER,)
    assert visitor.get("/").status_code == 200


def test_the_api_makes_the_inverters_once_too(box, visitor):
    fill(box, MANY)
    visitor.application.extensions["suntap-auth"].set_password("long enough password")
    settings.update(visitor.application.extensions["suntap"].config_path, {"web.public_dashboard": True})
    kept = visitor.application.extensions["suntap"].answers
    answers = [visitor.get("/api/v1/inverters") for _ in range(20)]
    assert {len(answer.json["inverters"]) for answer in answers} == {MANY} and kept.made == 1
    assert answers[0].mimetype == "application/json"
    capture(box, heard(day_of(NOON + HOUR, 100, "414060000000001", count=3), NOON + 2 * HOUR, mark="one more"))
    assert len(visitor.get("/api/v1/inverters").json["inverters"]) == MANY + 1 and kept.made == 2


def test_the_panels_of_a_period_are_made_once_for_all_that_ask_and_nothing_of_the_owner_is_kept(box, visitor):
    fill(box, MANY)
    visitor.application.extensions["suntap-auth"].set_password("long enough password")
    settings.update(visitor.application.extensions["suntap"].config_path, {"web.public_dashboard": True})
    kept = visitor.application.extensions["suntap"].answers
    pages = [visitor.application.test_client().get("/panels").text for _ in range(6)]
    assert {page.count('scope="row"') for page in pages} == {MANY} and kept.made == 1
    owner = Visitor(visitor)
    owner.log_in("long enough password")
    assert "/panels/arrange" in owner.get("/panels").text and "/panels/arrange" not in pages[0] and kept.made == 1
    settings.update(visitor.application.extensions["suntap"].config_path,
                    {"site.panel": (settings.Panel("414050000000007", "by the chimney", 1, 1),)})
    assert "by the chimney" in visitor.get("/panels").text and kept.made == 2
