"""Prices by date: what the owner writes is what holds on each day."""
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import settings
from appliance.settings import prices
from appliance.settings.prices import Tariff, Time

DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))
AMOUNTS = st.decimals(0, 999, places=4)


@pytest.mark.parametrize(("text", "day", "price"), [
    ("", date(2026, 5, 9), None), ("0.31", date(1999, 1, 1), "0.31"),
    ("0.28, 2026-01-01 0.31", date(2025, 12, 31), "0.28"),
    ("0.28, 2026-01-01 0.31", date(2026, 1, 1), "0.31"), ("2026-01-01: 0.31", date(2025, 12, 31), None),
    (" 2026-01-01 0.3 ,2027-01-01 0.4", date(2028, 1, 1), "0.4"), ("12", date(2026, 1, 1), "12")])
def test_the_price_of_a_day(text: str, day: date, price: str | None) -> None:
    assert prices.parse(text).on(day) == (None if price is None else Tariff(Decimal(price)))


@pytest.mark.parametrize("text", ["cheap", "-0.1", "0,31", "0.3, 0.4", "2026-13-01 0.3", "2026-01-01", "1e3", "0.3,",
                                  "2026-02-01 0.3, 2026-01-01 0.4", "2026-01-01 0.3, 2026-01-01 0.4", "0.1234567", "٣",
                                  "1, " + ", ".join(f"{2001 + year}-01-01 1" for year in range(prices.MAX_PRICES))])
def test_anything_else_is_refused_with_what_is_allowed(text: str, tmp_path) -> None:
    with pytest.raises(ValueError):
        prices.parse(text)
    with pytest.raises(settings.SettingsError, match="price of a kWh bought"):
        settings.update(tmp_path / "suntap.toml", {"site.buy": text})


@given(st.dictionaries(DAYS, AMOUNTS, max_size=12), DAYS)
def test_each_price_holds_from_its_day_until_the_next(steps: dict[date, Decimal], day: date) -> None:
    text = ", ".join(f"{first} {steps[first]}" for first in sorted(steps))
    found = prices.parse(text)
    held = [first for first in steps if first <= day]
    assert found.on(day) == (Tariff(steps[max(held)]) if held else None)
    assert bool(found) == bool(steps) and prices.parse(str(found)) == found


PEAK = "0.30 (Jun-Sep 0.34; Jun-Sep Mon-Fri 16-21 0.58; Nov-Feb 22-6 0.2; sat-mon 0-24 0.1)"


@pytest.mark.parametrize(("moment", "price"), [
    ("2026-05-12 17", "0.30"), ("2026-06-30 17", "0.58"), ("2026-06-30 15", "0.34"), ("2026-06-30 20", "0.58"),
    ("2026-06-30 21", "0.34"), ("2026-06-27 17", "0.1"), ("2026-12-30 23", "0.2"), ("2026-12-30 5", "0.2"),
    ("2026-12-30 6", "0.30"), ("2026-02-28 3", "0.1"), ("2026-03-02 3", "0.1"), ("2026-03-03 3", "0.30")])
def test_the_last_time_that_fits_an_hour_has_its_price(moment: str, price: str) -> None:
    when = datetime.strptime(moment, "%Y-%m-%d %H")
    tariff = prices.parse(PEAK).on(when.date())
    assert tariff is not None and tariff.at(when.month, when.weekday(), when.hour) == Decimal(price)


@pytest.mark.parametrize("times", ["", "0.3", "Jun", "16-16 0.3", "16-25 0.3", "24-3 0.3", "Jun Jul 0.3", "Jun-Mon 0.3",
                                   "Jun-Jul-Aug 0.3", "Tuesday 0.3", "16:30-21 0.3", "Jun 0.3;", "Jun x 0.3",
                                   "; ".join(["Jun 0.1"] * (prices.MAX_TIMES + 1))])
def test_times_that_are_none_are_refused(times: str) -> None:
    with pytest.raises(ValueError):
        prices.parse(f"0.3 ({times})")


def test_a_text_has_its_bound() -> None:
    with pytest.raises(ValueError, match="too long"):
        prices.parse("0.3" + " " * prices.MAX_TEXT)


SPANS = st.none() | st.tuples(st.integers(0, 6), st.integers(0, 6))


@given(st.lists(st.tuples(st.none() | st.tuples(st.integers(1, 12), st.integers(1, 12)), SPANS,
                          st.none() | st.tuples(st.integers(0, 23), st.integers(0, 24)), AMOUNTS), max_size=6), DAYS,
       st.integers(0, 23))
def test_times_read_as_they_are_written_and_fit_the_hours_that_they_name(
        rows: list[tuple[tuple[int, int] | None, tuple[int, int] | None, tuple[int, int] | None, Decimal]], day: date,
        hour: int) -> None:
    times = tuple(Time(price, months, days, hours) for months, days, hours, price in rows
                  if (months or days or hours) and (hours is None or hours[0] != hours[1]))
    tariff = Tariff(Decimal("9"), times)
    assert prices.parse(str(prices.Prices(((date.min, tariff),)))).on(day) == tariff

    def listed(span: tuple[int, int] | None, names: list[int], whole: int) -> bool:
        """Walk from the first to the last as a finger on a dial does."""
        if span is None:
            return True
        at, last = span
        while names[0] != at and at != last:
            at = at % 12 + 1 if whole == 12 else (at + 1) % whole
        return at == names[0]
    expected = Decimal("9")
    for time in times:
        if (listed(time.months, [day.month], 12) and listed(time.days, [day.weekday()], 7) and (
                time.hours is None or hour in [(time.hours[0] + step) % 24 for step in range(
                    (time.hours[1] - time.hours[0]) % 24)])):
            expected = time.price
    assert tariff.at(day.month, day.weekday(), hour) == expected
