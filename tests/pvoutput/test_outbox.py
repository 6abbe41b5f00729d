"""The outbox follows the slots; nothing is sent again without a change."""
import pytest

from appliance.ledger.cadence import status_interval
from appliance.pvoutput import follow, outbox, views
from appliance.settings import Settings
from appliance.simulate.pvoutput import System
from tests.pvoutput.support import DAY_S, NOON, Box, midnight, settings_for, sunny_day

DAY = "2026-05-09"


def rows(box: Box, day: str = DAY) -> dict[int, tuple]:
    return {row[0]: row[1:] for row in box.store.execute(
        "SELECT time, state, v1, v2, v3, v4, reason FROM outbox WHERE day = ? ORDER BY time", (day,))}


def test_the_same_slots_again_change_nothing(box: Box) -> None:
    assert box.put(sunny_day(DAY, last=20)) == 20
    assert box.put(sunny_day(DAY, last=20)) == 0


def test_a_changed_value_reopens_its_row_and_those_whose_totals_follow(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.run(60)
    assert box.put({midnight(DAY) + 300 * 17: (0, 900)}) == 3
    assert box.states() == {"sent": 17, "waiting": 3}
    box.run(60)
    assert box.states() == {"sent": 20} and box.curve(DAY) == box.truth(DAY)


def test_a_value_that_becomes_unknown_is_not_sent_again(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.run(60)
    before = len(box.posts())
    box.settings = settings_for(box.server, consumption=False)
    box.run(60)
    assert box.states() == {"sent": 20} and len(box.posts()) == before
    assert {row[3] for row in rows(box).values()} == {None}


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


def test_another_zone_sends_everything_again_at_its_own_places(box: Box) -> None:
    box.put(sunny_day(DAY, first=100, last=140))
    box.run(60)
    box.settings = settings_for(box.server, "America/Denver")
    box.store.execute("DELETE FROM slot")
    box.put(sunny_day(DAY, first=100, last=140))
    box.run(60)
    assert "America/Denver" in views.trouble(box.store, box.settings)
    box.server.site.days.clear()
    box.server.site.system.timezone = "America/Denver"
    box.run(2 * 3600)
    assert box.curve(DAY) == box.truth(DAY) and "13:35" not in box.curve(DAY)


def test_another_system_gets_everything(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.run(60)
    box.server.site.system.system_id = "54321"
    box.server.site.days.clear()
    box.settings = settings_for(box.server, system_id="54321")
    box.run(60)
    assert box.curve(DAY) == box.truth(DAY)


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


def test_a_slot_that_is_gone_is_not_sent(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.store.execute("DELETE FROM slot WHERE time = ?", (midnight(DAY),))
    follow.refresh(box.store, box.settings, [DAY], NOON)
    assert len(rows(box)) == 19


def test_refresh_inside_an_open_transaction_is_part_of_it(box: Box) -> None:
    box.store.execute("BEGIN")
    box.put(sunny_day(DAY, last=20))
    box.store.execute("ROLLBACK")
    assert rows(box) == {}


def test_the_interval_that_getsystem_tells_is_kept_for_the_ledger_and_posts_follow_it(box: Box) -> None:
    box.server.site.system.interval = 15
    box.put(sunny_day(DAY, last=144))
    box.run(900)
    assert status_interval(box.store) == 900
    assert box.store.execute("SELECT value FROM state WHERE key = 'slot_seconds'").fetchone() == ("900",)
    curve, truth = box.curve(DAY), box.truth(DAY)
    assert len(curve) == 48
    assert all(curve[at]["v3"] == truth[f"{at[:3]}{int(at[3:]) + 10:02d}"]["v3"] for at in curve)


def test_lifetime_counters_end_as_the_same_day_curve(box: Box) -> None:
    box.settings = settings_for(box.server, energy="lifetime")
    box.put(sunny_day("2026-05-08"))
    box.put(sunny_day(DAY, last=140))
    box.push()
    for day in ("2026-05-08", DAY):
        curve, truth = box.curve(day), box.truth(day)
        assert len(curve) == len(truth)
        later = sorted(truth)[1:]  # the first status of a day is the site's zero
        assert all(abs(curve[at]["v1"] - truth[at]["v1"]) <= 1 and abs(curve[at]["v3"] - truth[at]["v3"]) <= 1
                   for at in later)
        assert all(curve[at]["v2"] == truth[at]["v2"] for at in truth)
    assert {request.parameters["c1"] for request in box.posts()} == {"1"}
    counters = [row.split(",") for request in box.posts() for row in request.rows if len(row) > 20]
    energies = [int(fields[2]) for fields in sorted(counters)]
    assert energies == sorted(energies) and energies[-1] > 20000  # one counter through both days


def test_lifetime_without_consumption_is_c1_2(box: Box) -> None:
    box.settings = settings_for(box.server, energy="lifetime", consumption=False)
    box.put(sunny_day(DAY, last=140))
    box.push()
    assert {request.parameters["c1"] for request in box.posts()} == {"2"}


def test_older_history_does_not_move_the_lifetime_counter_of_a_day_that_was_sent(box: Box) -> None:
    box.settings = settings_for(box.server, energy="lifetime")
    box.put(sunny_day(DAY, last=120))
    box.run(300)
    before = len(box.posts())
    box.put(sunny_day("2026-05-07"))
    follow.refresh(box.store, box.settings, [DAY], NOON)
    assert box.states() == {"sent": 120, "waiting": 288}
    box.push()
    assert all(row.startswith("20260507") for request in box.posts()[before:] for row in request.rows)


def test_settings_without_account_never_ask_anybody(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    for nobody in (Settings(), settings_for(box.server, system_id=""), settings_for(box.server, enabled=False)):
        box.settings = nobody
        assert not box.step().requested
    assert not box.server.requests
