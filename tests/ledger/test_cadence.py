"""How often the site is read, and which step skipped readings."""
import pytest

from appliance.history import views
from appliance.ledger import cadence
from tests.ledger.support import HOUR, NOON, inverter


def steps(*minutes: int) -> list[tuple[int, int, int]]:
    found, at = [], NOON
    for length in minutes:
        found.append((at, at + 60 * length, 10))
        at += 60 * length
    return found


@pytest.mark.parametrize(("minutes", "holes"), [
    ((5, 5, 5, 5, 5), []), ((5, 5, 60, 5, 5), [2]), ((60, 60, 60, 60), []), ((15, 15, 15, 15), []),
    ((5, 5, 5, 15, 15, 15), []), ((60, 60, 180, 60, 60), [2]), ((15, 15, 15, 5, 5, 5), []), ((5, 10, 5, 5, 5), [1]),
])
def test_a_long_step_among_short_ones_is_a_hole_and_one_among_its_like_is_not(minutes, holes):
    taken = steps(*minutes)
    assert [index for index in range(len(taken)) if cadence.is_hole(taken, index, 300, 0)] == holes


def test_the_one_public_sample_of_an_hourly_site_has_a_plain_hour(box):
    box.lines(inverter(NOON, 1_000_000), inverter(NOON + HOUR, 1_013_020))
    (slot,) = views.day(box.store, "2026-05-09")
    assert (slot.hole, slot.seconds, slot.production_w) == (False, 3600, 1302)
    assert views.days(box.store)[0].peak_w == 1302


@pytest.mark.parametrize(("every", "late"), [(300, 1800), (900, 3600), (3600, 11_700)])
def test_what_is_late_follows_the_cadence(box, every, late):
    box.lines(*(inverter(NOON + every * n, 1_000_000 + 10 * n) for n in range(12)))
    assert cadence.learned(box.store) == every and cadence.late_s(box.store) == late
    assert cadence.live_s(box.store) == every + 900


def test_a_firmware_that_reads_less_often_from_noon_on_makes_no_holes(box):
    times = [NOON + 300 * n for n in range(24)] + [NOON + 2 * HOUR + 900 * n for n in range(12)]
    box.lines(*(inverter(time, 1_000_000 + (time - NOON) // 10) for time in times))
    assert not any(slot.hole for slot in views.day(box.store, "2026-05-09"))
