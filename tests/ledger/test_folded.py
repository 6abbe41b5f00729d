"""What is possible for a counter: a household's power, a device's own, and what one that began anew can show."""
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.folded import LAST_DIGIT_DWH, POWER_LIMIT_W, USUAL_PERCENT, Limit, Points, State, power_limit

WATTS = st.integers(0, 1_000_000)


@settings(max_examples=40)
@given(WATTS)
def test_a_site_may_make_twice_its_size_and_no_less_than_a_household(size_w: int) -> None:
    assert power_limit(size_w) == (2 * size_w if 2 * size_w > POWER_LIMIT_W else POWER_LIMIT_W)


@settings(max_examples=40)
@given(WATTS, WATTS)
def test_what_is_usual_is_a_share_of_the_limit_or_the_full_power_below_it(power_w: int, full_w: int) -> None:
    share = power_w * USUAL_PERCENT // 100
    assert Limit(power_w, full_w).usual_w == (full_w if share < full_w < power_w else share)


@settings(max_examples=40)
@given(st.integers(0, 20_000), st.integers(1, 86_400))
def test_a_counter_that_began_anew_shows_what_its_device_can_make_since_then(full_w: int, seconds: int) -> None:
    least = Limit(POWER_LIMIT_W, full_w).least(State(1000, 5, 0), (1000 + seconds, 7))
    assert least == max(LAST_DIGIT_DWH, full_w * seconds * 10 // 3600)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(), st.integers())), st.slices(5))
def test_readings_in_columns_read_like_a_list_of_them(pairs: list[tuple[int, int]], part: slice) -> None:
    points = Points.of(pairs)
    assert list(points) == pairs and len(points) == len(pairs) and Points.of(points) is points
    assert list(points[part]) == pairs[part] and [points[-1 - place] for place in range(len(pairs))] == pairs[::-1]
