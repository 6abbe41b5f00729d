"""Local days have 23, 24 or 25 hours, and their marks carry the site's time."""
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webui.present import localtime

ANGELES = ZoneInfo("America/Los_Angeles")
ZONES = st.sampled_from([ANGELES, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata"),
                         ZoneInfo("America/Havana"), ZoneInfo("UTC"), ZoneInfo("Pacific/Auckland")])
DAYS = st.dates(date(2016, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 5, 9), 24), (date(2026, 11, 1), 25)])
def test_a_day_is_as_long_as_the_clocks_make_it(day: date, hours: int) -> None:
    start, end = localtime.day_bounds(day, ANGELES)
    assert end - start == hours * 3600
    assert bool(localtime.clock_change(day, ANGELES)) == (hours != 24)


@given(DAYS, ZONES)
def test_days_follow_each_other_without_a_gap(day: date, zone: ZoneInfo) -> None:
    assert localtime.day_bounds(day, zone)[1] == localtime.day_bounds(day + timedelta(days=1), zone)[0]


@given(DAYS, ZONES)
def test_every_second_of_a_day_has_its_date(day: date, zone: ZoneInfo) -> None:
    start, end = localtime.day_bounds(day, zone)
    assert localtime.today(start, zone) == localtime.today(end - 1, zone) == day


@given(DAYS, ZONES, st.sampled_from([1, 2, 3, 6]))
def test_marks_are_the_full_hours_of_a_wall_clock(day: date, zone: ZoneInfo, every: int) -> None:
    start, end = localtime.day_bounds(day, zone)
    expected = []
    for seconds in range(start, end + 1, 60):  # the slow twin: every minute of the day
        here = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
        if here.minute == 0 and here.hour % every == 0:
            expected.append((seconds, f"{here.hour:02d}:00"))
    assert localtime.ticks(day, zone, every) == expected


def test_the_hour_that_comes_twice_is_marked_twice() -> None:
    labels = [label for _, label in localtime.ticks(date(2026, 11, 1), ANGELES, 1)]
    assert labels[:4] == ["00:00", "01:00", "01:00", "02:00"]


def test_the_hour_that_is_missing_is_not_marked() -> None:
    labels = [label for _, label in localtime.ticks(date(2026, 3, 8), ANGELES, 1)]
    assert labels[:4] == ["00:00", "01:00", "03:00", "04:00"]


@pytest.mark.parametrize(("seconds", "words"), [
    (0, "just now"), (59, "just now"), (60, "1 min ago"), (3599, "59 min ago"), (3600, "1 h ago"),
    (7500, "2 h 5 min ago"), (86400, "1 day ago"), (90000, "1 day 1 h ago"), (3 * 86400 + 7200, "3 days ago"),
    (40 * 86400, "40 days ago"), (None, "")])
def test_an_age_is_said_as_people_do(seconds: float | None, words: str) -> None:
    assert localtime.age(seconds) == words


def test_a_moment_names_its_day_unless_it_is_today() -> None:
    now = datetime(2026, 5, 9, 14, 0, tzinfo=ANGELES).timestamp()
    assert localtime.moment(now - 3600, ANGELES, now) == "13:00"
    assert localtime.moment(now - 86400, ANGELES, now) == "Fri 8 May, 14:00"
    assert localtime.moment(now - 365 * 86400, ANGELES, now) == "Fri 9 May 2025, 14:00"
    assert localtime.moment(None, ANGELES, now) == ""
