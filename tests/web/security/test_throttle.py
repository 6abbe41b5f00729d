"""Guessing is slowed down for each address and for all together; the owner always gets in again."""
from hypothesis import given
from hypothesis import strategies as st

from tests.web.conftest import PASSWORD, Visitor
from webui.limits import ADDRESS_BURST, ADDRESS_SECONDS, MAX_ADDRESSES, TOTAL_BURST
from webui.security.throttle import Throttle, network


def test_an_address_may_try_a_few_times_then_waits() -> None:
    throttle = Throttle()
    assert [throttle.take("192.0.2.1", 1000.0) for _ in range(ADDRESS_BURST)] == [0.0] * ADDRESS_BURST
    assert 0 < throttle.take("192.0.2.1", 1000.0) <= ADDRESS_SECONDS
    assert throttle.take("192.0.2.2", 1000.0) == 0
    assert throttle.refused == 1


def test_waiting_as_long_as_told_is_enough() -> None:
    throttle = Throttle()
    now = 5000.0
    for _ in range(50):
        wait = throttle.take("192.0.2.1", now)
        if wait:
            now += wait + 1e-6
            assert throttle.take("192.0.2.1", now) == 0


def test_many_addresses_together_are_bounded() -> None:
    throttle = Throttle()
    free = sum(throttle.take(f"198.51.100.{number}", 1000.0) == 0 for number in range(200))
    assert free == TOTAL_BURST


def test_an_address_that_logged_in_before_is_not_kept_out_by_others() -> None:
    throttle = Throttle()
    throttle.take("192.0.2.7", 1000.0)
    throttle.succeeded("192.0.2.7")
    for number in range(200):
        throttle.take(f"198.51.100.{number}", 1000.0)
    assert throttle.take("198.51.100.250", 1000.0) > 0
    assert throttle.take("192.0.2.7", 1000.0) == 0


def test_memory_is_bounded_whatever_arrives() -> None:
    throttle = Throttle()
    for number in range(3 * MAX_ADDRESSES):
        throttle.take(f"2001:db8:{number:x}::1", 1000.0 + number * 10)
    assert len(throttle._addresses) <= MAX_ADDRESSES


def test_a_host_cannot_escape_by_picking_addresses_of_its_network() -> None:
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") != network("2001:db8:1:3::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")
    assert network("fe80::1%eth0") == network("fe80::2")
    assert network("nonsense") == "other"


@given(st.lists(st.floats(0, 40), max_size=60))
def test_the_rate_holds_whatever_the_pauses(pauses: list[float]) -> None:
    throttle, now, passed = Throttle(), 1000.0, 0
    for pause in pauses:
        now += pause
        passed += throttle.take("192.0.2.1", now) == 0
    assert passed <= ADDRESS_BURST + (now - 1000.0) / ADDRESS_SECONDS + 1e-6


def test_the_login_page_says_how_long_to_wait(guest: Visitor) -> None:
    for _ in range(ADDRESS_BURST):
        assert guest.send("/login", password="wrong guess").status_code == 403
    answer = guest.send("/login", password=PASSWORD)
    assert answer.status_code == 429
    assert "seconds" in answer.text
