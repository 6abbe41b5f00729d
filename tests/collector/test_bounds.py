"""Buckets of requests and bytes, one pair for each sender."""
from hypothesis import given
from hypothesis import strategies as st

from appliance.collector import bounds
from appliance.collector.bounds import Bounds


def admitted(limits: Bounds, address: str, size: int, now: float, tries: int) -> int:
    return sum(limits.admit(address, size, now) for _ in range(tries))


def test_a_sender_has_a_burst_and_then_its_rate():
    limits = Bounds()
    assert admitted(limits, "192.0.2.50", 1, 0.0, 5000) == bounds.REQUESTS_AT_ONCE
    assert admitted(limits, "192.0.2.50", 1, 1.0, 5000) == bounds.REQUESTS_A_SECOND


def test_one_that_floods_takes_nothing_from_another():
    limits = Bounds()
    admitted(limits, "192.0.2.66", 1 << 20, 0.0, 5000)
    assert not limits.admit("192.0.2.66", 1 << 20, 0.0)
    assert limits.admit("192.0.2.50", 3000, 0.0)


def test_bytes_are_bounded_and_a_backlog_of_816099_points_is_within():
    limits, now = Bounds(), 0.0
    sent = 0
    while sent < 816_099 * 110:
        assert limits.admit("192.0.2.50", 80_000, now)
        sent, now = sent + 80_000, now + 0.02
    assert admitted(limits, "192.0.2.50", 4 << 20, now, 100) < 100


def test_a_new_sender_is_never_refused_and_of_too_many_the_least_busy_are_forgotten():
    limits = Bounds(max_sources=3)
    admitted(limits, "192.0.2.66", 1 << 20, 0.0, 5000)
    assert all(limits.admit(f"192.0.2.{number}", 1, 0.0) for number in range(50))
    assert len(limits.buckets) == 3 and not limits.admit("192.0.2.66", 1 << 20, 0.0)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 1 << 22)), max_size=200))
def test_what_is_admitted_never_exceeds_burst_plus_rate(steps):
    limits, now, requests, size = Bounds(), 0.0, 0, 0
    for pause, wanted in steps:
        now += pause
        if limits.admit("192.0.2.50", wanted, now):
            requests, size = requests + 1, size + wanted
    assert requests <= bounds.REQUESTS_AT_ONCE + now * bounds.REQUESTS_A_SECOND
    assert size <= bounds.BYTES_AT_ONCE + now * bounds.BYTES_A_SECOND + 1
