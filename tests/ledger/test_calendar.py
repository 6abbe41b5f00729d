"""Local days: every instant has one, none is lost or double, slots keep to them."""
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.calendar import EARLIEST, Calendar

ZONES = ["America/Los_Angeles", "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
         "Pacific/Apia", "America/Sao_Paulo", "America/Havana", "Asia/Kathmandu", "UTC", "America/Phoenix",
         "Asia/Beirut"]


def hours(zone, day):
    start, end = Calendar(zone, 300).bounds(day)
    return (end - start) / 3600


def test_days_have_23_24_and_25_hours():
    assert [hours("America/Los_Angeles", day) for day in ("2026-03-07", "2026-03-08", "2026-11-01")] == [24, 23, 25]
    assert [hours("Europe/Berlin", day) for day in ("2026-03-29", "2026-10-25")] == [23, 25]
    assert [hours("Australia/Sydney", day) for day in ("2026-10-04", "2026-04-05")] == [23, 25]


def test_lord_howe_shifts_by_half_an_hour():
    assert [hours("Australia/Lord_Howe", day) for day in ("2026-10-04", "2026-04-05")] == [23.5, 24.5]


def test_zones_without_summer_time_have_24_hours():
    assert {hours("America/Phoenix", f"2026-{month:02}-08") for month in range(1, 13)} == {24}


def test_a_day_whose_midnight_is_skipped_begins_at_one():
    start, _ = Calendar("America/Sao_Paulo", 300).bounds("2018-11-04")
    assert datetime.fromtimestamp(start, ZoneInfo("America/Sao_Paulo")).hour == 1


def test_a_date_that_a_zone_left_out_has_no_length():
    assert hours("Pacific/Apia", "2011-12-30") == 0
    assert "2011-12-30" not in {Calendar("Pacific/Apia", 300).day(1_325_200_000 + 600 * n) for n in range(1000)}


@given(st.integers(EARLIEST, 4_000_000_000), st.sampled_from(ZONES))
def test_every_instant_lies_in_its_day(moment, zone):
    calendar = Calendar(zone, 300)
    start, end = calendar.bounds(calendar.day(moment))
    assert start <= moment < end


@given(st.integers(1_300_000_000, 2_000_000_000), st.sampled_from(ZONES))
def test_the_day_is_the_local_date(moment, zone):
    assert Calendar(zone, 300).day(moment) == datetime.fromtimestamp(moment, ZoneInfo(zone)).date().isoformat()


@given(st.integers(1_300_000_000, 2_000_000_000), st.sampled_from(ZONES), st.sampled_from([300, 600, 900]))
def test_a_slot_is_the_local_time_rounded_down_and_lies_in_the_same_day(moment, zone, seconds):
    calendar = Calendar(zone, seconds)
    start, _ = calendar.bounds(calendar.day(moment))
    slot = calendar.slot(moment, start)
    assert start <= slot <= moment < slot + seconds
    local = datetime.fromtimestamp(slot, ZoneInfo(zone))
    assert (local.minute * 60 + local.second) % seconds == 0


@pytest.mark.parametrize("zone", ZONES)
def test_days_follow_one_another_without_a_gap(zone):
    calendar = Calendar(zone, 300)
    names = [date.fromordinal(number).isoformat() for number in range(date(2010, 1, 1).toordinal(),
                                                                      date(2027, 1, 1).toordinal())]
    bounds = [calendar.bounds(name) for name in names]
    assert all(before[1] == after[0] for before, after in pairwise(bounds))


def test_days_between_two_moments_are_listed():
    first, last = (int(datetime(2026, 5, day, 20, tzinfo=UTC).timestamp()) for day in (8, 10))
    assert Calendar("America/Los_Angeles", 300).days(first, last) == ["2026-05-08", "2026-05-09", "2026-05-10"]
