"""Dates and numbers in an address: a page that is none is not found, a program is told what to ask."""
from datetime import date

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest, NotFound

from webui.query import FIRST_YEAR, LAST_YEAR, asked_day, is_number, parse_day, parse_month

DAY = date(2026, 5, 9)
NO_DAYS = ["", "2026-5-9", "20260509", "2026-02-30", "2026-W19-6", "yesterday", f"{FIRST_YEAR - 1}-12-31",
           f"{LAST_YEAR + 1}-01-01", "2026-05-09T00:00", "２０２６-05-09"]


def test_a_day_and_a_month_are_read_as_they_are_written() -> None:
    assert parse_day("2026-05-09") == DAY and parse_month("2026-05") == date(2026, 5, 1)


@pytest.mark.parametrize("text", NO_DAYS)
def test_an_address_that_is_no_day_leads_nowhere(text: str) -> None:
    with pytest.raises(NotFound):
        parse_day(text)


@pytest.mark.parametrize("text", ["2026-13", "2026", "may", "2026-05-09"])
def test_nor_does_one_that_is_no_month(text: str) -> None:
    with pytest.raises(NotFound):
        parse_month(text)


@pytest.mark.parametrize("text", NO_DAYS)
def test_a_question_that_is_no_day_is_answered_with_an_example(text: str) -> None:
    with Flask("x").test_request_context(query_string={"from": text}), pytest.raises(BadRequest) as caught:
        asked_day("from", DAY)
    assert caught.value.description == "from must be a date such as 2026-05-09"


def test_what_is_not_asked_for_is_the_default_and_without_one_a_mistake() -> None:
    with Flask("x").test_request_context():
        assert asked_day("from", DAY) == DAY
        with pytest.raises(BadRequest):
            asked_day("day")


@pytest.mark.parametrize(("text", "is_one"), [
    ("0", True), ("9" * 18, True), ("9" * 19, False), ("", False), ("-1", False), ("1.0", False), ("²", False),
    ("٣", False)])
def test_a_number_is_one_that_a_database_holds(text: str, is_one: bool) -> None:
    assert is_number(text) is is_one
