"""Prices as rows of a form: from which day, in which months, on which days, at which hours, how much a kWh.

One row is one price. The rows of one day are a tariff: the row without months, days and hours is its price at all other
times, and of rows that fit the same hour the last one holds, as in the settings file (appliance/settings/prices).
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from appliance.settings import prices
from appliance.settings.prices import DAYS, MONTHS, Prices, Tariff, Time
from webui.words import prices as words

BLANK_ROWS = 2          # for new prices
MAX_ROWS = 200          # of a form that are read
FIELDS = ("from", "month", "until", "days", "hour", "end", "price")
USUAL_DAYS = ("Mon-Fri", "Sat-Sun", *DAYS)
CURRENCIES = "$€£¥ "


@dataclass(frozen=True)
class Row:
    """A row as its fields show it; empty: not said. `end` is the hour that is not included any more."""

    since: str = ""
    month: str = ""
    until: str = ""
    days: str = ""
    hour: str = ""
    end: str = ""
    price: str = ""
    error: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it holds at all times."""
        return not (self.month or self.until or self.days or self.hour or self.end)


def rows(found: Prices) -> list[Row]:
    """The prices as rows."""
    shown = []
    for first, tariff in found.steps:
        since = "" if first == date.min else first.isoformat()
        shown.append(Row(since, price=str(tariff.price)))
        shown += [_row(since, time) for time in tariff.times]
    return shown


def _row(since: str, time: Time) -> Row:
    month, until = [MONTHS[month - 1] for month in time.months] if time.months else ["", ""]
    hour, end = map(str, time.hours) if time.hours else ("", "")
    days = "-".join(dict.fromkeys(DAYS[day] for day in time.days or ()))
    return Row(since, month, until, days, hour, end, str(time.price))


def typed(form: Mapping[str, str], name: str) -> list[Row]:
    """The rows of a sent form that have a price; the others are left out."""
    found = []
    for number in range(MAX_ROWS):
        if f"{name}-{number}-price" not in form:
            break
        row = Row(*(form.get(f"{name}-{number}-{field}", "").strip() for field in FIELDS))
        if row.price:
            found.append(replace(row, price=row.price.strip(CURRENCIES).replace(",", ".")))
    return found


def read(found: Sequence[Row]) -> tuple[str, list[Row]]:
    """(text of the setting, the rows with what is wrong with them); the text is empty where something is wrong."""
    tariffs: dict[date, Tariff] = {}
    checked: list[Row] = []
    for row in sorted(found, key=lambda row: (row.since, not row.is_plain)):
        try:
            _take(row, tariffs)
            checked.append(row)
        except _Wrong as wrong:
            checked.append(replace(row, error=str(wrong)))
    if any(row.error for row in checked):
        return "", checked
    text = str(Prices(tuple(sorted(tariffs.items()))))
    try:
        prices.parse(text)
    except ValueError:
        return "", [replace(row, error=words.TOO_MANY) for row in checked[-1:]]
    return text, checked


class _Wrong(ValueError):
    """What to enter instead."""


def _take(row: Row, tariffs: dict[date, Tariff]) -> None:
    try:
        price = prices.amount(row.price)
    except ValueError as error:
        raise _Wrong(words.PRICE) from error
    try:
        since = date.fromisoformat(row.since) if row.since else date.min
    except ValueError as error:
        raise _Wrong(words.DAY) from error
    if row.is_plain:
        if since in tariffs:
            raise _Wrong(words.TWICE)
        tariffs[since] = Tariff(price)
        return
    if since not in tariffs:
        raise _Wrong(words.NO_OTHER)
    if bool(row.month) != bool(row.until) or bool(row.hour) != bool(row.end):
        raise _Wrong(words.HALF)
    parts = [f"{row.month}-{row.until}" if row.month else "", row.days, f"{row.hour}-{row.end}" if row.hour else ""]
    try:
        time = prices.parse(f"0 ({' '.join(part for part in parts if part)} {price})").steps[0][1].times
    except ValueError as error:
        raise _Wrong(words.TIMES) from error
    held = tariffs[since]
    tariffs[since] = Tariff(held.price, held.times + time)
