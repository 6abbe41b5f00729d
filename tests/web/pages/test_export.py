"""CSV downloads: what `suntap export` gives, for whom, and no formula for a spreadsheet to run."""
import csv
import io
from pathlib import Path

import pytest

from appliance import settings
from appliance.history import export
from tests.web.conftest import NOON, TODAY, Visitor
from tests.web.roof import Roof, fill


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_days_and_slots_agree_with_the_api(guest: Visitor, roof: Path) -> None:
    query = f"?first={TODAY}&last={TODAY}"
    day = guest.get("/api/v1/days?from=2026-05-09").json["days"][0]
    found = rows(guest.get(f"/export/days.csv{query}").text)
    assert [(row["day"], row["production_wh"]) for row in found] == [
        ("2026-05-09", export.tenths(day["production_dwh"]))]
    slots = rows(guest.get(f"/export/slots.csv{query}").text)
    total = sum(int(row["production_wh"].replace(".", "")) for row in slots if row["production_wh"])
    assert total == day["production_dwh"]
    assert slots[0]["time"] == "2026-05-09T00:00:00-07:00"
    assert (slots[0]["date"], slots[0]["clock"], slots[0]["utc"]) == ("2026-05-09", "00:00:00", "2026-05-09 07:00:00")


def test_readings_are_the_owners(guest: Visitor, owner: Visitor, roof: Path) -> None:
    path = f"/export/readings.csv?first={TODAY}&last={TODAY}"
    assert guest.get(path).status_code == 302
    found = rows(owner.get(path).text)
    assert {row["kind"] for row in found} == {"pvs", "inverter", "meter"}
    assert [row["time"] for row in found] == sorted(row["time"] for row in found)


def test_a_serial_that_is_a_formula_stays_text(owner: Visitor, data_dir: Path) -> None:
    fill(data_dir, settings.Settings(), Roof(serials=["=1+1", "@SUM(A1)"]).uploads(TODAY, 1, until=NOON), NOON)
    found = rows(owner.get(f"/export/readings.csv?first={TODAY}&last={TODAY}").text)
    assert {"'=1+1", "'@SUM(A1)"} <= {row["serial"] for row in found}


@pytest.mark.parametrize("query", ["", "?first=2026-05-09", "?first=x&last=y", "?first=2026-05-09&last=2026-05-08",
                                   "?first=2000-01-01&last=2099-01-01"])
def test_a_range_that_makes_no_sense_is_refused(guest: Visitor, query: str) -> None:
    assert guest.get(f"/export/days.csv{query}").status_code in (400, 404)
