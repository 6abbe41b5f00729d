"""The outbox: which rows are open, complete, sent or skipped, and what sends them again."""
import pytest

from appliance.ledger.cadence import status_interval
from appliance.pvoutput import outbox
from appliance.settings import Settings
from appliance.simulate.pvoutput import System
from tests.pvoutput.support import DAY, DAY_S, NOON, Box, midnight, rows, settings_for, sunny_day


def test_a_row_that_changes_while_its_request_is_under_way_is_sent_again(
        box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.pvoutput.client import Client
    box.put({midnight(DAY): (0, 100)})
    box.step()
    real = Client._call

    def meanwhile(self: Client, service: str, form: dict[str, str]) -> object:
        monkeypatch.setattr(Client, "_call", real)
        box.put({midnight(DAY): (0, 200)})
        return real(self, service, form)

    monkeypatch.setattr(Client, "_call", meanwhile)
    box.step()
    assert box.states() == {"waiting": 1}
    box.run(10)
    assert box.states() == {"sent": 1} and box.curve(DAY) == box.truth(DAY)


def test_the_newest_slot_is_open_until_its_end_and_the_boxs_own_delay(box: Box) -> None:
    delay = outbox.jitter(box.store)
    assert 20 <= delay <= 60 and outbox.jitter(box.store) == delay
    box.put({int(NOON): (100, 100)})
    box.run(299 + delay - 1)
    assert box.states() == {"open": 1} and not box.posts()
    box.run(5)
    assert box.states() == {"sent": 1}
    assert 300 + delay <= box.posts()[0].time - NOON <= 300 + delay + 3


def test_a_slot_is_complete_when_a_later_one_exists(box: Box) -> None:
    box.put({int(NOON) - 300: (100, 100), int(NOON): (100, 100)})
    assert [row[0] for row in rows(box).values()] == ["waiting", "open"]


def test_a_slot_of_a_clock_far_ahead_completes_and_sends_nothing(box: Box) -> None:
    box.put({int(NOON): (100, 100), int(NOON) + 366 * DAY_S: (100, 100)})
    box.run(100)
    assert box.states() == {"open": 2} and not box.posts()
    box.run(600)
    assert box.states() == {"sent": 1, "open": 1}


def test_a_wall_clock_that_is_ahead_does_not_send_what_is_not_complete(box: Box) -> None:
    box.clock.step(366 * DAY_S)
    box.put({int(NOON): (100, 100)})
    box.run(200)
    assert not box.posts()
    box.run(300)
    assert box.curve(DAY) == box.truth(DAY)


def test_in_autumn_the_repeated_hour_ends_with_its_later_pass(clock, tmp_path) -> None:
    from appliance.simulate.pvoutput import PvOutput
    from tests.pvoutput.support import KEY, HandClock
    zone, day = "Europe/Berlin", "2026-10-25"
    start = midnight(day, zone)
    clock.moment[0] = start + 2.5 * 3600
    clock.boots[0] = start
    berlin = System(timezone=zone, latitude=52.5, longitude=13.4)
    with PvOutput(HandClock(moment=clock.moment), berlin, api_key=KEY) as server:
        box = Box(tmp_path, clock, server, settings_for(server, zone))
        box.put({start + at * 300: (0, 100) for at in range(30)})
        box.run(3600)
        assert box.curve(day)["02:25"]["v3"] == 300
        box.put({start + at * 300: (0, 100) for at in range(300)})
        box.run(24 * 3600)
        assert box.curve(day) == box.truth(day)
        assert box.curve(day)["02:25"]["v3"] == 420 and len(box.curve(day)) == 288
        assert box.states() == {"sent": 288}
        box.store.close()


def test_the_owner_can_skip_a_row_and_change_his_mind(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    time = midnight(DAY) + 300
    assert outbox.skip(box.store, time) and not outbox.skip(box.store, time)
    box.run(60)
    assert box.states() == {"sent": 19, "skipped": 1} and "00:05" not in box.curve(DAY)
    box.put({time: (0, 990)})
    assert rows(box)[time][0] == "skipped"
    assert outbox.retry(box.store, time)
    box.run(60)
    assert box.states() == {"sent": 20} and box.curve(DAY) == box.truth(DAY)


def test_a_day_can_be_sent_again(box: Box) -> None:
    box.put(sunny_day("2026-05-08"))
    box.run(600)
    box.server.site.days.clear()
    assert outbox.resend_day(box.store, "2026-05-08") == 288
    box.run(3600)
    assert box.curve("2026-05-08") == box.truth("2026-05-08")


def test_the_interval_that_getsystem_tells_is_kept_for_the_ledger_and_posts_follow_it(box: Box) -> None:
    box.server.site.system.interval = 15
    box.put(sunny_day(DAY, last=144))
    box.run(900)
    assert status_interval(box.store) == 900
    assert box.store.execute("SELECT value FROM state WHERE key = 'slot_seconds'").fetchone() == ("900",)
    curve, truth = box.curve(DAY), box.truth(DAY)
    assert len(curve) == 48
    assert all(curve[at]["v3"] == truth[f"{at[:3]}{int(at[3:]) + 10:02d}"]["v3"] for at in curve)


def test_settings_without_account_never_ask_anybody(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    for nobody in (Settings(), settings_for(box.server, system_id=""), settings_for(box.server, enabled=False)):
        box.settings = nobody
        assert not box.step().requested
    assert not box.server.requests
