"""What is energy and what is not, reading by reading."""
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.counters import fold
from appliance.ledger.folded import HELD, JUMP, OUTLIER, RESTART, Limit, State, power_limit

LIMIT = Limit(power_limit(0), power_limit(0))
DAY = 288


def rising(*values, step=300, state=None, behind=None):
    """Fold counter values read every five minutes; (energies, kinds of events, end)."""
    return _fold(False, values, step, state, behind)


def net(*values, step=300, state=None, behind=None):
    return _fold(True, values, step, state, behind)


def _fold(both_ways, values, step, state, behind):
    points = [(step * (index + 1), value) for index, value in enumerate(values)]
    folded = fold(state, points, behind, both_ways, LIMIT)
    return ([energy for _, _, energy in folded.steps], [event.kind for event in folded.events],
            folded.state and folded.state[:2])


def test_energy_is_the_difference_between_consecutive_readings():
    assert rising(21297991, 21299181, 21300261, 21301481)[0] == [1190, 1080, 1220]


def test_the_first_reading_of_a_device_only_starts_the_counting():
    assert rising(500_000) == ([], [], (300, 500_000))


def test_a_plateau_is_zeros_and_then_its_sum():
    assert rising(100, 100, 100, 400)[0] == [0, 0, 300]


def test_a_last_digit_down_is_no_fall_and_is_not_counted_again_on_the_way_up():
    assert rising(1000, 1100, 1090, 1095, 1100, 1130) == ([100, 0, 0, 0, 30], [], (1800, 1130))


def test_decimals_that_go_from_four_to_three_lose_and_double_nothing():
    energies, events, _ = rising(26042, 26567, 26560, 26560, 26600)
    assert sum(energies) == 26600 - 26042 and not events


def test_ten_watt_hours_down_is_a_last_digit_and_a_little_more_is_not():
    assert rising(10_000, 9_900)[1] == []
    assert rising(10_000, 9_899)[1] == [HELD]


def test_a_single_low_reading_is_an_outlier():
    assert rising(50_000, 50_100, 3, 50_300) == ([100, 200], [OUTLIER], (1200, 50_300))


def test_a_single_high_reading_is_an_outlier_even_where_hardware_could():
    assert rising(50_000, 50_100, 60_000, 50_300) == ([100, 200], [OUTLIER], (1200, 50_300))


def test_an_impossible_rise_is_held_until_the_next_reading_tells():
    assert rising(50_000, 50_100, 9_000_000) == ([100], [HELD], (600, 50_100))
    assert rising(50_000, 50_100, 9_000_000, 50_300)[1] == [OUTLIER]
    assert rising(50_000, 50_100, 9_000_000, 9_000_100, 9_000_200) == ([100, 100, 100], [JUMP], (1500, 9_000_200))


def test_a_fallen_counter_starts_a_new_epoch_when_the_next_reading_agrees():
    assert rising(50_000, 50_100, 0, 90, 200) == ([100, 90, 110], [RESTART], (1500, 200))


def test_a_fallen_counter_waits_for_the_next_reading():
    assert rising(50_000, 50_100, 0) == ([100], [HELD], (600, 50_100))


def test_the_reading_behind_the_stretch_decides_as_one_within_it_would():
    assert rising(50_000, 0, behind=(900, 50_200)) == ([], [OUTLIER], (300, 50_000))
    assert rising(50_000, 0, behind=(900, 40)) == ([], [RESTART], (600, 0))


def test_readings_that_agree_with_nothing_are_left_out_one_by_one():
    energies, events, state = rising(50_000, 9_000_000, 30, 7_000_000, 50_100)
    assert (energies, state) == ([100], (1500, 50_100)) and set(events) == {OUTLIER}


def test_the_energy_of_a_hole_is_the_difference_across_it():
    assert rising(50_000, 90_000, step=8 * 3600)[0] == [40_000]


def test_a_hole_of_a_month_may_hold_a_months_energy():
    assert rising(50_000, 10_050_000, step=30 * 86400)[0] == [10_000_000]


