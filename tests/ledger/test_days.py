"""Local days: totals, zones, the change of zone and interval."""
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.history import views
from appliance.store import state
from tests.ledger.support import HOUR, LA, NOON, Box, run_of


@pytest.mark.parametrize(("zone", "day"), [
    ("America/Los_Angeles", "2026-03-08"), ("America/Los_Angeles", "2026-11-01"), ("Australia/Sydney", "2026-10-04"),
    ("Australia/Sydney", "2026-04-05"), ("Europe/Berlin", "2026-03-29"), ("America/Phoenix", "2026-05-09"),
    ("Pacific/Auckland", "2026-05-09"), ("Australia/Lord_Howe", "2026-04-05"), ("Asia/Kathmandu", "2026-05-09"),
    ("America/Sao_Paulo", "2018-11-04")])
def test_day_totals_are_the_counters_difference_from_the_last_reading_before_midnight(quick_path, zone, day):
    box = Box(quick_path, replace(LA, timezone=zone))
    noon = int(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone)).timestamp())
    lines = run_of(noon - 36 * HOUR, 72 * 12, 100_000, 7)
    box.lines(*lines)
    start, end = (int(datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=ZoneInfo(zone)).timestamp()), None)
    length = {"2026-03-08": 23, "2026-11-01": 25, "2026-10-04": 23, "2026-04-05": 25, "2026-03-29": 23,
              "2018-11-04": 23}.get(day, 24) - (0.5 if "Lord_Howe" in zone else 0)
    found = {row.day: row for row in views.days(box.store)}
    assert found[day].production_dwh == int(length * 12) * 7 and found[day].slots == length * 12
    first = views.day(box.store, day)[0]
    assert (first.time, first.day_production_dwh) == (start, 7) and end is None
    assert sum(row.production_dwh for row in found.values()) == (len(lines) - 1) * 7
    box.close()


def test_the_owners_change_of_zone_derives_every_day_again(box):
    box.lines(*run_of(NOON, 24 * 12, 1000, 10))
    before = {row.day: row.production_dwh for row in views.days(box.store)}
    box.site = replace(LA, timezone="Asia/Tokyo")
    assert set(box.deliver().days) >= {"2026-05-10", "2026-05-11"}
    after = {row.day: row.production_dwh for row in views.days(box.store)}
    assert set(after) == {"2026-05-10", "2026-05-11"} != set(before) and sum(after.values()) == sum(before.values())


def test_another_status_interval_derives_every_day_again(box):
    box.lines(*run_of(NOON, 13, 1000, 10))
    state.put(box.store, state.Key.STATUS_INTERVAL, "900")
    box.deliver()
    assert box.production() == {NOON: 20, NOON + 900: 30, NOON + 1800: 30, NOON + 2700: 30, NOON + 3600: 10}
