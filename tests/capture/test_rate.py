"""How much one sender may have stored: never more bytes and never more lines than its bursts and its rates allow."""
from hypothesis import given
from hypothesis import strategies as st

from appliance.capture.rate import BURST_BYTES, BURST_LINES, BYTES_PER_S, LINES_PER_S, MAX_SENDERS, Rate

ASKED = st.lists(st.tuples(st.floats(0, 300), st.integers(1, BURST_BYTES * 2), st.integers(1, BURST_LINES * 2)),
                 max_size=30)


@given(ASKED)
def test_in_any_time_a_sender_gets_no_more_than_its_bursts_and_its_rates(asked: list[tuple[float, int, int]]) -> None:
    rate, now, taken = Rate(), 0.0, []
    for pause, size, lines in asked:
        now += pause
        if not rate.take("a", size, lines, now):
            taken.append((now, size, lines))
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            span = taken[last][0] - taken[first][0]
            assert sum(size for _, size, _ in taken[first:last + 1]) <= BURST_BYTES + span * BYTES_PER_S + 1
            assert sum(lines for *_, lines in taken[first:last + 1]) <= BURST_LINES + span * LINES_PER_S + 1


def test_what_is_refused_costs_nothing_and_the_buckets_fill_again() -> None:
    rate = Rate()
    assert rate.take("a", BURST_BYTES, BURST_LINES, 0.0) == ""
    assert rate.take("a", BYTES_PER_S, 1, 0.5) == "over_rate" and rate.take("a", 1, LINES_PER_S, 0.5) == "over_lines"
    assert rate.take("a", BYTES_PER_S, LINES_PER_S, 1.0) == ""


def test_one_sender_leaves_another_its_own_buckets() -> None:
    rate = Rate()
    assert rate.take("a", BURST_BYTES, BURST_LINES, 0.0) == rate.take("b", BURST_BYTES, BURST_LINES, 0.0) == ""


def test_buckets_are_bounded_and_the_fullest_goes() -> None:
    rate = Rate()
    for number in range(MAX_SENDERS + 10):
        rate.take("kept", 1 << 10, 1, 0.0)
        rate.take(str(number), 1, 1, 0.0)
    assert len(rate.buckets) == MAX_SENDERS and "kept" in rate.buckets and "0" not in rate.buckets
