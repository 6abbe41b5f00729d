"""Prices a kWh, each from a date on: "0.31", or "0.28, 2026-01-01 0.31". Decimal text: no cent is a binary float.

The first price may stand without a date: it holds for all days before the next one's. Prices have no currency: they are
the owner's, as on the bill.
"""
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

MAX_PRICES = 50
PRICE = re.compile(r"(?:(\d{4}-\d{2}-\d{2})[ :]+)?(\d{1,6}(?:\.\d{1,6})?)", re.ASCII)


@dataclass(frozen=True)
class Prices:
    """(first day, price a kWh), ascending; the first day of the first may be date.min. Empty: not known."""

    steps: tuple[tuple[date, Decimal], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def on(self, day: date) -> Decimal | None:
        """The price that holds on a day; None before the first one."""
        held = None
        for first, price in self.steps:
            if first > day:
                break
            held = price
        return held


def parse(text: str) -> Prices:
    """The prices in a setting's text; raises ValueError for anything else than prices in order of their dates."""
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
    """Check of a setting: the text as it is. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(value)
    parse(value)
    return value.strip()
