"""Pauses before the server's time is known, across reboots, and how they grow."""
from itertools import pairwise

from appliance.pvoutput import account, pauses, servertime, views
from appliance.pvoutput.servertime import Now
from appliance.simulate.pvoutput import Fault
from appliance.store import transaction
from tests.pvoutput.support import Box


def test_a_network_that_is_gone_at_the_very_first_request_is_given_time(box: Box) -> None:
    box.server.fail(Fault.CLOSE, times=3)
    box.run(135)
    times = [request.time for request in box.server.requests]
    assert len(times) == 3 and all(later - earlier >= 20 for earlier, later in pairwise(times))
    assert views.quota_view(box.store, box.settings, box.clock).used == 3


def test_a_reboot_ends_every_pause_but_that_of_the_quota(box: Box) -> None:
    before = Now("old boot", 1000.0, 5000.0)
    for kind, holds in ((pauses.NETWORK, False), (pauses.BUSY, False), (pauses.SETTINGS, False), (pauses.QUOTA, True)):
        pauses.begin(box.store, before, kind, "why", 1800)
        pause = pauses.current(box.store, Now("new boot", 3.0, None))
        assert (pause is not None) is holds
    assert pause is not None and pause.left_s == 3660


def test_the_servers_time_ends_a_quota_pause_from_before_a_reboot(box: Box) -> None:
    pauses.begin(box.store, Now("old boot", 1000.0, 5000.0), pauses.QUOTA, "why", 1800)
    assert pauses.current(box.store, Now("new boot", 3.0, 6801.0)) is None
    pause = pauses.current(box.store, Now("new boot", 3.0, 6700.0))
    assert pause is not None and pause.left_s == 100


def test_a_quota_pause_from_before_a_reboot_is_waited_out_once_and_not_begun_again(box: Box) -> None:
    pauses.begin(box.store, Now("old boot", 1000.0, 5000.0), pauses.QUOTA, "why", 1800)
    assert pauses.settle(box.store, Now("new boot", 3.0, None)) is not None
    assert pauses.settle(box.store, Now("new boot", 3662.0, None)) is not None
    assert pauses.settle(box.store, Now("new boot", 3664.0, None)) is None


def test_the_clocks_error_is_shown(box: Box) -> None:
    box.clock.step(7200)
    box.run(60)
    ahead = servertime.wall_clock_ahead(box.store)
    assert ahead is not None and abs(ahead - 7200) <= 1


def test_the_owner_ends_a_pause_for_want_of_a_network_and_no_other(box: Box) -> None:
    with transaction(box.store):
        for kind, left in ((pauses.QUOTA, pauses.QUOTA), (pauses.NETWORK, None)):
            pauses.begin(box.store, servertime.read(box.store, box.clock), kind, "", 600)
            account.try_now(box.store)
            there = pauses.current(box.store, servertime.read(box.store, box.clock))
            assert (there.kind if there else None) == left
