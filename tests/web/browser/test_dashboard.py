"""The dashboard as people see it: live, old, at night, on the days the clocks change, small, dark, without scripts."""
import fcntl
import os
from datetime import date, datetime
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from appliance import settings
from tests.web.browser.conftest import SCREENSHOTS, OpenPage, picture
from tests.web.conftest import NOON, TODAY, ZONE, FixedClock
from tests.web.roof import SERIALS, Roof, bounds, fill, post

pytestmark = pytest.mark.usefixtures("processes")

A4_PIXELS = 703     # what the margins leave of a page's width
DAYS = 40       # of history: a whole month and parts of two others
AFTERNOON = datetime(2026, 5, 9, 16, 43, tzinfo=ZONE).timestamp()


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A roof with a history, a hole this morning, a dead inverter and a weak one: made once, whichever worker needs it
    first."""
    top = tmp_path_factory.getbasetemp()
    top = top.parent if "PYTEST_XDIST_WORKER" in os.environ else top
    with open(top / "months.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (top / "months").exists():
            make_months(top / "unfinished").rename(top / "months")
    return top / "months"


def make_months(folder: Path) -> Path:
    folder.mkdir()
    roof = Roof()
    roof.dead, roof.weak = {SERIALS[4]}, {SERIALS[11]}
    morning = bounds(TODAY, ZONE)[0]
    roof.hole = (morning + 9 * 3600, morning + 10 * 3600)
    fill(folder, settings.Settings(), roof.uploads(TODAY, DAYS, until=AFTERNOON - 15), AFTERNOON)
    post(folder)
    return folder


@pytest.fixture
def history(months: Path, data_dir: Path, clock: FixedClock) -> None:
    """That history in this test's data directory, seen in the afternoon."""
    for path in months.glob("*.sqlite3"):
        (data_dir / path.name).write_bytes(path.read_bytes())
    clock.move(AFTERNOON - NOON)


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (False, True), (True, False), (True, True)])
def test_the_dashboard_is_worth_looking_at(open_page: OpenPage, app: Flask, history: None, phone: bool,
                                           dark: bool) -> None:
    page = open_page("/", phone=phone, dark=dark)
    expect(page.get_by_role("heading", name="Solar power now")).to_be_visible()
    expect(page.get_by_text("2 of 16 need a look")).to_be_visible()
    expect(page.locator("#curve canvas")).to_be_visible()
    picture(page, f"dashboard{'-phone' if phone else ''}{'-dark' if dark else ''}")


def test_pointing_at_the_curve_tells_the_sites_time_in_whatever_zone_the_browser_is(
        open_page: OpenPage, app: Flask, history: None) -> None:
    page = open_page("/", zone="Asia/Tokyo")
    over = page.locator("#curve .u-over")
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    expect(page.locator("#at-time")).to_have_text("12:00 PM – 12:05 PM")
    expect(page.locator("#at-production")).to_contain_text("W")


def test_values_follow_the_roof_without_a_reload(open_page: OpenPage, app: Flask, roof: Path,
                                                 clock: FixedClock) -> None:
    page = open_page("/")
    expect(page.locator(".age")).to_contain_text("measured")
    expect(page.locator(".now")).not_to_have_class("stale")
    clock.move(7200)
    expect(page.locator(".age")).to_contain_text("not live", timeout=30_000)


def test_old_data_says_so_and_is_not_shown_as_live(open_page: OpenPage, app: Flask, roof: Path,
                                                   clock: FixedClock) -> None:
    clock.move(3 * 3600)
    page = open_page("/")
    expect(page.get_by_role("heading", name="Last known")).to_be_visible()
    expect(page.locator(".age")).to_contain_text("not live: measured 3 h")
    assert not page.get_by_text("Solar power now").count()
    picture(page, "dashboard-old-data")


def test_at_night_the_inverters_are_asleep_and_nothing_is_wrong(open_page: OpenPage, app: Flask, data_dir: Path,
                                                                clock: FixedClock) -> None:
    night = datetime(2026, 5, 9, 22, 3, tzinfo=ZONE).timestamp()
    fill(data_dir, settings.Settings(), Roof().uploads(TODAY, 1, until=night - 20), night)
    clock.move(night - NOON)
    page = open_page("/")
    expect(page.get_by_role("heading", name="The inverters are asleep")).to_be_visible()
    expect(page.locator(".big")).to_have_text("0W")
    picture(page, "dashboard-night")