def test_a_clock_set_by_an_hour_is_energy_of_an_hour_in_one_step():
    assert rising(50_000, 50_000 + 65 * 100)[0] == [6500]


def test_a_large_site_may_make_more_in_a_step():
    readings = [(0, 0), (300, 1_000_000)]
    assert fold(None, readings, None, False, LIMIT).steps == []
    assert fold(None, readings, None, False, Limit(power_limit(60_000), 0)).steps == [(0, 300, 1_000_000)]


def test_a_net_counter_runs_both_ways_and_through_zero():
    assert net(300, -200, -700, 100)[0] == [-500, -500, 800]


def test_a_net_counter_that_began_anew_is_seen_by_the_zero():
    assert net(450_000, 449_000, 0, 300, 500) == ([-1000, 300, 200], [RESTART], (1500, 500))
    assert net(-450_000, -449_000, 0, -300, -500) == ([1000, -300, -200], [RESTART], (1500, -500))


def test_a_net_counter_that_says_zero_once_says_nothing():
    assert net(450_000, 449_000, 0, 448_500) == ([-1000, -500], [OUTLIER], (1200, 448_500))


def test_a_stretch_goes_on_where_the_one_before_ended():
    readings = [40_000, 40_100, 39_000_000, 40_150, 3, 10, 60]
    whole = rising(*readings)
    points = [(300 * (index + 1), value) for index, value in enumerate(readings)]
    for cut in range(len(points) + 1):
        first = fold(None, points[:cut], points[cut] if cut < len(points) else None, False, LIMIT,
                     lambda _, rest=points[cut:]: rest)
        second = fold(first.state, points[cut:], None, False, LIMIT)
        assert [step[2] for step in first.steps + second.steps] == whole[0], f"cut at {cut}"
        assert second.state[:2] == whole[2]


@given(st.booleans(), st.lists(st.tuples(st.sampled_from([300, 300, 900, 4000, 40_000]),
                                         st.one_of(st.just(0), st.integers(-200, 3000))), max_size=30),
       st.sampled_from([125, 1000, 25_000]), st.sampled_from([1800, 1 << 62]), st.booleans())
def test_a_day_folded_at_once_is_what_it_is_reading_by_reading(both_ways, steps, full_w, still_s, only_up):
    time, counter, points = 10_000, 50_000, []
    for span, rise in steps:
        time, counter = time + span, counter + (abs(rise) if only_up else rise)
        points.append((time, counter))
    limit, start = Limit(25_000, full_w, still_s), State(10_000, 50_000, 9_000)
    at_once = fold(start, points, (time + 300, counter), both_ways, limit)
    with patch("appliance.ledger.counters._plain", lambda state, *_: (0, state)):
        one_by_one = fold(start, points, (time + 300, counter), both_ways, limit)
    at_once.steep_w = 0
    assert at_once == one_by_one


ENDS = [("9,999.9999 kWh", 10**8), ("99,999.99 kWh", 10**9), ("999,999.99 kWh", 10**10), ("9,999,999.99 kWh", 10**11),
        ("32 bits of 0.1 Wh", 1 << 32), ("32 bits of 1 Wh", 10 << 32), ("32 bits of 10 Wh", 100 << 32)]


@pytest.mark.parametrize("end", [end for _, end in ENDS], ids=[name for name, _ in ENDS])
def test_a_counter_that_comes_to_its_end_and_begins_at_zero_loses_and_doubles_nothing(end):
    for fold_one in (rising, net):
        energies, events, _ = fold_one(end - 700, end - 300, 100, 500, 900)
        assert (energies, events) == ([400, 400, 400, 400], [])
        assert fold_one(end - 700, end - 300, 0, 400, 900)[0] == [400, 300, 400, 500]
    assert net(700, 300, end - 100, end - 500, end - 900) == ([-400] * 4, [], (1500, end - 900))
    assert net(end - 300, 100, end - 200, 200, 600)[:2] == ([400, -300, 400, 400], [])


