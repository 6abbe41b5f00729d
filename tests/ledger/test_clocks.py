"""A PVS whose clock is wrong."""

import pytest

from appliance.health import notices
from appliance.history import views
from tests.ledger.support import HOUR, NOON, PRODUCTION, SECOND, inverter, meter, run_of, texts, upload


@pytest.mark.parametrize("wrong", [0, 900_000_000, 2_085_978_496], ids=["1970", "1998", "2036"])
def test_readings_of_a_clock_that_was_never_set_are_kept_not_counted_and_told(box, wrong):
    box.lines(*run_of(NOON, 3, 1000, 100))
    box.lines(*run_of(wrong, 12, 1300, 100), captured=NOON + 4500)
    box.lines(*run_of(NOON + 4500, 3, 2500, 100))
    assert box.total() == 1700                 # every 0.1 Wh, the wrong hour's as the end of a hole
    assert {row.day for row in views.days(box.store)} == {"2026-05-09"}
    assert "12 readings claim a time before 2005 or in the future" in texts(box)
    assert views.latest(box.store).time == NOON + 5100
    assert len([*views.readings(box.store, 0, NOON), *views.readings(box.store, NOON + 9000, 1 << 40)]) == 12


def test_readings_from_the_future_count_once_that_time_has_come(box):
    box.lines(*run_of(NOON, 3, 1000, 100))
    box.lines(*run_of(NOON + 3 * 86400, 3, 5000, 100), captured=NOON + 1200)
    assert box.total() == 200
    box.lines(inverter(NOON + 3 * 86400 + 900, 5300))
    assert box.total() == 4300 and not [notice for notice in notices.collect(box.store) if notice.kind == "clock"]


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_a_clock_an_hour_off_and_then_corrected_keeps_the_totals(box, shift):
    lines = []
    for number in range(60):
        true = NOON + 300 * number
        claimed = true + (shift if 20 <= number < 40 else 0)
        lines.append(upload([inverter(claimed, 1000 + 100 * number), inverter(claimed, 5000 + 50 * number, SECOND)],
                            true + 400, str(number)))
    box.deliver(*lines)
    assert box.total() == 59 * 150
    assert min(value for value in box.production().values()) >= 0


def test_a_pvs_clock_that_is_off_is_told_by_its_heartbeats(box):
    box.deliver(upload([], NOON, path="/Command/SMS2DataCollector.aspx"))
    assert "clock" not in {notice.kind for notice in notices.collect(box.store)}
    late = upload([], NOON + 7200, path="/Command/SMS2DataCollector.aspx")
    box.deliver(type(late)((NOON + 3600) * 1_000_000, late.source, late.destination, late.path, late.body, True))
    assert "60 minutes ahead of" in texts(box)


def test_any_later_packet_brings_the_future_readings_in(box):
    """Also one that carries no reading at all, and on another day than theirs."""
    box.lines(*run_of(NOON, 3, 1000, 100))
    box.lines(*run_of(NOON + 3 * 86400, 3, 5000, 100), captured=NOON + 1200)
    box.deliver(upload([], NOON + 9 * 86400))
    assert box.total() == 4200


def test_a_reading_from_the_future_that_is_brought_in_decides_about_the_one_before(box):
    box.lines(*run_of(NOON, 3, 50_000, 100), inverter(NOON + 900, 3))
    box.lines(inverter(NOON + 3 * 86400, 90_000), captured=NOON + 1200)
    assert box.kinds() == {"held"}
    box.deliver(upload([], NOON + 9 * 86400))
    assert box.kinds() == {"outlier"} and box.total() == 40_000


def test_late_readings_that_claim_days_two_months_ago_change_nothing_there(box):
    """The PVS's clock was slow by that when it made them, and right when it sent them."""
    for day in range(-70, 0):
        box.lines(*run_of(NOON + 86400 * day, 12, 1_000_000 + 2000 * (day + 70), 100))
    true = {row.day: row.production_dwh for row in views.days(box.store)}
    box.lines(*run_of(NOON - 60 * 86400 + 6 * HOUR, 12, 1_140_000, 100), captured=NOON + 4000)
    box.lines(*run_of(NOON + 86400, 12, 1_142_000, 100))
    found = {row.day: row.production_dwh for row in views.days(box.store)}
    assert {day: energy for day, energy in found.items() if true.get(day) != energy} == {"2026-05-10": 4000}
    assert box.kinds() == {"outlier"}


def kept_under_a_wrong_clock(shift):
    """Uploads of a day, an hour of which was stamped by a clock that was off by `shift`, and sent by a right one."""
    uploads = []
    for number in range(-60, 200):
        made = max(0, number + 60)
        claimed = NOON + 300 * number + (shift if 20 <= number < 32 else 0)
        sent = NOON + 300 * (33 if 20 <= number < 32 else number) + 30
        uploads.append(upload([inverter(claimed, 1_000_000 + 100 * made), meter(claimed, 800_000 - 100 * made),
                               inverter(claimed, 5_000_000 + 50 * made, SECOND)], sent, str(number)))
    return uploads


@pytest.mark.parametrize("days", [-20, -30, -365])
@pytest.mark.parametrize("order", [1, -1])
def test_readings_kept_under_a_clock_that_was_behind_make_no_day_before_the_first(box, days, order):
    uploads = kept_under_a_wrong_clock(days * 86400)
    for one in uploads[::order]:
        box.deliver(one)
    assert [(row.day, row.production_dwh, row.consumption_dwh) for row in views.days(box.store)] == [
        ("2026-05-09", 203 * 150, 203 * 50), ("2026-05-10", 56 * 150, 56 * 50)]
    assert "suntap left" in texts(box)


def test_a_production_meter_that_runs_backwards_and_is_away_for_a_day_leaves_nothing_out(box):
    for first in (0, 400):
        box.lines(*(line for n in range(first, first + 24) for line in (
            inverter(NOON + 300 * n, 1_000_000 + 100 * n), meter(NOON + 300 * n, 900_000 - 100 * n, PRODUCTION))))
    assert box.total() == 42_300


def test_a_first_day_alone_is_counted_when_the_counter_goes_on_from_it(box):
    box.lines(*run_of(NOON, 5, 100_000, 100))
    box.lines(*run_of(NOON + 30 * 86400, 5, 900_000, 100))
    assert box.total() == 400 + 799_600 + 400
