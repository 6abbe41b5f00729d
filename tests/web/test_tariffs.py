"""Prices as rows: what the form shows is what the file says, and a mistake is told in its row."""
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.settings import prices
from tests.settings.test_prices import PEAK
from webui import tariffs
from webui.tariffs import Row
from webui.words import prices as words

TEXTS = ["", "0.31", "0.28, 2026-01-01 0.31", "2026-01-01 0.3 (Sat-Sun 0.1)", PEAK, f"{PEAK}, 2027-01-01 0.4 (0-6 0.1)"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_form_left_as_it_is_keeps_the_prices(text: str) -> None:
    found = prices.parse(text)
    assert tariffs.read(tariffs.rows(found)) == (str(found), tariffs.rows(found))


def test_rows_may_be_typed_in_any_order_of_days_and_with_a_currency() -> None:
    form = {"buy-0-price": "$0.58", "buy-0-from": "2026-01-01", "buy-0-month": "Jun", "buy-0-until": "Sep",
            "buy-0-days": "Mon-Fri", "buy-0-hour": "16", "buy-0-end": "21", "buy-1-price": "0,30",
            "buy-1-from": "2026-01-01", "buy-2-price": "", "buy-2-from": "2029-01-01", "buy-3-price": " 0.25 €"}
    text, _ = tariffs.read(tariffs.typed(form, "buy"))
    assert text == "0.25, 2026-01-01 0.30 (Jun-Sep Mon-Fri 16-21 0.58)"
    assert tariffs.typed(form, "sell") == []


@pytest.mark.parametrize(("rows", "wrong"), [
    ([Row(price="cheap")], words.PRICE), ([Row(price="0.3", since="soon")], words.DAY),
    ([Row(price="0.3"), Row(price="0.4")], words.TWICE), ([Row(price="0.3", days="Sat-Sun")], words.NO_OTHER),
    ([Row(price="0.3"), Row(price="0.4", since="2026-01-01", hour="1", end="2")], words.NO_OTHER),
    ([Row(price="0.3"), Row(price="0.4", month="Jun")], words.HALF), ([Row(price="0.3"), Row(price="0.4", end="3")],
                                                                      words.HALF),
    ([Row(price="0.3"), Row(price="0.4", hour="3", end="3")], words.TIMES),
    ([Row(price="0.3"), *[Row(price="0.4", hour="3", end="4")] * (prices.MAX_TIMES + 1)], words.TOO_MANY)])
def test_a_mistake_is_told_in_its_row(rows: list[Row], wrong: str) -> None:
    text, checked = tariffs.read(rows)
    assert text == "" and [row.error for row in checked if row.error] == [wrong]


@given(st.dictionaries(st.sampled_from([f"buy-{number}-{field}" for number in range(4) for field in tariffs.FIELDS]),
                       st.text(max_size=12) | st.sampled_from(["Jun", "3", "0.3", "2026-01-01", "Mon-Fri"])))
def test_no_form_breaks_it_and_what_it_takes_the_file_takes(form: dict[str, str]) -> None:
    text, rows = tariffs.read(tariffs.typed(form, "buy"))
    assert prices.price_text(text) == text
    assert bool(text) == (bool(rows) and not any(row.error for row in rows))


def test_a_form_has_its_bound() -> None:
    form = {f"buy-{number}-price": str(Decimal(number)) for number in range(tariffs.MAX_ROWS + 5)}
    assert len(tariffs.typed(form, "buy")) == tariffs.MAX_ROWS
