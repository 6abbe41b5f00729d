"""The quota's window, what the headers teach, and what an unknown time allows."""

import pytest

from appliance.pvoutput import pauses, persisted, quota
from appliance.pvoutput.client import Quota
from appliance.pvoutput.servertime import Now
from appliance.simulate.pvoutput import Fault
from appliance.store import connect
from tests.pvoutput.support import NOON, Box, sunny_day


def at(server: float | None) -> Now:
    return Now("boot", 0.0, server)


def test_a_window_is_the_servers_clock_hour(store) -> None:
    for _ in range(3):
        quota.count_request(store, at(NOON))
    assert quota.window(store, at(NOON + 3599)).used == 3
    assert quota.window(store, at(NOON + 3600)).used == 0


def test_an_estimate_that_lags_behind_the_server_does_not_open_the_last_window_again(store) -> None:
    quota.learn(store, at(NOON + 3600), Quota(60, 10, None))
    assert quota.window(store, at(NOON + 3599)).used == 50


def test_headers_lower_and_raise_the_limit_and_count_the_owners_other_programs(store) -> None:
    quota.count_request(store, at(NOON))
    quota.learn(store, at(NOON), Quota(20, 5, None))
    assert quota.window(store, at(NOON)) == quota.QuotaWindow(int(NOON // 3600), 15, 20)
    quota.learn(store, at(NOON), Quota(300, 290, None))
    assert quota.window(store, at(NOON)).left(0) == 285


def test_a_reserve_never_takes_more_than_half_of_a_limit() -> None:
    assert quota.QuotaWindow(1, 0, 60).left(5) == 55
    assert quota.QuotaWindow(1, 0, 6).left(250) == 3


def test_a_refusal_without_headers_waits_for_the_next_full_hour_and_a_minute(store) -> None:
    assert quota.mark_exhausted(store, at(NOON + 600), None) == 3000 + 60
    assert quota.window(store, at(NOON + 601)).left(0) == 0


@pytest.mark.parametrize(("reset", "seconds"), [
    (NOON + 3600, 3005), (NOON + 366 * 86400, 3060), (NOON - 5, 3060), (0.0, 3060),
])
def test_a_reset_is_believed_only_within_the_hour(store, reset: float, seconds: float) -> None:
    assert quota.mark_exhausted(store, at(NOON + 600), reset) == seconds


def test_an_unknown_time_spends_from_the_last_known_window(store) -> None:
    quota.learn(store, at(NOON), Quota(60, 3, None))
    assert quota.window(store, at(None)).left(0) == 3


def test_the_page_sees_a_pause_and_does_not_end_it(store) -> None:
    pauses.begin(store, Now("boot", 10.0, NOON), pauses.QUOTA, "Exceeded", 100)
    pause = pauses.current(store, Now("boot", 30.0, NOON + 20))
    assert pause is not None and pause.left_s == 80
    assert pauses.current(store, Now("boot", 111.0, NOON + 101)) is None
    assert persisted.get(store, "pause") is not None


def test_a_pause_is_measured_on_the_steady_clock_whatever_the_wall_clock_says(box: Box) -> None:
    box.put(sunny_day("2026-05-09", last=140))
    box.step()
    box.server.spend(60)
    box.run(60)
    assert [r.status for r in box.server.requests] == [200, 403]
    sent = len(box.server.requests)
    for seconds in (366 * 86400, -2 * 366 * 86400, 3600, -3600):
        box.clock.step(seconds)
        box.run(300)
        assert len(box.server.requests) == sent
    box.run(3600)
    assert box.curve("2026-05-09") == box.truth("2026-05-09")
    assert [r.status for r in box.server.requests].count(403) == 1


@pytest.mark.parametrize("wrong", [0.0, 366 * 86400.0, -366 * 86400.0])
def test_a_spent_quota_outlives_a_reboot_and_never_blocks_for_ever(box: Box, wrong: float) -> None:
    box.put(sunny_day("2026-05-09", last=140))
    box.server.fail(Fault.QUOTA, service="addbatchstatus")
    box.run(60)
    sent = len(box.server.requests)
    box.clock.step(wrong)
    box.clock.reboot(120)
    box.run(3000)
    assert len(box.server.requests) == sent
    box.run(3600)
    assert box.curve("2026-05-09") == box.truth("2026-05-09")


def test_after_a_reboot_one_request_tells_the_time_before_anything_is_posted(box: Box) -> None:
    box.run(10)
    box.put(sunny_day("2026-05-09", last=140))
    box.clock.step(366 * 86400)
    box.clock.reboot()
    before = len(box.server.requests)
    box.run(120)
    assert box.services()[before] == "getsystem"
    assert box.curve("2026-05-09") == box.truth("2026-05-09") and box.states() == {"sent": 140}


def test_a_limit_that_was_cut_is_obeyed(box: Box) -> None:
    box.server.quota = 10
    box.put(sunny_day("2026-05-08"))
    box.put(sunny_day("2026-05-09", last=140))
    box.push()
    assert not [r for r in box.server.requests if r.status == 403]


def test_a_request_is_committed_before_it_is_sent(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.pvoutput.client import Client
    seen = []

    def die(self: Client, *_: object) -> None:
        other = connect(box.folder)
        seen.append(persisted.get(other, "quota")["used"])
        other.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "_call", die)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            box.step()
    assert seen == [1, 2, 3]


def test_a_process_that_dies_at_every_request_stops_at_the_quota(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.pvoutput.client import Client
    calls = []

    def die(self: Client, *_: object) -> None:
        calls.append(1)
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "_call", die)
    for _ in range(100):
        try:
            if not box.step().requested:
                break
        except KeyboardInterrupt:
            pass
    assert len(calls) == 55