def test_a_counter_of_32_bits_with_a_sign_goes_on_below_zero():
    for unit in (1, 10, 100):
        top = unit << 31
        energies, events, _ = rising(top - 500, top - 100, -top + 300, -top + 700)
        assert (energies, events) == ([400, 400, 400], [])
        assert net(-top + 300, top - 100, top - 500)[0] == [-400, -400]


def test_a_counter_that_says_zero_near_its_end_and_comes_back_was_away():
    end = 10**9
    assert rising(end - 700, end - 300, 0, 0, end - 100) == ([400, 200], [OUTLIER] * 2, (1500, end - 100))


def test_a_net_meter_that_says_zero_near_its_end_counts_as_much_there_as_back():
    """Whether it was there cannot be told, and need not be."""
    end = 10**9
    assert net(end - 700, end - 300, 0, 0, end - 100)[:2] == ([400, 300, 0, -100], [])


def test_a_net_meter_that_sells_for_half_a_day_beyond_its_end_keeps_the_hours_of_it():
    end = 10**9
    shown = [(end + 3000 - 60 * number if number < 100 else end - 2940 + 60 * (number - 100)) % end
             for number in range(200)]
    energies, events, _ = net(*shown)
    assert (energies, events) == ([-60] * 99 + [0] + [60] * 99, [])


def test_the_night_over_a_counters_end_is_one_step():
    end = 10**9
    energies, events, _ = rising(end - 40, 60, 160, step=36_000)
    assert (energies, events) == ([100, 100], [])


def test_a_counter_that_began_anew_far_from_its_end_is_not_at_its_end():
    assert rising(10**9 - 10**8, 10**9 - 10**8 + 10, 100, 300, 500)[1] == [RESTART]


@given(st.sampled_from([end for _, end in ENDS]), st.lists(st.integers(0, 2000), min_size=2, max_size=40),
       st.integers(0, 20_000))
def test_the_sum_over_a_counters_end_is_exact(end, made, left):
    counter, shown = end - left, []
    for energy in made:
        counter += energy
        shown.append(counter % end)
    energies, events, _ = rising(*shown)
    assert len(energies) == len(made) - 1 or shown[-1] < end - left     # one that has nothing behind it waits
    assert not [kind for kind in events if kind != HELD]
    if len(energies) == len(made) - 1:
        assert energies == made[1:]


def test_a_counter_that_is_another_since_the_night_does_not_become_likelier_by_waiting_for_the_sun():
    """The same serial number on another inverter: its counter stands higher than the old one can have come, until so
    many hours are over that it could."""
    night = [1_000_000] * 72 + [2_150_000] * 48
    points = [(300 * number, counter) for number, counter in enumerate([*night, *range(2_150_600, 2_156_600, 600)])]
    folded = fold(None, points, None, False, Limit(16_000, 8_000))
    assert [event.kind for event in folded.events] == [JUMP] and folded.energy_dwh == 6_000


def test_a_net_meter_that_says_zero_for_a_while_was_away_however_near_zero_it_was():
    """A household could have brought it there, but not on to where it is next."""
    energies, events, _ = net(-133_600, -144_000, 0, 0, 0, -185_000, -196_000, step=900)
    assert sum(energies) == -62_400 and min(energies) == -41_000 and max(energies) < 0
    assert events == [OUTLIER] * 3


def test_a_net_meter_that_passes_zero_to_the_last_digit_loses_nothing():
    assert sum(net(20_000, 8_000, 0, -8_000, -20_000, step=900)[0]) == -40_000
    assert sum(net(30_000, 15_000, 0, -15_000, -30_000, step=900)[0]) == -60_000
    assert sum(net(30_000, 15_000, 0, 0, 0, 5_000, 20_000, step=900)[0]) == -10_000


def test_a_net_meter_that_began_at_zero_and_counts_on_is_a_new_epoch():
    energies, events, _ = net(9_000_000, 9_000_300, 0, 300, 600, 900)
    assert (energies, events) == ([300, 300, 300, 300], [RESTART])
