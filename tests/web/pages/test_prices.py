"""The page of prices: both lists or none, and what the day is worth then."""
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from appliance import settings, store
from tests.web.conftest import Visitor

BASE = {"buy-0-price": "0.30", "buy-1-price": "0.58", "buy-1-hour": "16", "buy-1-end": "21", "sell-0-price": "0.05"}


def test_prices_by_hour_are_saved_shown_and_count(owner: Visitor, roof: Path, config: Path) -> None:
    answer = owner.send("/settings/prices", **BASE)
    assert answer.status_code == 302
    site = settings.load(config).site
    assert (site.buy, site.sell) == ("0.30 (16-21 0.58)", "0.05")
    shown = owner.get("/settings/prices").text
    assert "Prices: saved." in shown and 'value="0.58"' in shown
    day = owner.get("/day/2026-05-08").text
    assert "Saved" in day and "paid" in day


def test_a_mistake_saves_nothing_and_keeps_what_was_typed(owner: Visitor, config: Path) -> None:
    settings.update(config, {"site.buy": "0.2"})
    answer = owner.send("/settings/prices", **{**BASE, "sell-0-price": "much"})
    assert answer.status_code == 422 and "1 row below needs another look" in answer.text
    assert "Enter a price such as 0.31." in answer.text and 'value="0.58"' in answer.text
    assert settings.load(config).site.buy == "0.2"


def test_an_emptied_price_is_removed(owner: Visitor, config: Path) -> None:
    settings.update(config, {"site.buy": "0.2", "site.sell": "0.1"})
    assert owner.send("/settings/prices", **{"buy-0-price": "", "sell-0-price": "0.1"}).status_code == 302
    assert (settings.load(config).site.buy, settings.load(config).site.sell) == ("", "0.1")


def test_the_money_of_a_day_is_that_of_its_hours(owner: Visitor, roof: Path, config: Path) -> None:
    """With a price in one hour alone, the day has paid what was bought in it."""
    settings.update(config, {"site.buy": "0 (19-20 1)"})
    with closing(store.connect(roof, readonly=True)) as connection:
        (bought,) = connection.execute("SELECT import_dwh FROM site_hour WHERE day = '2026-05-08'"
                                       " AND hour = 19").fetchone()
    cents = (Decimal(bought) / 100).quantize(Decimal(1))
    assert bought and f"{int(cents) / 100:.2f} paid" in owner.get("/day/2026-05-08").text
