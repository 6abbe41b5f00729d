"""From the steps of counters to slots: booking, holes, power, consumption."""
from appliance.ledger.balance import Start, book
from appliance.ledger.folded import Folded
from appliance.ledger.pvs_production import Day
from appliance.ledger.sign import choose

COUNTING = Start(1, 0)
DAY = 1_778_310_000 - 1_778_310_000 % 300


def counter(*steps, starts=()):
    """Steps as (minute of the end, minutes of length, energy)."""
    return Folded(None, [(DAY + 60 * (end - length), DAY + 60 * end, energy) for end, length, energy in steps],
                  [DAY + 60 * start for start in starts])


def booked(production=(), net=(), sign=1, start=COUNTING, slot_seconds=300):
    return book(production, net, Day(DAY, slot_seconds, 300), sign, start)


def test_energy_belongs_to_the_slot_of_its_record_time():
    slots, _ = booked([counter((5, 5, 100), (10, 5, 200))])
    assert [((slot.time - DAY) // 60, slot.production_dwh) for slot in slots] == [(5, 100), (10, 200)]


def test_production_is_the_sum_over_devices():
    slots, totals = booked([counter((5, 5, 100)), counter((5, 5, 30)), counter((10, 5, 1))])
    assert [slot.production_dwh for slot in slots] == [130, 1] and totals.production_dwh == 131


def test_running_totals_grow_slot_by_slot():
    slots, _ = booked([counter((5, 5, 100), (10, 5, 200))], [counter((5, 5, 50), (10, 5, -60))])
    assert [slot.day_production_dwh for slot in slots] == [100, 300]
    assert [slot.day_consumption_dwh for slot in slots] == [150, 290]


def test_a_slot_that_ends_a_hole_is_marked_and_has_the_holes_seconds():
    slots, totals = booked([counter((5, 5, 100), (65, 60, 1200))])
    assert [(slot.hole, slot.seconds) for slot in slots] == [(0, 300), (1, 3600)]
    assert (totals.holes, totals.peak_w) == (1, 120)


def test_a_night_without_energy_is_no_hole():
    assert not booked([counter((600, 590, 0))])[0][0].hole


def test_one_straggler_among_many_keeps_the_power_right():
    slots, _ = booked([*[counter((10, 5, 100)) for _ in range(30)], counter((10, 10, 200))])
    assert slots[0].production_dwh == 3200 and slots[0].seconds == 310
    assert round(slots[0].production_dwh * 360 / slots[0].seconds) == 3716     # 31 * 120 W, but for whole seconds


def test_a_silent_device_among_few_is_a_hole():
    assert booked([counter((10, 5, 100)), counter((10, 10, 200))])[0][0].hole


def test_readings_that_come_a_little_late_are_no_hole():
    slots, _ = book([Folded(None, [(DAY, DAY + 430, 100)])], [], Day(DAY, 300, 300), 1, Start(0, 0))
    assert not slots[0].hole


def test_slots_of_fifteen_minutes_hold_three_intervals():
    slots, _ = booked([counter(*((5 * n, 5, 10) for n in range(3, 9)))], slot_seconds=900)
    assert [(slot.production_dwh, slot.seconds, slot.hole) for slot in slots] == [(30, 900, 0), (30, 900, 0)]


def test_consumption_is_production_plus_net():
    slots, totals = booked([counter((5, 5, 500))], [counter((5, 5, -300))])
    assert (slots[0].net_dwh, slots[0].consumption_dwh) == (-300, 200)
    assert (totals.import_dwh, totals.export_dwh) == (0, 300)


def test_a_meter_that_counts_export_up_has_its_sign_turned():
    slots, totals = booked([counter((5, 5, 500))], [counter((5, 5, 300))], sign=-1)
    assert (slots[0].net_dwh, slots[0].consumption_dwh, totals.export_dwh) == (-300, 200, 300)


def test_a_meter_of_ten_watt_hours_never_makes_consumption_run_backwards():
    production = counter(*((5 * n, 5, 53) for n in range(1, 21)))
    net = counter(*((5 * n, 5, -100 if n % 2 else 0) for n in range(1, 21)))
    slots, totals = booked([production], [net])
    assert all(slot.consumption_dwh >= 0 for slot in slots)
    assert totals.consumption_dwh + totals.end.balance_dwh == 20 * 53 - 10 * 100


def test_what_would_be_negative_is_taken_off_the_next_day():
    _, evening = booked([counter((1435, 5, 0))], [counter((1435, 5, -100))])
    assert (evening.consumption_dwh, evening.end.balance_dwh) == (0, -100)
    slots, morning = booked([], [counter((5, 5, 300), (10, 5, 50))], start=evening.end)
    assert [slot.consumption_dwh for slot in slots] == [200, 50] and morning.end.balance_dwh == 0


def test_production_waits_for_a_silent_net_meter():
    slots, _ = booked([counter((5, 5, 100), (10, 5, 100), (15, 5, 100))], [counter((15, 15, -250))])
    assert [slot.consumption_dwh for slot in slots] == [None, None, 50]
    assert [slot.day_consumption_dwh for slot in slots] == [None, None, 50]


def test_an_inverter_that_reports_late_makes_no_negative_consumption():
    slots, totals = booked([counter((20, 20, 400))], [counter(*((5 * n, 5, -80) for n in range(1, 5)))])
    assert [slot.consumption_dwh for slot in slots] == [0, 0, 0, 80] and totals.consumption_dwh == 80


def test_production_from_before_a_net_meters_first_reading_is_no_consumption():
    slots, totals = booked([counter((5, 5, 100), (10, 5, 100), (15, 5, 100))], [counter((15, 5, -40), starts=[10])],
                           start=Start(0, 0))
    assert [slot.consumption_dwh for slot in slots] == [None, None, 60] and totals.end == Start(1, 0)


def test_a_meter_that_began_anew_starts_consumption_anew():
    _, totals = booked([counter((5, 5, 100), (10, 5, 100))], [counter(starts=[10])])
    assert totals.end == Start(1, 0)


def test_a_site_without_net_meter_has_no_consumption():
    slots, totals = booked([counter((5, 5, 100))], start=Start(0, 0))
    assert slots[0].consumption_dwh is None and totals.consumption_dwh is None and totals.end == Start(0, 0)


def test_the_evidence_against_a_sign_is_consumption_that_would_be_negative():
    _, totals = booked([counter((5, 5, 0), (10, 5, 1000))], [counter((5, 5, -600), (10, 5, -1300))])
    assert (totals.against_plus_dwh, totals.against_minus_dwh) == (600 + 300 - 100, 0)


def test_a_night_without_a_word_of_the_inverters_tells_the_sign_in_the_morning():
    night = counter(*((5 * n, 5, -310 if n % 2 else -290) for n in range(1, 73)))
    _, totals = booked([counter((360, 500, 10)), counter((360, 500, 10))], [night])
    assert (totals.against_plus_dwh, totals.against_minus_dwh) == (72 * 300 - 20 - 100, 0)
    _, totals = booked([counter((360, 500, 10)), counter((360, 500, 10))], [counter(*((5 * n, 5, 310 if n % 2 else 290)
                                                                                      for n in range(1, 73)))])
    assert (totals.against_plus_dwh, totals.against_minus_dwh) == (0, 72 * 300 - 20 - 100)


def test_inverters_that_are_lost_by_day_say_nothing_of_the_sign_until_all_are_read_again():
    back = [counter((5, 5, 200), (360, 355, 71 * 200)),
            counter((5, 5, 200), (240, 235, 47 * 200), (360, 120, 24 * 200))]
    _, totals = booked(back, [counter(*((5 * n, 5, -350) for n in range(1, 73)))])
    assert (totals.against_plus_dwh, totals.against_minus_dwh) == (0, 0)


def test_what_was_made_before_an_inverters_first_reading_is_not_missed_in_the_evidence():
    _, totals = booked([counter((125, 5, 400), starts=[120])], [counter(*((5 * n, 5, -350) for n in range(1, 26)))])
    assert (totals.against_plus_dwh, totals.against_minus_dwh) == (0, 0)


def test_a_first_reading_while_the_meter_was_silent_begins_the_evidence_anew():
    net = counter(*((5 * n, 5, -350) for n in (*range(1, 24), 25)))
    _, totals = booked([counter((125, 5, 400), starts=[120])], [net])
    assert (totals.against_plus_dwh, totals.against_minus_dwh) == (0, 0)


def test_a_day_on_which_meters_only_ran_backwards_has_a_peak_of_nothing():
    _, totals = booked([counter((5, 5, -100), (10, 5, -50))])
    assert totals.peak_w == 0


def test_a_meter_that_stood_still_since_before_the_stretch_says_nothing_of_the_sign():
    made = counter(*((5 * n, 5, 200) for n in range(1, 25)))
    _, totals = booked([made], [counter(*((5 * n, 5, 0) for n in range(1, 24)), (120, 115, -4000))])
    assert (totals.against_plus_dwh, totals.against_minus_dwh) == (0, 0)


def test_a_meter_that_runs_down_within_hours_is_a_net_meter_though_it_stood_still():
    _, totals = booked([counter((60, 60, 4000))], [counter((60, 60, -3000))])
    assert totals.holes == 1 and totals.meter_falls == 1
    assert booked([], [counter((600, 600, -3000))])[1].meter_falls == 0     # it may have begun anew


def test_the_sign_turns_on_clear_evidence_only():
    assert choose("auto", 0, 0) == "+"
    assert choose("auto", 9_000, 0) == "+"
    assert choose("auto", 90_000, 0) == "-"
    assert choose("auto", 90_000, 80_000) == "+"
    assert choose("-", 0, 90_000) == "-" and choose("+", 90_000, 0) == "+"
