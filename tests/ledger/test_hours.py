"""Energy by hour of the clock: its sums are the day's, a slow twin agrees, and the nights of the clocks add up."""
from collections import defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger import hours
from appliance.ledger.calendar import Calendar
from appliance.ledger.slot import Slot
from tests.ledger.support import HOUR, LA, NOON, Box, inverter, meter, upload

ZONE = ZoneInfo("America/Los_Angeles")
CALENDAR = Calendar(ZONE.key, 300)
DAYS = ["2026-05-09", "2026-03-08", "2026-11-01"]       # plain, 23 hours, 25 hours


def slot(time: int, made: int, net: int, seconds: int = 300, hole: int = 0) -> Slot:
    """A slot as the ledger books it."""
    return Slot(time, made, net, max(0, made + net), 0, 0, seconds, hole)


@st.composite
def days(draw: st.DrawFn) -> tuple[str, list[Slot]]:
    """Slots of a day, some of which end a hole."""
    day = draw(st.sampled_from(DAYS))
    start, end = CALENDAR.bounds(day)
    found, last = [], start - 300
    for number in sorted(draw(st.sets(st.integers(0, (end - start) // 300 - 1), max_size=60))):
        time = start + 300 * number
        seconds = time - last
        found.append(slot(time, draw(st.integers(0, 90_000)), draw(st.integers(-90_000, 90_000)), seconds,
                          int(seconds > 450)))
        last = time
    return day, found


@given(days())
def test_the_hours_of_a_day_add_up_and_a_slow_twin_agrees(found: tuple[str, list[Slot]]) -> None:
    day, slots = found
    start = CALENDAR.bounds(day)[0]
    rows = hours.by_hour(slots, start, 300, ZONE)
    assert [sum(column) for column in list(zip(*rows, strict=True))[1:]] == ([
        sum(one.production_dwh or 0 for one in slots), sum(max(0, one.net_dwh or 0) for one in slots),
        sum(max(0, -(one.net_dwh or 0)) for one in slots),
        sum((one.production_dwh or 0) + max(0, one.net_dwh or 0) for one in slots if one.hole)] if rows else [])
    twin: dict[int, float] = defaultdict(float)         # second by second would take minutes: minute by minute
    for one in slots:
        begin = max(start, one.time + 300 - one.seconds)
        for minute in range(begin, one.time + 300, 60):
            twin[datetime.fromtimestamp(minute, ZONE).hour] += (one.production_dwh or 0) * 60 / (one.time + 300 - begin)
    assert {hour: pytest.approx(made, abs=13) for hour, made in twin.items()} == {row[0]: row[1] for row in rows}


@pytest.mark.parametrize(("day", "expected"), [
    ("2026-03-08", {1: 12, 3: 12, 4: 12}), ("2026-11-01", {1: 24, 2: 12})])
def test_an_hour_that_comes_twice_is_one_and_one_that_is_left_out_is_none(day: str, expected: dict[int, int]) -> None:
    start = CALENDAR.bounds(day)[0]
    slots = [slot(start + HOUR + 300 * number, 1, -1) for number in range(36)]
    assert {row[0]: row[1] for row in hours.by_hour(slots, start, 300, ZONE)} == expected


def test_a_gap_is_spread_over_its_hours_and_said() -> None:
    start = CALENDAR.bounds(DAYS[0])[0]
    found = hours.by_hour([slot(start + 12 * HOUR - 300, 901, -300, 3 * HOUR, 1)], start, 300, ZONE)
    assert found == [(9, 300, 0, 100, 300), (10, 300, 0, 100, 300), (11, 301, 0, 100, 301)]
    straggler = hours.by_hour([slot(start + HOUR, 100, 5, 310)], start, 300, ZONE)
    assert straggler == [(1, 100, 5, 0, 0)]


def test_the_store_has_the_hours_of_days_with_a_meter_and_follows_changes(tmp_path) -> None:
    box = Box(tmp_path, LA)
    lines = [line for number in range(25) for line in (
        inverter(NOON + 300 * number, 1_000_000 + 200 * number), meter(NOON + 300 * number, 5_000_000 - 100 * number))]
    box.deliver(upload(lines[:20], NOON + HOUR))
    box.deliver(upload(lines[20:], NOON + 3 * HOUR))
    day = date(2026, 5, 9)
    rows = box.store.execute("SELECT * FROM site_hour").fetchall()
    assert [row[:3] for row in rows] == [(day.isoformat(), hour, day.weekday()) for hour in (12, 13, 14)]
    assert box.store.execute("SELECT production_dwh, import_dwh, export_dwh FROM site_day").fetchone() == tuple(
        sum(row[place] for row in rows) for place in (3, 4, 5))
    bare = Box(tmp_path / "bare", LA)
    bare.deliver(upload(lines[::2], NOON + 3 * HOUR))
    assert bare.store.execute("SELECT count(*) FROM site_day").fetchone()[0] == 1
    assert bare.store.execute("SELECT count(*) FROM site_hour").fetchone()[0] == 0