@pytest.mark.parametrize(("day", "hours", "marks"), [
    (date(2026, 3, 8), 23, "forward"), (date(2026, 11, 1), 25, "back")])
def test_a_day_on_which_the_clocks_change_is_drawn_with_all_its_hours(
        open_page: OpenPage, app: Flask, data_dir: Path, clock: FixedClock, day: date, hours: int, marks: str) -> None:
    fill(data_dir, settings.Settings(), Roof().uploads(day, 2), 2e9)
    clock.move(bounds(day, ZONE)[1] + 3600 - NOON)
    page = open_page(f"/day/{day}", zone="Europe/Berlin")
    expect(page.get_by_text(f"The clocks went {marks} on this day: it has {hours} hours.")).to_be_visible()
    expect(page.locator("#curve canvas")).to_be_visible()
    page.get_by_text("As a table, by hour").click()
    names = page.locator("#day tbody th").all_inner_texts()
    assert len(names) == hours
    twice = [name for name in names if name.startswith("1 AM")]
    assert twice == (["1 AM PDT", "1 AM PST"] if hours == 25 else ["1 AM"])
    assert ("2 AM" in names) == (hours == 25)
    picture(page, f"day-of-{hours}-hours")


def test_a_first_evening_without_any_reading_is_a_page_too(open_page: OpenPage, app: Flask) -> None:
    page = open_page("/")
    expect(page.get_by_role("heading", name="Waiting for the first reading")).to_be_visible()
    picture(page, "dashboard-empty")


def test_the_dashboard_works_without_scripts(open_page: OpenPage, app: Flask, history: None) -> None:
    page = open_page("/", scripts=False)
    expect(page.locator("svg.plain")).to_be_visible()
    page.get_by_text("As a table, by hour").click()
    expect(page.get_by_role("rowheader", name="12 PM")).to_be_visible()
    page.get_by_role("link", name="Day before").click()
    expect(page.get_by_role("heading", name="Friday, May 8, 2026")).to_be_visible()
    picture(page, "dashboard-noscript")


def test_days_are_walked_by_keyboard(open_page: OpenPage, app: Flask, history: None) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.get_by_role("link", name="Day before").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Friday, May 8, 2026")).to_be_visible()
    page.get_by_label("Day", exact=True).fill("2026-04-02")
    expect(page.get_by_role("heading", name="Thursday, April 2, 2026")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True])
def test_the_history_shows_months_and_years(open_page: OpenPage, app: Flask, history: None, phone: bool) -> None:
    page = open_page("/history?month=2026-04", phone=phone, dark=phone)
    page.get_by_role("link", name="Apr 1, 2026").first.is_visible()
    picture(page, "history-phone-dark" if phone else "history")
    page.locator("table.calendar a").first.click()
    expect(page.get_by_role("heading", name="Wednesday, April 1, 2026")).to_be_visible()


def test_on_paper_there_are_no_buttons_and_nothing_is_cut(open_page: OpenPage, app: Flask, roof: Path) -> None:
    page = open_page("/", login=True)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4_PIXELS, "height": 1000})
    for path in ("/history", "/panels", "/diagnostics", "/settings"):
        page.goto(path)
        assert page.locator("h2").first.is_visible()
        assert page.evaluate("""[...document.querySelectorAll("button, a.button, nav")]
                                .filter((one) => one.getClientRects().length).length""") == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= A4_PIXELS, path
    assert page.get_by_label("Time zone").is_visible() and not page.get_by_label("Restore from").is_visible()


def test_a_page_that_lost_its_server_says_so_and_recovers(open_page: OpenPage, app: Flask, roof: Path) -> None:
    page = open_page("/")
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_be_visible(timeout=40_000)
    expect(page.get_by_text("Solar power now")).to_be_hidden()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the browser tells of the refused connection, rightly
    picture(page, "dashboard-connection-lost")
    page.context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden(timeout=40_000)
    expect(page.get_by_role("heading", name="Solar power now")).to_be_visible()


def test_a_day_is_saved_as_a_picture(open_page: OpenPage, app: Flask, roof: Path) -> None:
    page = open_page("/day/2026-05-08")
    with page.expect_download() as download:
        page.get_by_role("button", name="As a picture (PNG)").click()
    assert download.value.suggested_filename == "suntap-2026-05-08.png"
    data = download.value.path().read_bytes()
    assert data.startswith(b"\x89PNG") and len(data) > 10_000
    (SCREENSHOTS / "picture.png").write_bytes(data)
