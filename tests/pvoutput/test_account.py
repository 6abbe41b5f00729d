"""getsystem: when it is asked, what its answer and its refusal change."""
import itertools

import pytest

from appliance.pvoutput import outbox, views
from appliance.pvoutput.account import zone_mismatch
from appliance.pvoutput.reply_fields import System
from appliance.settings import Secret
from appliance.simulate.pvoutput import Account, Fault
from tests.pvoutput.support import DAY_S, KEY, NOON, Box, settings_for, sunny_day

DAY = "2026-05-09"


def test_the_first_request_is_getsystem_and_then_one_a_day(box: Box) -> None:
    box.put(sunny_day(DAY, last=140))
    box.run(3 * DAY_S + 60)
    asked = [request.time for request in box.server.requests if request.service == "getsystem"]
    assert box.services()[0] == "getsystem" and len(asked) == 4
    assert all(DAY_S <= later - earlier < DAY_S + 120 for earlier, later in itertools.pairwise(asked))


@pytest.mark.parametrize(("refusal", "text"), [
    (Account(read_only=True), "Read only key"), (Account(disabled=True), "Disabled API Key"), (None, "Invalid API Key"),
])
def test_refused_settings_stop_posting_and_are_asked_about_hourly(box: Box, refusal: Account | None, text: str) -> None:
    if refusal is None:
        del box.server.accounts[KEY]
    else:
        box.server.accounts[KEY] = refusal
    box.put(sunny_day(DAY, last=140))
    box.run(60)
    assert views.trouble(box.store, box.settings) == text
    asked = len(box.server.requests)
    assert asked <= 2
    box.run(5 * 3600)
    assert len(box.server.requests) - asked <= 5 * asked
    assert box.states() == {"waiting": 140}
    box.server.accounts[KEY] = Account()
    box.run(3700)
    assert views.trouble(box.store, box.settings) == ""
    assert box.curve(DAY) == box.truth(DAY)


def test_a_wrong_system_id_is_told_in_the_servers_words(box: Box) -> None:
    box.settings = settings_for(box.server, system_id="999")
    box.run(60)
    assert views.trouble(box.store, box.settings) == "Invalid System ID"


def test_a_corrected_key_is_tried_at_once(box: Box) -> None:
    good = box.settings
    box.settings = settings_for(box.server, api_key=Secret("f" * 40))
    box.put(sunny_day(DAY, last=140))
    box.run(60)
    assert box.states() == {"waiting": 140}
    box.settings = good
    box.run(60)
    assert box.states() == {"sent": 140}


def test_nothing_is_posted_while_the_zones_differ_and_a_correction_is_found(box: Box) -> None:
    box.server.site.system.timezone = "America/Phoenix"  # the same hour in winter
    box.put(sunny_day(DAY, last=140))
    box.run(2 * 3600 + 60)
    assert set(box.services()) == {"getsystem"} and 2 <= len(box.server.requests) <= 4
    assert "America/Phoenix" in views.trouble(box.store, box.settings)
    box.server.site.system.timezone = "America/Los_Angeles"
    box.run(3700)
    assert box.curve(DAY) == box.truth(DAY) and views.trouble(box.store, box.settings) == ""


@pytest.mark.parametrize(("theirs", "ours", "differ"), [
    ("America/Los_Angeles", "America/Tijuana", False), ("Europe/Paris", "Europe/Berlin", False),
    ("Europe/London", "Europe/Berlin", True), ("America/Phoenix", "America/Denver", True),
    ("America/New_York", "America/Toronto", False), ("", "Europe/Berlin", False), ("GMT+1", "Europe/Berlin", False),
    ("../../etc/passwd", "Europe/Berlin", False), ("Europe/Berlin", "Europe/Kyiv", True),
])
def test_zones_are_compared_by_the_time_they_keep(theirs: str, ours: str, differ: bool) -> None:
    assert bool(zone_mismatch(System("", 1, 300, theirs, False), ours, NOON)) is differ


def test_a_donor_sends_hundred_rows_and_ninety_days(box: Box) -> None:
    box.server.site.system.donor = True
    box.put(sunny_day("2026-03-01"))
    box.put(sunny_day(DAY, last=140))
    box.push()
    assert [len(request.rows) for request in box.posts()[:2]] == [100, 40]
    assert box.curve("2026-03-01") == box.truth("2026-03-01")


def test_a_donation_that_ended_falls_back_to_thirty_rows(box: Box) -> None:
    box.server.site.system.donor = True
    box.put(sunny_day(DAY, last=140))
    box.step()
    box.server.site.system.donor = False
    box.run(60)
    assert [request.status for request in box.posts()] == [403, 200, 200, 200, 200, 200]
    assert box.states() == {"sent": 140}


def test_a_donation_revives_what_had_expired(box: Box) -> None:
    box.put(sunny_day("2026-04-01", first=100, last=120))
    box.run(60)
    assert box.states() == {"expired": 20}
    box.server.site.system.donor = True
    box.run(DAY_S + 120)
    assert box.states() == {"sent": 20} and box.curve("2026-04-01") == box.truth("2026-04-01")


def test_posting_does_not_depend_on_the_daily_question(box: Box) -> None:
    box.run(60)
    box.server.fail(Fault.ERROR, times=None, service="getsystem")
    box.run(DAY_S)
    box.put(sunny_day("2026-05-10", last=140))
    box.run(1800)
    assert box.curve("2026-05-10") == box.truth("2026-05-10")
    assert outbox.waiting(box.store) == 0
