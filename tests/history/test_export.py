"""Export: exact numbers, the site's time, and nothing that a spreadsheet would run."""
import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.history import export
from tests.cli.command import CAPTURES, suntap


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    assert suntap("import", CAPTURES / "plain_day.pcap", CAPTURES / "outage.pcap", "--data-dir", folder).code == 0
    return folder


@pytest.mark.parametrize("what", sorted(export.COLUMNS.keys() - {"changes"}))
def test_csv_and_json_hold_the_same(data, what):
    table = list(csv.DictReader(io.StringIO(suntap("export", what, "--data-dir", data).out)))
    objects = json.loads(suntap("export", what, "--format", "json", "--data-dir", data).out, parse_float=Decimal)
    assert len(table) == len(objects) > 0
    for row, entry in zip(table, objects, strict=True):
        assert {key: "" if value is None else str(value) for key, value in entry.items()} == {
            key: text.removeprefix("'") for key, text in row.items()}


def test_slots_of_a_day_add_up_to_its_total(data):
    days = {row["day"]: row for row in csv.DictReader(io.StringIO(suntap("export", "days", "--data-dir", data).out))}
    for day, row in days.items():
        slots = csv.DictReader(io.StringIO(
            suntap("export", "slots", "--from", day, "--to", day, "--data-dir", data).out))
        total = sum(Decimal(slot["production_wh"] or 0) for slot in slots)
        assert total == Decimal(row["production_wh"] or 0)


def test_from_and_to_are_local_days_both_included(data):
    days = [row["day"] for row in csv.DictReader(io.StringIO(suntap("export", "days", "--data-dir", data).out))]
    first = days[0]
    slots = list(csv.DictReader(io.StringIO(
        suntap("export", "slots", "--from", first, "--to", first, "--data-dir", data).out)))
    assert slots and {slot["time"][:10] for slot in slots} == {first}
    nothing = suntap("export", "days", "--from", "1999-01-01", "--to", "1999-12-31", "--data-dir", data)
    assert nothing.code == 0 and nothing.out.count("\n") == 1
    assert json.loads(suntap("export", "days", "--format", "json", "--to", "1999-12-31", "--data-dir", data).out) == []


@given(st.integers(-10**12, 10**12))
def test_tenths_are_exact(value):
    assert Decimal(export.tenths(value)) * 10 == value


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=20), min_size=1, max_size=4))
def test_no_field_is_a_formula_and_no_text_is_lost(texts):
    columns = tuple(f"c{number}" for number in range(len(texts)))
    line = list(csv.reader(io.StringIO("".join(export.as_csv(columns, [tuple(texts)])), newline="")))[1]
    for cell, text in zip(line, texts, strict=True):
        assert cell.replace("'", "") == text.replace("'", "")
        assert cell[:1] not in ("=", "+", "@", "\t")


def test_midnight_is_the_sites():
    assert export.midnight(date(2026, 5, 9), ZoneInfo("America/Los_Angeles")) == 1_778_310_000


def test_a_box_without_history_says_so(tmp_path):
    result = suntap("export", "days", "--data-dir", tmp_path / "none")
    assert result.code == 1 and "no data directory" in result.err
