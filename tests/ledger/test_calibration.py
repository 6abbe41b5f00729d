"""What all days together say of the meters: the sign of the net counter, found or set, and each device's full power."""
from dataclasses import replace

import pytest

from appliance import ledger
from appliance.history import views
from appliance.ledger.calibration import is_unsettled, leave_unsettled, meter_is_gross, net_signs, settle
from appliance.ledger.full_power import full_power
from appliance.store import state, transaction
from appliance.store.state import Key
from tests.ledger.support import LA, NOON, household, inverter, meter, run_of, texts


@pytest.mark.parametrize(("sign", "text"), [(1, "counts: up when you buy."), (-1, "counts: up when you sell.")])
def test_the_sign_of_the_net_meter_is_found_and_shown_with_its_reason(box, sign, text):
    made, used = (lambda n: 200 if n < 100 else 0), (lambda n: 60 if n < 100 else 300)
    box.lines(*household(288, made, used, sign))
    assert abs(sum(box.consumption().values()) - sum(used(n) for n in range(1, 288))) <= 200
    assert text in texts(box) and "suntap checked which way your grid meter counts" in texts(box)


def test_one_day_on_which_a_counter_stood_still_does_not_tell_the_sign(box):
    """By energy alone, the hours of that day outweigh the nights of weeks."""
    with transaction(box.store):
        box.store.executemany(
            "INSERT INTO site_day (day, slots, holes, source, net_active, balance_dwh, against_plus_dwh,"
            " against_minus_dwh) VALUES (?, 288, 0, 'inverters', 1, 0, ?, ?)",
            [(f"2026-05-{day:02}", 30_000, 400_000 if day == 3 else 0) for day in range(1, 6)])
        settle(box.store)
    assert state.get(box.store, Key.NET_SIGN) == "-"


def test_the_owners_sign_holds(box):
    box.site = replace(LA, net_sign="-")
    box.lines(*household(100, lambda n: 200, lambda n: 60))
    assert "up when you sell, as you chose under Settings › Site." in texts(box)
    assert views.latest(box.store).net_dw == 13783


@pytest.mark.parametrize("before_dwh", [50_000, 100_000, 150_000])
def test_a_net_meter_may_run_down_past_zero_as_fast_as_its_roof_can(box, before_dwh):
    """Eight inverters of 3 kW, read every hour. The house cooled on every sunny day but the last, so that 20 kWh in one
    step are more than the meter itself ever showed."""
    lines, made, nets = [], 1_000_000, [0]
    for hour in range(5 * 24):
        energy, used = (26_000 if 4 <= hour % 24 < 10 else 0), (5000 if hour >= 96 else 120_000)
        made += energy
        nets.append(nets[-1] + used - 8 * energy)
        lines += [inverter(NOON + 3600 * hour, made, f"41405000000000{unit}") for unit in range(8)]
    start = before_dwh - nets[4 * 24 + 4]       # when the sun rises on the last day
    box.lines(*lines, *(meter(NOON + 3600 * hour, start + net) for hour, net in enumerate(nets[1:])))
    assert not box.kinds()
    assert sum(row.consumption_dwh or 0 for row in views.days(box.store)) == 120_000 * 95 + 5000 * 24


def test_days_that_were_derived_are_settled_once_and_a_settled_box_stays(box):
    box.lines(*household(20, lambda n: 200, lambda n: 60))
    assert not is_unsettled(box.store) and not meter_is_gross(box.store)
    with transaction(box.store):
        leave_unsettled(box.store)
        leave_unsettled(box.store)
    assert is_unsettled(box.store)
    with transaction(box.store):
        assert not settle(box.store)
    assert not is_unsettled(box.store) and not box.store.execute("SELECT 1 FROM dirty_day").fetchall()


def test_the_owners_kind_of_meter_holds(box):
    box.site = replace(LA, meter="consumption")
    box.lines(*household(20, lambda n: 200, lambda n: 260))
    assert meter_is_gross(box.store)


