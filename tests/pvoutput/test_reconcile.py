"""One question per finished day, and only what the site lacks is sent again."""
from datetime import date, time
from decimal import Decimal

import pytest

from appliance.pvoutput import outbox
from appliance.simulate.pvoutput import Fault, PvOutput
from tests.pvoutput.support import KEY, Box, HandClock, midnight, settings_for, sunny_day

EVE, DAY = "2026-05-08", "2026-05-09"


def test_a_day_that_is_complete_costs_one_question_once(box: Box) -> None:
    box.put(sunny_day(EVE))
    box.run(6 * 3600)
    assert box.services().count("getstatus") == 1


def test_the_day_that_is_not_over_is_not_asked_for(box: Box) -> None:
    box.put(sunny_day(DAY, last=140))
    box.run(6 * 3600)
    assert "getstatus" not in box.services()
    box.run(7 * 3600)
    assert box.services().count("getstatus") == 1


def test_rows_that_are_missing_or_differ_are_sent_again_and_no_others(box: Box) -> None:
    box.put(sunny_day(EVE))
    for _ in range(11):
        box.step()
    stored = box.server.site.days[date.fromisoformat(EVE)].statuses
    del stored[time(10, 0)], stored[time(10, 5)]
    stored[time(14, 0)]["v2"] = Decimal(1)
    before = len(box.posts())
    assert before == 10 and "getstatus" not in box.services()
    box.run(3600)
    assert sorted(row[9:14] for request in box.posts()[before:] for row in request.rows) == ["10:00", "10:05", "14:00"]
    assert box.curve(EVE) == box.truth(EVE) and box.services().count("getstatus") == 2


def test_an_empty_day_at_the_site_is_sent_again_whole(box: Box) -> None:
    box.put(sunny_day(EVE))
    box.server.fail(Fault.FORGET, times=10, service="addbatchstatus")
    box.run(3600)
    assert box.curve(EVE) == box.truth(EVE)


def test_a_site_that_never_keeps_rows_is_not_asked_for_ever(box: Box) -> None:
    box.put(sunny_day(EVE))
    box.server.fail(Fault.FORGET, times=None)
    box.run(12 * 3600)
    assert box.services().count("getstatus") == 2 and len(box.posts()) <= 30


def test_lifetime_counters_are_checked_by_presence_and_power(box: Box) -> None:
    box.settings = settings_for(box.server, energy="lifetime")
    box.put(sunny_day(EVE))
    box.run(3600)
    assert box.services().count("getstatus") == 1 and len(box.posts()) == 10


def test_a_day_sent_again_by_hand_is_checked_again(box: Box) -> None:
    box.put(sunny_day(EVE))
    box.run(3600)
    outbox.resend_day(box.store, EVE)
    box.run(3600)
    assert box.services().count("getstatus") == 2


@pytest.mark.parametrize("energy", ["daily", "lifetime"])
def test_a_first_status_of_a_day_that_the_site_forgets_is_put_right_or_costs_its_own_energy_and_is_told(
        tmp_path, energy: str) -> None:
    """A site that says OK and stores nothing: with lifetime counters its zero of the day is then the second status."""
    start = midnight(DAY)
    clock = HandClock(moment=[start - 600.0], boots=[start - 700.0])
    with PvOutput(HandClock(moment=clock.moment), api_key=KEY) as server:
        box = Box(tmp_path, clock, server, settings_for(server, energy=energy))
        box.put(sunny_day(EVE, first=280))
        box.run(1000)
        slots, after = sunny_day(DAY), sunny_day("2026-05-10", last=10)
        server.fail(Fault.FORGET, service="addstatus")
        for time, value in [*slots.items(), *after.items()]:
            box.put({time: value})
            clock.moment[0] = max(clock.moment[0], time + 300)
            box.run(120)
        box.run(3600)
        curve, truth = box.curve(DAY), box.truth(DAY)
        if energy == "daily":
            assert curve == truth and set(box.states()) == {"sent"}
        else:
            lost = truth["00:05"]["v3"]
            assert {at: row["v3"] + lost for at, row in curve.items()} == {
                at: row["v3"] for at, row in truth.items() if at != "00:00"}
            assert box.states()["refused"] == 1 and "lower than previously recorded" in box.reasons()[0]
        for at, row in box.truth("2026-05-10").items():
            assert at == "00:00" or box.curve("2026-05-10")[at] == row
        box.store.close()
