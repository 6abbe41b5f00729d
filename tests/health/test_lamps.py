"""Lamps: each state from facts made by the real parts, and words that say what is and what to check."""

import pytest

from appliance.health import lamps, status
from appliance.settings import Settings
from appliance.system.clock import Clock
from appliance.system.heartbeat import Heartbeat
from tests.health.support import NOW, device, hear, outbox, states, with_account


@pytest.mark.parametrize(("age", "state"), [(10, "ok"), (lamps.SILENT_S - 1, "ok"), (lamps.SILENT_S + 1, "warn")])
def test_the_capture_lamp_follows_the_age_of_the_last_upload(box, clock, age, state):
    hear(box, NOW - age)
    assert states(box, clock)["capture"] == state


def test_what_the_capture_process_complains_about_is_on_its_lamp(box, clock):
    Heartbeat("capture", box.store.data_dir).beat(interface="br0", problem="br0: there is no such interface")
    lamp = status.collect(box, clock).to_json()["lamps"][0]
    assert lamp["state"] == "bad" and "no such interface" in lamp["text"] and "doctor" in lamp["check"]


@pytest.mark.parametrize(("age", "state"), [(600, "ok"), (lamps.OLD_READING_S + 1, "warn")])
def test_the_decode_lamp_follows_the_age_of_the_newest_reading(box, clock, age, state):
    device(box, "inverter", NOW - age)
    assert states(box, clock)["decode"] == state


def test_uploads_without_a_reading_are_a_warning(box, clock):
    hear(box, NOW)
    assert states(box, clock)["decode"] == "warn"


@pytest.mark.parametrize(("row", "state"), [(None, "ok"), ("waiting", "ok"), ("sent", "ok"), ("refused", "warn")])
def test_the_upload_lamp_follows_the_outbox(box, clock, row, state):
    if row:
        outbox(box, row)
    assert states(with_account(box), clock)["upload"] == state


def test_a_clock_that_was_never_set_is_said(box):
    assert states(box, Clock(0.0, 1000.0, 0.0))["clock"] == "bad"


def test_a_time_that_is_a_guess_is_said(box, clock):
    Heartbeat("supervisor", box.store.data_dir).beat(clock_is_set=False)
    found = {lamp["name"]: lamp for lamp in status.collect(box, clock).to_json()["lamps"]}["clock"]
    assert found["state"] == "warn" and "guess" in found["text"] and "NTP" in found["check"]


def test_readings_of_a_time_that_the_clock_has_not_reached_are_said_as_such(box, clock):
    device(box, "inverter", 0)      # as the ledger stores it: no record with a plausible time yet
    found = {lamp["name"]: lamp for lamp in status.collect(box, clock).to_json()["lamps"]}["decode"]
    assert found["state"] == "warn" and "has not reached" in found["text"]


def test_a_supervisor_from_the_future_is_a_warning_about_the_clock(box, clock):
    device(box, "pvs", NOW + 3600)
    assert states(box, clock)["clock"] == "warn"


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0 seconds"), (1, "1 second"), (60, "1 minute"), (89, "1 minute"), (150, "2 minutes"), (3600, "60 minutes"),
    (7200, "2 hours"), (86400, "24 hours"), (3 * 86400, "3 days")])
def test_durations_read_as_a_person_says_them(seconds, text):
    assert lamps.duration(seconds) == text


def test_every_lamp_that_is_not_ok_says_what_to_check(box, clock, tmp_path):
    for loaded in (box, with_account(box), Settings().with_data_dir(tmp_path / "none")):
        for lamp in status.collect(loaded, clock).to_json()["lamps"]:
            assert lamp["state"] == "ok" or lamp["check"], lamp
