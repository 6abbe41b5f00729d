"""Slots to statuses: places, running totals, powers, lifetime counters."""
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.slot import Slot
from appliance.pvoutput import rows
from appliance.pvoutput.rows import Base, Values, cumulative, place, wire
from tests.pvoutput.support import midnight

BERLIN = ZoneInfo("Europe/Berlin")


def statuses(*arguments: object) -> dict[int, Values]:
    """v1..v4 of each status; nothing else is known here."""
    chosen = rows.statuses(*arguments)
    assert all(len(values) == 12 and set(values[4:]) == {None} for values in chosen.values())
    return {time: values[:4] for time, values in chosen.items()}


def slot(time: int, made: int = 0, used: int = 0, day_made: int = 0, day_used: int = 0, hole: bool = False,
         seconds: int = 300) -> Slot:
    return Slot(time, made, None, used, day_made, day_used, seconds, hole)


def test_powers_are_the_energy_over_its_seconds_and_energies_are_rounded_to_wh() -> None:
    time = midnight("2026-05-09", "Europe/Berlin") + 43200
    assert statuses([slot(time, 1234, 506, 98765, 4321)], BERLIN, 300, True, None) == {
        time: (9877, 1481, 432, 607)}
    assert statuses([slot(time, 1234, 506, 98765, 4321, seconds=600)], BERLIN, 300, True, None) == {
        time: (9877, 740, 432, 304)}


def test_the_slot_that_ends_a_hole_has_energies_and_no_powers() -> None:
    assert list(statuses([slot(0, 90000, 5000, 95000, 6000, hole=True)], BERLIN, 300, True, None).values()) == [
        (9500, None, 600, None)]


def test_without_consumption_only_the_generation_is_sent() -> None:
    chosen = statuses([slot(0, 100, 50, 100, 50)], BERLIN, 300, False, None)
    assert list(chosen.values()) == [(10, 120, None, None)]


def test_a_slot_of_which_nothing_is_known_has_no_status() -> None:
    assert statuses([Slot(0, None, None, None, None, None, 300, False)], BERLIN, 300, True, None) == {}


def test_values_that_a_meter_lets_fall_below_zero_are_sent_as_zero() -> None:
    assert list(statuses([slot(0, -3, -100, -3, -100)], BERLIN, 300, True, None).values()) == [(0, 0, 0, 0)]


@given(st.integers(midnight("2025-01-01", "UTC"), midnight("2027-01-01", "UTC")), st.sampled_from([300, 600, 900]),
       st.sampled_from(["America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]))
def test_a_place_is_the_local_time_rounded_down(time: int, interval: int, zone: str) -> None:
    day, at = place(time, ZoneInfo(zone), interval)
    local = datetime.fromtimestamp(time, ZoneInfo(zone))
    minutes = int(at[:2]) * 60 + int(at[3:])
    assert day == local.strftime("%Y%m%d") and minutes * 60 % interval == 0
    assert 0 <= local.hour * 60 + local.minute - minutes < interval // 60


def test_the_last_slot_before_midnight_keeps_its_own_day() -> None:
    assert place(midnight("2026-05-10") - 300, ZoneInfo("America/Los_Angeles"), 300) == ("20260509", "23:55")


def day_slots(day: str, zone: str, next_day: str) -> list[Slot]:
    start, end = midnight(day, zone), midnight(next_day, zone)
    return [slot(time, 0, 10, 0, (time - start) // 300 * 10 + 10) for time in range(start, end, 300)]


def test_of_the_hour_that_autumn_repeats_the_later_pass_is_sent() -> None:
    slots = day_slots("2026-10-25", "Europe/Berlin", "2026-10-26")
    chosen = statuses(slots, BERLIN, 300, True, None)
    assert len(slots) == 300 and len(chosen) == 288
    places = [place(time, BERLIN, 300)[1] for time in chosen]
    assert places == sorted(places) and len(set(places)) == 288
    energies = [values[2] for values in chosen.values()]
    assert energies == sorted(energies) and energies[-1] == 300
    assert energies[24] == 37  # 02:00 has the second pass: three hours and one slot


def test_the_hour_that_spring_leaves_out_has_no_places() -> None:
    chosen = statuses(day_slots("2026-03-29", "Europe/Berlin", "2026-03-30"), BERLIN, 300, True, None)
    places = [place(time, BERLIN, 300)[1] for time in chosen]
    assert len(places) == 276 and not any(at.startswith("02:") for at in places)


def test_a_coarser_interval_at_the_site_takes_the_last_slot_of_each_status() -> None:
    slots = [slot(midnight("2026-05-09", "Europe/Berlin") + at * 300, 10, 10, at * 10, at * 10) for at in range(6)]
    chosen = statuses(slots, BERLIN, 900, True, None)
    assert [place(time, BERLIN, 900)[1] for time in chosen] == ["00:00", "00:15"]
    assert [values[0] for values in chosen.values()] == [2, 5]


def test_lifetime_counters_begin_with_the_counter_at_the_days_start() -> None:
    slots = [slot(at * 300, 100, 50, (at + 1) * 100, (at + 1) * 50) for at in range(3)]
    chosen = statuses(slots, ZoneInfo("UTC"), 300, True, Base(70000, 90000))
    assert [(v[0], v[2]) for v in chosen.values()] == [(7000, 9000), (7020, 9010), (7030, 9015)]


@pytest.mark.parametrize(("values", "lifetime", "c1"), [
    ((1, 1, 1, 1), False, None), ((1, 1, 1, 1), True, 1), ((1, 1, None, None), True, 2),
    ((None, None, 1, 1), True, 3), ((1, None, 1, None), True, 1),
])
def test_c1_names_the_counters_that_are_there(values: tuple, lifetime: bool, c1: int | None) -> None:
    assert cumulative(values, lifetime) == c1


def test_the_wire_leaves_out_what_is_unknown() -> None:
    assert wire(midnight("2026-05-09", "UTC"), (5, None, 0, 7), ZoneInfo("UTC"), 300) == {
        "d": "20260509", "t": "00:00", "v1": "5", "v3": "0", "v4": "7"}


def test_further_values_go_with_their_slot_and_as_decimal_numbers() -> None:
    time = midnight("2026-05-09", "UTC")
    more = {time: (28_700, 249_030, -291_000, None, 1, 60_010, 0, 9_281_240)}
    (values,) = rows.statuses([slot(time, 10, 10, 10, 10)], ZoneInfo("UTC"), 300, True, None, more).values()
    assert wire(time, values, ZoneInfo("UTC"), 300) == {
        "d": "20260509", "t": "00:00", "v1": "1", "v2": "12", "v3": "1", "v4": "12", "v5": "28.7", "v6": "249.03",
        "v7": "-291", "v9": "0.001", "v10": "60.01", "v11": "0", "v12": "9281.24"}
