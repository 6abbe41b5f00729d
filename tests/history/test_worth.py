"""Shares and money against a slow twin in fractions; sums of days are sums, whatever the grouping."""
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.history import worth
from appliance.history.worth import Hours
from appliance.settings import prices

FIRST = date(2026, 1, 1)
NONE = prices.Prices()


@dataclass(frozen=True)
class Day:
    """One day's totals."""

    day: date
    production_dwh: int | None
    consumption_dwh: int | None
    import_dwh: int | None
    export_dwh: int | None


@st.composite
def days(draw: st.DrawFn) -> list[Day]:
    """Days on which made + bought = used + sold, some of them not known."""
    found = []
    for number in range(draw(st.integers(0, 20))):
        made, bought = draw(st.integers(0, 400_000)), draw(st.integers(0, 400_000))
        sold = draw(st.integers(0, made))
        used: int | None = made + bought - sold
        if draw(st.integers(0, 5)) == 0:
            used = None
        found.append(Day(FIRST + timedelta(days=number), made, used, bought, sold))
    return found


PRICE = st.decimals(0, 2, places=4)


def no_hours(first: date, last: date) -> list[Hours]:
    """One price a day asks for no hours."""
    raise AssertionError((first, last))


@given(days(), st.integers(0, 20), PRICE, PRICE, PRICE)
def test_the_sums_are_exact(found: list[Day], change: int, before: Decimal, after: Decimal, feed: Decimal) -> None:
    turn = FIRST + timedelta(days=change)
    buy, sell = prices.parse(f"{before}, {turn} {after}"), prices.parse(str(feed))
    known = [day for day in found if day.consumption_dwh is not None]
    saved = paid = earned = Fraction(0)
    for day in known:
        price = Fraction(after if day.day >= turn else before)
        assert day.production_dwh is not None and day.import_dwh is not None and day.export_dwh is not None
        saved += Fraction(day.production_dwh - day.export_dwh, 10_000) * price
        paid += Fraction(day.import_dwh, 10_000) * price
        earned += Fraction(day.export_dwh, 10_000) * Fraction(feed)
    total = worth.of(found, buy, sell, no_hours)
    assert (Fraction(total.paid or 0), Fraction(total.earned or 0), Fraction(total.saved or 0)) == (
        paid, earned, saved + earned)
    assert total.days == len(known) and total.own_dwh == sum(day.production_dwh - day.export_dwh for day in known)
    assert total.own_dwh == sum((day.consumption_dwh or 0) - (day.import_dwh or 0) for day in known)
    half = len(found) // 2
    parts = [worth.of(part, buy, sell, no_hours) for part in (found[:half], found[half:])]
    assert sum(part.saved or 0 for part in parts) == total.saved
    assert sum(part.own_dwh for part in parts) == total.own_dwh


def test_a_worked_day() -> None:
    """20 kWh made, 12 sold, 9 bought: 8 of 20 stayed, 8 of 17 used were the roof's; 8 × 0.30 + 12 × 0.10 saved."""
    found = worth.of([Day(FIRST, 200_000, 170_000, 90_000, 120_000)], prices.parse("0.30"), prices.parse("0.10"),
                     no_hours)
    assert (found.own_dwh, found.production_dwh, found.consumption_dwh) == (80_000, 200_000, 170_000)
    assert (found.paid, found.earned, found.saved) == (Decimal("2.7"), Decimal("1.2"), Decimal("3.6"))


def test_without_a_price_there_is_no_money_and_a_day_before_the_first_price_is_told() -> None:
    day = Day(FIRST, 200_000, 170_000, 90_000, 120_000)
    bare = worth.of([day], NONE, NONE, no_hours)
    assert (bare.paid, bare.earned, bare.saved, bare.unpriced, bare.own_dwh) == (None, None, None, 0, 80_000)
    late = worth.of([day, Day(FIRST + timedelta(days=1), 10_000, 10_000, 0, 0)], prices.parse("2026-01-02 1"), NONE,
                    no_hours)
    assert (late.saved, late.unpriced, late.earned) == (Decimal(1), 1, None)


@pytest.mark.parametrize("missing", ["production_dwh", "consumption_dwh", "import_dwh", "export_dwh"])
def test_a_day_of_which_something_is_not_known_counts_nothing(missing: str) -> None:
    numbers = {"production_dwh": 5, "consumption_dwh": 5, "import_dwh": 0, "export_dwh": 0, missing: None}
    assert worth.of([Day(FIRST, **numbers)], prices.parse("1"), NONE, no_hours).days == 0     # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 50_000), st.integers(0, 100)), min_size=1,
                max_size=240), st.integers(0, 12), PRICE, PRICE, PRICE, PRICE)
def test_prices_by_hour_are_those_of_each_hour(
        energies: list[tuple[int, int, int]], turn: int, base: Decimal, peak: Decimal, after: Decimal, feed: Decimal,
        ) -> None:
    """Against every hour by itself, in fractions; the days change their tariff, and the selling price has seasons."""
    changes = FIRST + timedelta(days=turn)
    buy = prices.parse(f"{base} (Mon-Fri 16-21 {peak}; Jan 0-4 0.07), {changes} {after}")
    sell = prices.parse(f"{feed} (Jan 12-14 0.5)")
    hours: dict[date, list[Hours]] = {}
    paid = earned = avoided = Fraction(0)
    for number, (made, net, spread) in enumerate(energies):
        day, hour = FIRST + timedelta(days=number // 24), number % 24
        bought, sold = (net, 0) if number % 3 else (0, min(net, made))
        hours.setdefault(day, []).append(Hours(1, day.weekday(), hour, made, bought, sold, spread))
        if day >= changes:
            price = after
        elif hour < 4:
            price = Decimal("0.07")
        else:
            price = peak if day.weekday() < 5 and 16 <= hour < 21 else base
        selling = Decimal("0.5") if 12 <= hour < 14 else feed
        paid += Fraction(price) * bought
        avoided += Fraction(price) * (made - sold)
        earned += Fraction(selling) * sold
    days = [Day(day, sum(one.production_dwh for one in several),
                sum(one.production_dwh + one.import_dwh - one.export_dwh for one in several),
                sum(one.import_dwh for one in several), sum(one.export_dwh for one in several))
            for day, several in hours.items()]

    def read(first: date, last: date) -> list[Hours]:
        return [one for day, several in hours.items() if first <= day <= last for one in several]
    found = worth.of(days, buy, sell, read)
    assert (Fraction(found.paid or 0), Fraction(found.earned or 0), Fraction(found.saved or 0)) == (
        paid / 10_000, earned / 10_000, (avoided + earned) / 10_000)
    assert found.spread_dwh == sum(spread for _, _, spread in energies)
    assert worth.together([worth.of([day], buy, sell, read) for day in days]) == found


def test_a_price_that_is_the_same_at_all_times_is_one_price() -> None:
    hours = [Hours(1, 3, 17, 200_000, 90_000, 120_000)]
    day = Day(FIRST, 200_000, 170_000, 90_000, 120_000)
    split = worth.of([day], prices.parse("0.30 (0-12 0.30; Jan 0.30)"), prices.parse("0.10"), lambda *_: hours)
    assert split == worth.of([day], prices.parse("0.30"), prices.parse("0.10"), no_hours)


def test_no_days_are_worth_nothing_and_without_a_price_there_is_no_money() -> None:
    assert worth.together([]) == worth.Worth()
    day = worth.of([Day(FIRST, 200_000, 170_000, 90_000, 120_000)], NONE, NONE, no_hours)
    assert worth.together([day, day]) == worth.Worth(2, 400_000, 340_000, 160_000)
