"""PVOutput's time: from its replies and the steady clock, and no step of any wall clock moves it."""
import pytest

from appliance.pvoutput import servertime
from tests.pvoutput.support import NOON, HandClock


def test_the_time_is_the_servers_and_no_step_moves_it(store) -> None:
    clock = HandClock(moment=[NOON], boots=[NOON - 5])
    assert servertime.read(store, clock).server is None
    servertime.learn(store, clock, NOON)
    clock.step(1e7)
    clock.pass_(10)
    assert servertime.read(store, clock).server == NOON + 10
    clock.reboot()
    assert servertime.read(store, clock).server is None


def test_a_reply_without_date_leaves_the_wall_clock_unless_it_is_behind_what_was_known(store) -> None:
    clock = HandClock(moment=[NOON], boots=[NOON - 5])
    assert servertime.learn(store, clock, None).server == NOON
    clock.reboot()
    clock.step(-1000.0)
    assert servertime.learn(store, clock, None).server is None


def test_before_the_first_reply_nothing_is_known(store) -> None:
    assert servertime.read(store, HandClock()).server is None
    assert servertime.last_known(store) is servertime.wall_clock_ahead(store) is None


def test_the_last_reply_is_known_for_ever_and_how_far_the_wall_clock_was_ahead(store) -> None:
    clock = HandClock()
    clock.step(90)
    servertime.learn(store, clock, NOON)
    clock.reboot()
    assert servertime.read(store, clock).server is None
    assert (servertime.last_known(store), servertime.wall_clock_ahead(store)) == (NOON, 90)


@pytest.mark.parametrize(("off_s", "doubtful"), [
    (0, False), (servertime.DOUBT_S - 1, False), (servertime.DOUBT_S, True), (-servertime.DOUBT_S, True)])
def test_a_date_far_from_a_clock_that_is_set_is_doubted_until_it_is_said_again(
        store, monkeypatch, off_s, doubtful) -> None:
    clock = HandClock()
    monkeypatch.setattr(servertime, "is_set", lambda: True)
    assert servertime.is_doubtful(store, clock, NOON + off_s) is doubtful
    clock.pass_(60)
    assert not servertime.is_doubtful(store, clock, NOON + off_s + 60)
    assert not servertime.is_doubtful(store, clock, NOON + off_s + 60 + servertime.AGREE_S - 1)
