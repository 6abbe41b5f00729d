"""What owners of other uploaders complain about: one test for each, showing that it cannot happen here."""
import logging
import random
from datetime import date

import pytest

from appliance.pvoutput import outbox, views
from appliance.pvoutput.client import Client
from appliance.settings import PVOutput, Secret
from appliance.simulate.pvoutput import Fault, PvOutput, System
from tests.pvoutput.support import DAY_S, KEY, NOON, Box, HandClock, midnight, settings_for, sunny_day

DAY = "2026-05-09"
EVE = "2026-05-08"


def test_one_bad_value_stops_nothing_after_it(box: Box) -> None:
    slots = sunny_day(DAY, last=140)
    slots[midnight(DAY) + 110 * 300] = (900, 99_000)
    box.put(slots)
    box.run(60)
    assert box.states() == {"sent": 139, "refused": 1}
    assert box.reasons() == ["Power consumption [118800] too high"]


def test_no_queue_is_ever_blocked_until_somebody_edits_the_database(box: Box) -> None:
    """Rows refused for good, rows that expire, an account that refuses for ten days: the rest flows by itself."""
    for day in range(1, 10):
        slots = sunny_day(f"2026-05-0{day}", last=288 if day < 9 else 140)
        slots[midnight(f"2026-05-0{day}") + 110 * 300] = (900, 99_000)
        box.put(slots)
    box.server.accounts[KEY].disabled = True
    box.run(10 * DAY_S)
    box.server.accounts[KEY].disabled = False
    box.run(6 * 3600)
    states = box.states()
    assert set(states) == {"sent", "refused", "expired"} and outbox.waiting(box.store) == 0
    assert box.curve(DAY).keys() == box.truth(DAY).keys() - {"09:10"}


def test_a_spent_quota_is_never_shown_as_a_lost_key(box: Box) -> None:
    box.put(sunny_day(DAY, last=140))
    box.run(1)
    box.server.spend(60)
    box.put(sunny_day(EVE))
    box.run(60)
    assert views.trouble(box.store, box.settings) == ""
    view = views.quota_view(box.store, box.settings, box.clock)
    assert view.used >= view.limit == 60


def test_retries_never_burn_the_quota(box: Box) -> None:
    """A refused row, a refused key, a server that is down: far below the quota in a day."""
    slots = sunny_day(EVE)
    slots[midnight(EVE) + 110 * 300] = (900, 99_000)
    box.put(slots)
    box.run(3600)
    calm = len(box.server.requests)
    box.run(3600)
    assert len(box.server.requests) == calm
    box.put(sunny_day(DAY, last=156))
    box.server.fail(Fault.ERROR, times=None)
    box.run(DAY_S)
    assert len(box.server.requests) - calm <= 24 * 5 + 8  # every 15 minutes at the end
    box.server.heal()
    box.server.accounts[KEY].disabled = True
    refused = len(box.server.requests)
    box.run(DAY_S)
    assert len(box.server.requests) - refused <= 24 * 2 + 2


def test_a_catch_up_longer_than_the_quota_loses_nothing(box: Box) -> None:
    days = [f"2026-04-{day}" for day in range(25, 31)] + [f"2026-05-0{day}" for day in range(1, 9)]
    for day in days:
        box.put(sunny_day(day))
    box.run(8 * 3600)
    assert box.states() == {"sent": 14 * 288}
    for day in days:
        assert box.curve(day) == box.truth(day)
    assert not [request for request in box.server.requests if request.status != 200]
    rows = sum(len(request.rows) for request in box.posts())
    assert rows == 14 * 288 and len(box.posts()) <= 14 * 10


def test_late_repeated_and_shuffled_records_never_corrupt_a_day(box: Box) -> None:
    slots = list(sunny_day(DAY, last=140).items())
    shuffled = random.Random(7)
    for _ in range(6):
        shuffled.shuffle(slots)
        for at in range(0, len(slots), 35):
            box.put(dict(slots[at:at + 35]))
            box.run(20)
    box.run(3600)
    assert box.curve(DAY) == box.truth(DAY)


def test_energy_starts_at_midnight_and_no_wh_of_the_day_is_lost(box: Box) -> None:
    box.put(sunny_day(EVE))
    box.put(sunny_day(DAY, last=140))
    box.run(1200)
    curve = box.curve(EVE)
    whole_day = sum(used for _, used in sunny_day(EVE).values())
    assert curve["23:55"]["v3"] == (whole_day + 5) // 10
    assert box.curve(DAY)["00:00"]["v3"] == (sunny_day(DAY)[midnight(DAY)][1] + 5) // 10