def test_what_was_taken_for_a_spike_is_looked_at_again_once_the_full_power_is_known(box):
    """8.4 kW up to near zero are too much where nothing is known of the meter; the next day knows it."""
    evening = [(NOON, -6900), (NOON + 300, -6900), (NOON + 600, 1500), (NOON + 900, 1500)]
    midnight = NOON + 12 * 3600
    box.lines(*(meter(time, net) for time, net in evening),
              *(meter(midnight + 300 * number, 1500 + 20_000 * number) for number in range(4)))
    nets = [row[:2] for row in box.store.execute("SELECT time - ?, net_dwh FROM slot WHERE time < ?", (NOON, midnight))]
    assert nets == [(300, 0), (600, 8400), (900, 0)]


def test_a_devices_full_power_is_that_of_its_third_best_day(box):
    for day, watts in enumerate((3000, 700, 900, 800)):
        box.lines(*run_of(NOON + 86400 * day, 13, 1_000_000 * (day + 1), watts * 10 // 12))
    assert box.store.execute("SELECT full_w FROM device WHERE kind = 'inverter'").fetchone() == (full_power(800),)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sign_and_kind_of_a_meter_that_counts_whole_kilowatt_hours_are_found(box, sign):
    """23 days, read every 15 minutes; it runs down for a few hours about noon."""
    made, net, lines = 1_000_000, 12_345_678, []
    for number in range(23 * 96):
        sun = max(0, 12 - abs(number % 96 - 48)) * 300
        used = 800 if number % 96 < 68 else 2500
        made, net = made + sun, net + sign * (used - sun)
        time = NOON - 12 * 3600 + 900 * number
        lines += [inverter(time, made), meter(time, net // 10_000 * 10_000, decimals=2)]
    for first in range(0, len(lines), 1000):
        box.lines(*lines[first:first + 1000])
    assert (state.get(box.store, Key.NET_SIGN) or "+") == ("+" if sign == 1 else "-")
    assert not meter_is_gross(box.store)
    used = 68 * 800 + 28 * 2500
    days = views.days(box.store)[1:]
    assert all(abs((row.consumption_dwh or 0) - used) <= 2 * 10_000 for row in days)
    assert abs(sum(row.consumption_dwh or 0 for row in days) - 22 * used) <= 2 * 10_000


@pytest.mark.parametrize("first", [1, -1])
@pytest.mark.parametrize("order", [1, -1])
def test_a_meter_that_was_turned_round_counts_rightly_before_and_since(box, first, order):
    """Eight days either way, read every 15 minutes, turned at 14:00; the day itself is not told apart."""
    made, net, lines = 1_000_000, 5_000_000, []
    for number in range(17 * 96):
        sun, used = max(0, 16 - abs(number % 96 - 48)) * 300, 800 if number % 96 < 68 else 2500
        sign = first if number < 8 * 96 + 56 else -first
        made, net = made + sun, net + sign * (used - sun)
        time = NOON - 12 * 3600 + 900 * number
        lines += [inverter(time, made), meter(time, net)]
    several = [lines[first:first + 500] for first in range(0, len(lines), 500)]
    for some in several[::order]:
        box.lines(*some)
    assert net_signs(box.store) == ("-" if first == 1 else "+", ["2026-05-17"])
    used = 68 * 800 + 28 * 2500
    days = {row.day: row.consumption_dwh for row in views.days(box.store)}
    assert all(abs(energy - used) <= 200 for day, energy in days.items() if day > "2026-05-09" and day != "2026-05-17")
    assert "The grid meter was turned round on 2026-05-17" in texts(box)
    before = box.derived()
    ledger.rebuild(box.inbox, box.store, box.site)
    assert box.derived() == before
    box.site = replace(LA, net_sign="+")
    box.deliver()
    assert net_signs(box.store) == ("+", []) and "turned round" not in texts(box)
