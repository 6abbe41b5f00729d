"""Numbers are exact and say what they are."""
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webui.present import units
from webui.present.units import MINUS, NARROW, UNKNOWN

NUMBERS = st.integers(-10**15, 10**15)


@given(NUMBERS, st.integers(0, 6))
def test_kwh_is_rounded_as_decimal_rounds(dwh: int, decimals: int) -> None:
    exact = (Decimal(dwh) / 10000).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    shown = units.kwh(dwh, decimals).replace(NARROW, "").replace(MINUS, "-")
    assert Decimal(shown) == exact
    assert shown != "-0" and not (Decimal(shown) == 0 and shown.startswith("-"))


@pytest.mark.parametrize(("dwh", "shown"), [(5_000, "0.5"), (999_499, "99.9"), (1_000_000, "100"), (1_234_567, "123"),
                                            (-5_000, f"{MINUS}0.5"), (0, "0.0"), (None, UNKNOWN)])
def test_a_first_day_is_not_nothing_in_the_year(dwh: int | None, shown: str) -> None:
    assert units.kwh_sum(dwh) == shown


@given(NUMBERS)
def test_thousands_are_set_apart(number: int) -> None:
    shown = units.whole(number)
    assert int(shown.replace(NARROW, "").replace(MINUS, "-")) == number
    assert all(len(part) == 3 for part in shown.split(NARROW)[1:])


def test_the_unknown_is_not_zero() -> None:
    assert units.kwh(None) == units.watts(None) == units.percent(None, 5) == units.percent(3, 0) == UNKNOWN
    assert units.percent(11, 10) == units.percent(-1, 10) == UNKNOWN
    assert units.kwh(0) == "0.0"


@pytest.mark.parametrize(("part", "of", "shown"), [
    (1, 3, "33"), (2, 3, "67"), (0, 7, "0"), (7, 7, "100"), (1, 200, "1")])
def test_percent_is_rounded(part: int, of: int, shown: str) -> None:
    assert units.percent(part, of) == f"{shown}{NARROW}%"


@pytest.mark.parametrize(("count", "shown"), [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_250_000, "1.3 MB"), (7_500_000_000, "7.5 GB"), (None, UNKNOWN)])
def test_sizes_are_in_the_nearest_unit(count: int | None, shown: str) -> None:
    assert units.size(count) == shown.replace(" ", NARROW)


@pytest.mark.parametrize(("amount", "shown"), [
    ("0", "0.00"), ("0.005", "0.01"), ("-0.005", f"{MINUS}0.01"), ("-0.004", "0.00"), ("1234.5", f"1{NARROW}234.50"),
    ("0.125", "0.13")])
def test_money_is_rounded_half_away_from_zero(amount: str, shown: str) -> None:
    assert units.money(Decimal(amount)) == shown and units.money(None) == UNKNOWN
