"""Prices a kWh, each from a date on, and by month, day of the week and hour. Prices are Decimal, never binary floats.

    0.31                                            one price
    0.28, 2026-01-01 0.31                           another one from a day on
    0.30 (Jun-Sep 0.34; Jun-Sep Mon-Fri 16-21 0.58) other prices at some times

In brackets stand the times at which the price is another: months, days and hours, each of which may be left out. The
last one that fits an hour wins, so that they read from the general to the special; where none fits, the price before
the brackets holds. Months, days and hours may wrap: "Nov-Feb", "Sat-Mon", "22-6". Hours are those of the site's clock,
the second one is not included. A public holiday has the price of its weekday.

The first price may have no date: it holds for all days before the next one. Prices have no currency: they are in the
currency of the owner's bill.
"""
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

MAX_PRICES = 50
MAX_TIMES = 24          # prices in one pair of brackets
MAX_TEXT = 4000         # characters of a setting
AMOUNT = re.compile(r"\d{1,6}(?:\.\d{1,6})?", re.ASCII)
PRICE = re.compile(rf"(?:(\d{{4}}-\d{{2}}-\d{{2}})[ :]+)?({AMOUNT.pattern})\s*(?:\(([^()]*)\))?", re.ASCII)
HOURS = re.compile(r"(\d{1,2})-(\d{1,2})", re.ASCII)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Span = tuple[int, int]


@dataclass(frozen=True)
class Time:
    """A price at some times: months 1 to 12 and days 0 (Monday) to 6, both ends included; hours 0 to 24, the second one
    not included. None: at all. A span whose end is before its beginning wraps."""

    price: Decimal
    months: Span | None = None
    days: Span | None = None
    hours: Span | None = None

    def fits(self, month: int, weekday: int, hour: int) -> bool:
        """Whether an hour of the site's clock is one of these times."""
        return (_within(month, self.months) and _within(weekday, self.days)
                and (self.hours is None or _within(hour, (self.hours[0], (self.hours[1] - 1) % 24))))

    def __str__(self) -> str:
        parts = [_names(self.months, MONTHS, 1), _names(self.days, DAYS, 0),
                 f"{self.hours[0]}-{self.hours[1]}" if self.hours else "", str(self.price)]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Tariff:
    """`price` a kWh, and other prices at some `times`, of which the last that fits holds."""

    price: Decimal
    times: tuple[Time, ...] = ()

    def at(self, month: int, weekday: int, hour: int) -> Decimal:
        """Return the price of an hour of the site's clock; `weekday` 0 is Monday."""
        return next((time.price for time in reversed(self.times) if time.fits(month, weekday, hour)), self.price)

    def __str__(self) -> str:
        return f"{self.price} ({'; '.join(map(str, self.times))})" if self.times else str(self.price)


@dataclass(frozen=True)
class Prices:
    """Pairs of (first day, tariff), ascending; the first day may be date.min. Empty: prices are not known."""

    steps: tuple[tuple[date, Tariff], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def on(self, day: date) -> Tariff | None:
        """Return the tariff of a day; None before the first price."""
        held = None
        for first, tariff in self.steps:
            if first > day:
                break
            held = tariff
        return held

    def __str__(self) -> str:
        return ", ".join(f"{'' if first == date.min else f'{first} '}{tariff}" for first, tariff in self.steps)


def parse(text: str) -> Prices:
    """Return the prices in a setting's text. Raises ValueError if it is not a list of prices in order of dates."""
    if len(text) > MAX_TEXT:
        raise ValueError("too long")
    steps: list[tuple[date, Tariff]] = []
    for part in text.split(",") if text.strip() else ():
        found = PRICE.fullmatch(part.strip())
        if found is None or (found[1] is None and steps):
            raise ValueError(part)
        first = date.fromisoformat(found[1]) if found[1] else date.min
        if (steps and first <= steps[-1][0]) or len(steps) >= MAX_PRICES:
            raise ValueError(part)
        times = tuple(_time(words.split()) for words in found[3].split(";")) if found[3] is not None else ()
        if len(times) > MAX_TIMES:
            raise ValueError(part)
        steps.append((first, Tariff(Decimal(found[2]), times)))
    return Prices(tuple(steps))


def amount(text: str) -> Decimal:
    """Return a price as typed. Raises ValueError."""
    if not AMOUNT.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def price_text(value: object) -> str:
    """Check the text of a setting and return it unchanged. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(value)
    parse(value)
    return value.strip()


def _time(words: Sequence[str]) -> Time:
    """A price at some times: months, days, hours in any order, then the price."""
    if len(words) < 2:
        raise ValueError(words)
    found: dict[str, Span] = {}
    for word in words[:-1]:
        kind, span = _span(word)
        if kind in found:
            raise ValueError(word)
        found[kind] = span
    return Time(amount(words[-1]), **found)


def _span(word: str) -> tuple[str, Span]:
    if hours := HOURS.fullmatch(word):
        first, last = int(hours[1]), int(hours[2])
        if first > 23 or last > 24 or first == last:
            raise ValueError(word)
        return "hours", (first, last)
    ends = [end.capitalize() for end in word.split("-")]
    for kind, names, base in (("months", MONTHS, 1), ("days", DAYS, 0)):
        if len(ends) <= 2 and all(end in names for end in ends):
            return kind, (names.index(ends[0]) + base, names.index(ends[-1]) + base)
    raise ValueError(word)


def _within(number: int, span: Span | None) -> bool:
    if span is None:
        return True
    first, last = span
    return first <= number <= last if first <= last else number >= first or number <= last


def _names(span: Span | None, names: Sequence[str], base: int) -> str:
    if span is None:
        return ""
    first, last = names[span[0] - base], names[span[1] - base]
    return first if first == last else f"{first}-{last}"
