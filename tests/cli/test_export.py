"""The options of `suntap export`; what it writes is held in tests/history."""
import argparse
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli import export
from tests.cli.command import refused
from tests.cli.inside import Shell


@given(st.dates())
def test_a_date_is_read_as_it_is_written(day: date) -> None:
    assert export.day(day.isoformat()) == day


@pytest.mark.parametrize("text", ["", "today", "2026-02-29", "09.05.2026", "2026-5-9", "2026-05-09T12:00"])
def test_what_is_no_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="2026-05-09"):
        export.day(text)


def test_days_in_the_wrong_order_are_refused_before_anything_is_written(shell: Shell) -> None:
    refused(shell("export", "days", "--from", "2026-11-27", "--to", "2026-11-01"), 2,
            "--from 2026-11-27 is after --to 2026-11-01")


def test_all_that_can_be_asked_for_can_be_written_in_each_format() -> None:
    for columns in export.export.COLUMNS.values():
        empty = {name: "".join(form(columns, iter(()))) for name, form in export.FORMATS.items()}
        assert empty["csv"].count("\n") == 1 and empty["csv"].startswith(columns[0])
        assert empty["json"].split() in (["[]"], ["[", "]"])
