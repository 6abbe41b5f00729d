"""How much a counter can have counted: classes of full power, and the limit that follows from a device's own past."""
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.folded import FOREVER, power_limit
from appliance.ledger.full_power import (
    LEAST_LIMIT_W,
    SMALLEST_W,
    STILL_S,
    TIMES,
    full_power,
    limit_of,
    of_days,
    of_roof,
)

WATTS = st.integers(0, 100_000)


@settings(max_examples=40)
@given(WATTS)
def test_full_power_is_the_least_class_that_holds_what_was_seen(steep_w: int) -> None:
    classes = [SMALLEST_W << power for power in range(20)]
    assert full_power(steep_w) == (next(one for one in classes if one >= steep_w) if steep_w else 0)


@settings(max_examples=40)
@given(st.lists(WATTS, max_size=6))
def test_two_days_that_lie_change_no_full_power_once_there_are_three(days: list[int]) -> None:
    three = sorted(days, reverse=True)[:3]
    expected = three[2] if len(three) == 3 else max(three, default=0)
    assert of_days(three) == full_power(expected)


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0, 125, 250, 500]), max_size=30))
def test_a_roof_can_do_what_its_inverters_can_together(inverters: list[int]) -> None:
    assert sum(inverters) <= of_roof(inverters) <= max(SMALLEST_W, 2 * sum(inverters)) or not sum(inverters)


def test_a_device_of_which_nothing_is_known_has_the_households_limit() -> None:
    assert limit_of(0, 0, True).power_w == power_limit(0) and limit_of(0, 0, True).still_s == FOREVER


@pytest.mark.parametrize(("full_w", "power_w"), [(125, LEAST_LIMIT_W), (1000, 1000 * TIMES), (4000, 4000 * TIMES)])
def test_an_inverter_is_held_to_its_own_past(full_w: int, power_w: int) -> None:
    assert limit_of(full_w, 0, True).power_w == power_w < power_limit(0)


@settings(max_examples=40)
@given(WATTS, WATTS, st.none() | WATTS)
def test_a_meters_own_past_may_only_raise_what_a_household_can(full_w: int, size_w: int, roof_w: int | None) -> None:
    assert limit_of(full_w, size_w, False, roof_w).power_w >= power_limit(size_w)


def test_a_net_meter_can_do_what_its_roof_can_and_stands_still_for_no_long_time() -> None:
    limit = limit_of(500, 0, False, 64_000)
    assert (limit.full_w, limit.power_w, limit.still_s) == (64_000, 64_000 * TIMES, STILL_S)
