"""Prices a kWh, each from a date on: "0.31", or "0.28, 2026-01-01 0.31". Prices are Decimal, never binary floats.

The first price may have no date: it holds for all days before the next price. Prices have no currency: they are in the
currency of the owner's bill.
"""
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

MAX_PRICES = 50
PRICE = re.compile(r"(?:(\d{4}-\d{2}-\d{2})[ :]+)?(\d{1,6}(?:\.\d{1,6})?)", re.ASCII)


@dataclass(frozen=True)
class Prices:
    """Pairs of (first day, price a kWh), ascending; the first day may be date.min. Empty: prices are not known."""

    steps: tuple[tuple[date, Decimal], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def on(self, day: date) -> Decimal | None:
        """Return the price on a day; None before the first price."""
        held = None
        for first, price in self.steps:
            if first > day:
                break
            held = price
        return held


def parse(text: str) -> Prices:
    """Return the prices in a setting's text. Raises ValueError if it is not a list of prices in order of dates."""
    steps: list[tuple[date, Decimal]] = []
    for part in text.split(",") if text.strip() else ():
        found = PRICE.fullmatch(part.strip())
        if found is None or (found[1] is None and steps):
            raise ValueError(part)
        first = date.fromisoformat(found[1]) if found[1] else date.min
        if (steps and first <= steps[-1][0]) or len(steps) >= MAX_PRICES:
            raise ValueError(part)
        steps.append((first, Decimal(found[2])))
    return Prices(tuple(steps))


def price_text(value: object) -> str:
    """Check the text of a setting and return it unchanged. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(value)
    parse(value)
    return value.strip()
