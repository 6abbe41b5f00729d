"""Prices by date: what the owner writes is what holds on each day."""
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import settings
from appliance.settings import prices

DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))
AMOUNTS = st.decimals(0, 999, places=4)


@pytest.mark.parametrize(("text", "day", "price"), [
    ("", date(2026, 5, 9), None), ("0.31", date(1999, 1, 1), "0.31"),
    ("0.28, 2026-01-01 0.31", date(2025, 12, 31), "0.28"),
    ("0.28, 2026-01-01 0.31", date(2026, 1, 1), "0.31"), ("2026-01-01: 0.31", date(2025, 12, 31), None),
    (" 2026-01-01 0.3 ,2027-01-01 0.4", date(2028, 1, 1), "0.4"), ("12", date(2026, 1, 1), "12")])
def test_the_price_of_a_day(text: str, day: date, price: str | None) -> None:
    assert prices.parse(text).on(day) == (None if price is None else Decimal(price))


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
    assert found.on(day) == (steps[max(held)] if held else None)
    assert bool(found) == bool(steps)
