"""The data of one simulated system, without HTTP: batches whole or not at all, places, and what accounts differ in."""
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.simulate.pvoutput_site import MAX_AGE_DAYS, Refusal, Site, System, parse_date

NOW = datetime(2026, 5, 9, 21, 2, tzinfo=UTC).timestamp()       # 14:02 in Los Angeles
DAY = date(2026, 5, 9)


def add(site: Site, *rows: tuple[str, int], c1: int = 0) -> list[tuple]:
    return site.add([{"d": "20260509", "t": at, "v1": str(v1)} for at, v1 in rows], c1, False, NOW)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(84, 168), st.integers(0, 500)), min_size=1, max_size=12))
def test_a_batch_is_stored_whole_or_not_at_all(rows: list[tuple[int, int]]) -> None:
    """The twin: rows one after the other, each at or above the one before it in the day."""
    site, held, good = Site(System()), {-1: 0}, True
    for slot, v1 in rows:
        good = good and v1 >= held[max((other for other in held if other < slot), default=-1)]
        held[slot] = v1
    try:
        add(site, *[(f"{slot // 12:02}:{slot % 12 * 5:02}", v1) for slot, v1 in rows])
    except Refusal as refusal:
        assert not good and "lower than previously recorded" in refusal.reason and site.days == {}
    else:
        assert good and {at: row["v1"] for at, row in site.curve(DAY).items()} == {
            f"{slot // 12:02}:{slot % 12 * 5:02}": Decimal(v1) for slot, v1 in sorted(held.items()) if slot >= 0}


@settings(max_examples=50)
@given(st.integers(0, 14 * 60 + 2), st.sampled_from([1, 5, 10, 15, 30]))
def test_a_status_has_the_nearest_place_of_its_interval(minute: int, interval: int) -> None:
    site = Site(System(interval=interval))
    row = {"d": "20260509", "t": f"{minute // 60:02}:{minute % 60:02}", "v3": "1"}
    ((day, at, changed),) = site.add([row], 0, False, NOW)
    places = [datetime(2026, 5, 9) + timedelta(minutes=number) for number in range(0, 1441, interval)]
    there = datetime(2026, 5, 9) + timedelta(minutes=minute)
    nearest = min(places, key=lambda place: (abs(place - there), there - place))
    assert changed and datetime.combine(day, at) == nearest


def test_the_first_value_of_a_day_is_its_zero_whatever_comes_later() -> None:
    site = Site(System())
    add(site, ("12:00", 1_000_000), ("12:05", 1_000_100), c1=1)
    add(site, ("11:55", 1_000_000), c1=1)
    assert [row["v1"] for row in site.curve(DAY).values()] == [0, 0, 100]
    with pytest.raises(Refusal, match="lower"):
        add(site, ("12:10", 999_999), c1=1)


def test_an_output_that_was_sent_holds_until_a_status_of_its_day_comes() -> None:
    site = Site(System())
    assert site.output(DAY) is None
    site.add_output({"d": "20260509", "g": "9000", "pp": "3000"}, NOW)
    assert site.output(DAY) == {"d": "20260509", "g": "9000", "pp": "3000"}
    add(site, ("12:00", 5000))
    assert site.output(DAY) == {"g": "5000", "c": "0", "pp": "0", "pt": "12:00"}


@pytest.mark.parametrize(("form", "words"), [
    ({}, "Missing date"), ({"d": "20260510", "g": "1"}, "future"), ({"d": "19991231", "g": "1"}, "before 20000101"),
    ({"d": "20260509"}, "Missing energy"), ({"d": "20260509", "g": "-1"}, "Could not read g"),
    ({"d": "20260509", "g": "57601"}, "too high")])
def test_an_output_that_cannot_be_is_refused(form: dict[str, str], words: str) -> None:
    site = Site(System())
    with pytest.raises(Refusal, match=words):
        site.add_output(form, NOW)
    assert site.outputs == {}


@pytest.mark.parametrize("donor", [False, True])
def test_the_age_of_a_status_has_its_limit_to_the_day(donor: bool) -> None:
    site = Site(System(donor=donor))
    oldest = DAY - timedelta(days=MAX_AGE_DAYS[donor])
    site.add([{"d": f"{oldest:%Y%m%d}", "t": "12:00", "v1": "1"}], 0, False, NOW)
    with pytest.raises(Refusal, match="older"):
        site.add([{"d": f"{oldest - timedelta(days=1):%Y%m%d}", "t": "12:00", "v1": "1"}], 0, False, NOW)


def test_what_is_removed_is_gone_and_nothing_else() -> None:
    site = Site(System())
    add(site, ("12:00", 1), ("12:05", 2))
    assert site.remove(DAY, datetime(2026, 5, 9, 12).time()) and list(site.curve(DAY)) == ["12:05"]
    assert not site.remove(DAY, datetime(2026, 5, 9, 12).time())
    assert site.remove(DAY, None) and not site.remove(DAY, None)


@pytest.mark.parametrize("text", ["", "2026059", "20260230", "2026-05-09", "x" * 8])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="Could not read date"):
        parse_date(text)
