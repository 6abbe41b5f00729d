"""Which inverter needs a look, by its neighbours and its own past; and which took another's place."""
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.health import notices
from appliance.history import inverters
from tests.ledger.support import LA, Box, folder, inverter

FIRST = int(datetime(2026, 6, 1, 10, tzinfo=ZoneInfo(LA.timezone)).timestamp())
DAY = 86400
SERIALS = tuple(f"41405000000000{number}" for number in range(4))


class Roof:
    """Days of an hour's readings each; `made` tells what an inverter makes of 2 kWh on a day, None: not one reading."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.counters = dict.fromkeys(SERIALS, 1_000_000)

    def days(self, count, made=lambda serial, day: 1.0, first=0, serials=SERIALS):
        for day in range(first, first + count):
            lines = []
            for serial in serials:
                share = made(serial, day)
                for number in range(13):
                    if number and share is not None:
                        self.counters[serial] = self.counters.get(serial, 0) + round(20_000 * share / 12)
                    if share is not None:
                        lines.append(inverter(FIRST + day * DAY + number * 300, self.counters.get(serial, 0), serial))
            if lines:
                self.box.lines(*lines, captured=FIRST + day * DAY + 7200)

    def told(self):
        return {(notice.kind, notice.device) for notice in notices.collect(self.box.store)
                if notice.kind in ("weak", "dead", "silent", "replaced")}


@pytest.fixture
def roof():
    with folder() as name:
        box = Box(Path(name))
        yield Roof(box)
        box.close()


def bad(serial, since, share):
    return lambda one, day: share if one == serial and day >= since else 1.0


@pytest.mark.parametrize(("share", "kind"), [(0.0, "dead"), (0.4, "weak"), (None, "silent")])
def test_an_inverter_with_two_bad_days_of_sun_is_told_with_its_days(roof, share, kind):
    roof.days(6, bad(SERIALS[2], 4, share))
    roof.days(1, bad(SERIALS[2], 4, share), first=6)        # the newest day is not over
    assert roof.told() == {(kind, SERIALS[2])}
    (trouble,) = inverters.troubles(roof.box.store)
    assert trouble.days == ("2026-06-05", "2026-06-06")
    (notice,) = [one for one in notices.collect(roof.box.store) if one.kind == kind]
    assert "on June 5 and June 6" in notice.text and notice.state == "warn" and notice.check
    assert trouble.since == "2026-06-05" and "began" not in notice.text


@pytest.mark.parametrize(("share", "kind"), [(0.4, "weak"), (0.03, "dead"), (None, "silent")])
def test_a_fault_that_lasts_is_told_as_long_as_it_lasts(roof, share, kind):
    roof.days(36, bad(SERIALS[2], 8, share))
    assert roof.told() == {(kind, SERIALS[2])}
    (notice,) = [one for one in notices.collect(roof.box.store) if one.kind == kind]
    assert notice.text.endswith("It began on June 9.")
    roof.days(4, first=36)
    assert roof.told() == set()


def test_the_neighbour_of_a_weak_inverter_is_not_weak_once_that_is_mended(roof):
    roof.days(38, lambda serial, day: 0.4 if serial == SERIALS[1] and 8 <= day < 32 else 1.0, serials=SERIALS[:2])
    assert roof.told() == set()


def test_shadows_that_grow_with_the_season_accuse_nobody(roof):
    roof.days(40, lambda serial, day: 1.0 - day / 70 if serial == SERIALS[3] else 1.0)
    assert roof.told() == set()


def test_one_bad_day_is_told_to_nobody(roof):
    roof.days(7, lambda serial, day: 0.0 if serial == SERIALS[0] and day == 5 else 1.0)
    assert roof.told() == set()


def test_clouds_and_snow_accuse_nobody(roof):
    roof.days(5)
    roof.days(3, lambda serial, day: 0.0 if serial == SERIALS[0] else 0.02, first=5)
    assert roof.told() == set()
    assert {one.state for one in inverters.of_day(roof.box.store, "2026-06-07")} == {"dull"}


def test_an_inverter_that_always_made_half_of_the_others_is_no_weak_one(roof):
    roof.days(8, lambda serial, day: 0.5 if serial == SERIALS[1] else 1.0)
    assert roof.told() == set()
    half = next(one for one in inverters.of_day(roof.box.store, "2026-06-07") if one.serial == SERIALS[1])
    assert (half.state, half.share_percent) == ("ok", 100)


def test_a_roof_of_one_inverter_is_compared_with_nothing(roof):
    roof.days(8, bad(SERIALS[0], 4, 0.0), serials=SERIALS[:1])
    assert roof.told() == set()


def test_a_replaced_inverter_is_one_change_and_no_silent_one(roof):
    roof.days(4)
    roof.days(5, first=4, serials=(*SERIALS[:3], "414050000000099"))
    assert roof.told() == {("replaced", "414050000000099")}
    (change,) = inverters.replacements(roof.box.store)
    assert (change.old, change.new, change.day) == (SERIALS[3], "414050000000099", "2026-06-05")


def test_an_inverter_that_was_added_takes_nobodys_place(roof):
    roof.days(4)
    roof.days(4, first=4, serials=(*SERIALS, "414050000000099"))
    assert roof.told() == set()


def test_a_night_without_readings_makes_no_inverter_silent(roof):
    roof.days(5)
    assert {one.state for one in inverters.of_day(roof.box.store, "2026-06-05")} == {"ok"}


def test_the_store_has_a_row_per_inverter_and_day_beside_its_neighbours(roof):
    roof.days(3, lambda serial, day: 0.5 if serial == SERIALS[1] else 1.0)
    rows = roof.box.store.execute("SELECT serial, energy_dwh, typical_dwh FROM device_day JOIN device ON device = id"
                                  " WHERE day = '2026-06-02' ORDER BY serial").fetchall()
    assert [row[0] for row in rows] == list(SERIALS)
    assert rows[1][1] < rows[0][1] == rows[1][2]
