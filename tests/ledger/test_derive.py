"""From readings to days: day totals in every zone, late and repeated readings, holes, and what becomes stale."""
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.history import views
from appliance.ledger.derive import derive, device_steps
from appliance.ledger.dirty_days import mark_all_stale
from tests.ledger.support import HOUR, LA, NOON, Box, inverter, meter, run_of, upload


def test_a_late_reading_splits_the_interval_it_falls_in(box):
    box.lines(inverter(NOON, 1000), inverter(NOON + 900, 1900))
    assert box.production() == {NOON + 900: 900}
    assert box.lines(inverter(NOON + 300, 1200)).days == ("2026-05-09",)
    assert box.production() == {NOON + 300: 200, NOON + 900: 700}


def test_a_repeat_changes_nothing_and_is_not_reported_as_a_change(box):
    lines = run_of(NOON, 10, 1000, 100)
    box.lines(*lines)
    box.store.execute("DELETE FROM changed_day")
    before = box.derived()
    again = box.deliver(upload(lines, NOON + 3300, "other trailer"))
    assert (again.uploads, again.readings, again.days) == (1, 0, ())
    assert all(box.derived()[name] == before[name] for name in ("reading", "slot", "site_day", "device_day"))


def test_the_energy_of_a_hole_is_booked_at_its_end_and_marked(box):
    box.lines(*run_of(NOON, 3, 1000, 100), *run_of(NOON + 2 * HOUR, 2, 5000, 100))
    day = views.day(box.store, "2026-05-09")
    assert [(slot.time - NOON, slot.production_dwh, slot.hole) for slot in day] == [
        (300, 100, False), (600, 100, False), (7200, 3800, True), (7500, 100, False)]
    assert views.days(box.store)[0].holes == 1 and sum(slot.production_dwh for slot in day) == 4100


def test_changed_days_wait_until_the_outbox_took_them(box):
    box.lines(*run_of(NOON, 3, 1000, 100))
    assert box.deliver().days == ("2026-05-09",)
    box.store.execute("DELETE FROM changed_day")
    assert box.deliver().days == ()


def test_a_late_reading_before_midnight_changes_the_day_behind_it_too(box):
    midnight = NOON + 12 * HOUR
    box.lines(inverter(midnight - 3600, 1000), inverter(midnight + 300, 2000))
    assert box.production() == {midnight + 300: 1000}
    box.lines(inverter(midnight - 300, 1700))
    assert box.production() == {midnight - 300: 700, midnight + 300: 300}


def test_what_a_late_reading_leaves_to_take_off_is_taken_off_the_next_day(quick_path):
    """No counter ends the day differently, only the balance of consumption does: the next day starts from it."""
    midnight = NOON + 12 * HOUR
    counters = {-900: 500_000, -600: 502_000, -300: 500_000, 0: 500_000, 300: 501_000, 600: 502_500}
    lines = [meter(midnight + offset, net) for offset, net in counters.items()]
    boxes = [Box(quick_path / name) for name in ("sorted", "late")]
    boxes[0].lines(*lines)
    boxes[1].lines(*lines[:1], *lines[2:])
    boxes[1].lines(lines[1], captured=midnight + 900)
    assert boxes[0].derived()["slot"] == boxes[1].derived()["slot"]
    assert list(boxes[1].consumption().values()) == [2000, 0, 0, 0, 500]
    for one in boxes:
        one.close()


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


def test_a_limit_of_days_is_kept_and_the_rest_is_derived_by_the_next_call(box):
    box.lines(*run_of(NOON, 5 * 288, 1000, 7))
    before = box.derived()
    mark_all_stale(box.store)
    assert [derive(box.store, limit=most) for most in (2, 2, None, None)] == [2, 2, 2, 0]
    assert box.derived() == before


def test_steps_of_a_device_are_the_differences_of_its_counter(box):
    box.lines(*run_of(NOON, 4, 1000, 7))
    (device,) = (number for number, kind in box.store.execute("SELECT id, kind FROM device") if kind == "inverter")
    steps = device_steps(box.store, [device, 999], "2026-05-09")
    assert list(steps) == [device] and [step[:3] for step in steps[device]] == [
        (NOON + 300 * number, NOON + 300 * number + 300, 7) for number in range(3)]
