"""One question per finished day, and only what the site lacks is sent again."""
from datetime import date, time
from decimal import Decimal

from appliance.pvoutput import outbox
from appliance.simulate.pvoutput import Fault
from tests.pvoutput.support import Box, settings_for, sunny_day

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
