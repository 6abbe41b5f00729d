"""How much one sender may have stored: never more than its burst and its rate allow."""
from hypothesis import given
from hypothesis import strategies as st

from appliance.capture.rate import BURST_BYTES, BYTES_PER_S, MAX_SENDERS, Rate

ASKED = st.lists(st.tuples(st.floats(0, 300), st.integers(1, BURST_BYTES * 2)), max_size=30)


@given(ASKED)
def test_in_any_time_a_sender_gets_no_more_than_a_burst_and_its_rate(asked: list[tuple[float, int]]) -> None:
    rate, now, taken = Rate(), 0.0, []
    for pause, size in asked:
        now += pause
        if rate.take("a", size, now):
            taken.append((now, size))
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            span = taken[last][0] - taken[first][0]
            assert sum(size for _, size in taken[first:last + 1]) <= BURST_BYTES + span * BYTES_PER_S + 1


def test_what_is_refused_costs_nothing_and_the_bucket_fills_again() -> None:
    rate = Rate()
    assert rate.take("a", BURST_BYTES, 0.0) and not rate.take("a", BYTES_PER_S, 0.5)
    assert rate.take("a", BYTES_PER_S, 1.0)


def test_one_sender_leaves_another_its_own_bucket() -> None:
    rate = Rate()
    assert rate.take("a", BURST_BYTES, 0.0) and rate.take("b", BURST_BYTES, 0.0)


def test_buckets_are_bounded_and_the_one_unused_for_longest_goes() -> None:
    rate = Rate()
    for number in range(MAX_SENDERS + 10):
        rate.take("kept", 1, 0.0)
        rate.take(str(number), 1, 0.0)
    assert len(rate._buckets) == MAX_SENDERS and "kept" in rate._buckets and "0" not in rate._buckets