@pytest.mark.parametrize(("zone", "day", "rows"), [
    ("Europe/Berlin", "2026-03-29", 276), ("Europe/Berlin", "2026-10-25", 288), ("Europe/Berlin", "2026-07-01", 288),
    ("Australia/Lord_Howe", "2026-04-05", 288), ("Australia/Lord_Howe", "2026-10-04", 282),
    ("America/Phoenix", "2026-03-08", 288),
])
def test_no_hour_is_ever_off_by_daylight_saving(tmp_path, zone: str, day: str, rows: int) -> None:
    """Every row lands on its own wall time, and every day ends with its own energy."""
    start = midnight(day, zone)
    end = midnight(str(date.fromordinal(date.fromisoformat(day).toordinal() + 1)), zone)
    clock = HandClock(moment=[end + 60.0], boots=[end - 100.0])
    with PvOutput(HandClock(moment=clock.moment), System(timezone=zone), api_key=KEY) as server:
        box = Box(tmp_path, clock, server, settings_for(server, zone))
        box.put({time: (0, 100) for time in range(start, end, 300)})
        box.run(1200)
        assert box.curve(day) == box.truth(day) and len(box.curve(day)) == rows
        assert box.curve(day)["23:55"]["v3"] == (end - start) // 30
        box.store.close()


def test_a_zone_that_is_unset_or_another_one_is_told_before_anything_is_posted(box: Box) -> None:
    box.server.site.system.timezone = "Australia/Sydney"
    box.put(sunny_day(DAY, last=140))
    box.run(60)
    assert not box.posts() and "Australia/Sydney" in views.trouble(box.store, box.settings)


def test_silence_is_noticed(box: Box) -> None:
    """When last something was taken, what has waited longest, until when it can be sent, and why nothing is."""
    box.put(sunny_day(EVE, first=140))
    box.run(1200)
    taken = views.last_success(box.store)
    assert taken is not None and 0 <= taken - NOON < 60
    box.server.accounts[KEY].disabled = True
    box.put(sunny_day(DAY, last=140))
    box.run(12 * DAY_S)
    assert views.last_success(box.store) == taken
    oldest = views.oldest_unsent(box.store, box.settings, date(2026, 5, 20))
    assert oldest is not None and (oldest.day, oldest.last_day) == (DAY, date(2026, 5, 23))
    assert not oldest.expires_soon
    oldest = views.oldest_unsent(box.store, box.settings, date(2026, 5, 21))
    assert oldest is not None and oldest.expires_soon
    assert views.trouble(box.store, box.settings) == "Disabled API Key"


def test_what_is_stored_can_be_sent_again(box: Box) -> None:
    box.put(sunny_day(EVE))
    box.run(1200)
    box.server.site.days.clear()
    outbox.resend_day(box.store, EVE)
    box.run(1200)
    assert box.curve(EVE) == box.truth(EVE)


def test_the_box_finds_out_by_itself_what_the_site_lacks(box: Box) -> None:
    box.put(sunny_day(EVE))
    box.server.fail(Fault.FORGET, times=3, service="addbatchstatus")
    box.run(1200)
    assert box.curve(EVE) == box.truth(EVE)
    assert box.services().count("getstatus") == 2
    assert sum(len(request.rows) for request in box.posts()) == 288 + 90


def test_a_log_that_is_pasted_somewhere_does_not_have_the_key(
        box: Box, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    box.put(sunny_day(DAY, last=140))
    box.server.fail(Fault.CLOSE, times=2)
    box.run(300)
    assert caplog.text and KEY not in caplog.text
    with pytest.raises(ValueError) as caught:
        Client(PVOutput(url="http://192.0.2.1/", api_key=Secret(KEY), system_id="1"))
    assert KEY not in repr(caught.value)


def test_a_network_that_fails_at_the_start_stops_nothing_for_good(box: Box) -> None:
    box.put(sunny_day(DAY, last=140))
    box.server.fail(Fault.CLOSE, times=12)
    box.run(4 * 3600)
    assert box.states() == {"sent": 140} and box.curve(DAY) == box.truth(DAY)


def test_no_day_is_ever_deleted() -> None:
    """deletestatus without a time deletes a day; the client cannot ask for it at all."""
    assert not [name for name in dir(Client) if "delete" in name]
