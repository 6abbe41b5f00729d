"""Lamps: each state from facts made by the real parts, and words that say what is and what to check."""
import ast
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from appliance.health import disk, image_problems, lamps, notices, status
from appliance.health.sources import InboxFacts, ProcessFacts
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
    assert lamp["state"] == "bad" and "no network socket “br0”" in lamp["text"]
    assert "Settings › Network" in lamp["check"]
    Heartbeat("capture", box.store.data_dir).beat(interface="lo", problem="lo: no right to capture")
    lamp = status.collect(box, clock).to_json()["lamps"][0]
    assert lamp["state"] == "bad" and "no right to capture" in lamp["text"] and "doctor" in lamp["check"]


@pytest.mark.parametrize(("age", "state"), [(600, "ok"), (lamps.OLD_READING_S + 1, "warn")])
def test_the_decode_lamp_follows_the_age_of_the_newest_reading(box, clock, age, state):
    device(box, "inverter", NOW - age)
    assert states(box, clock)["decode"] == state


def test_uploads_without_a_reading_are_a_warning(box, clock):
    hear(box, NOW)
    assert states(box, clock)["decode"] == "warn"


@pytest.mark.parametrize(("row", "state"), [(None, "unknown"), ("waiting", "unknown"), ("sent", "ok"),
                                             ("refused", "warn")])
def test_the_upload_lamp_follows_the_outbox(box, clock, row, state):
    if row:
        outbox(box, row)
    assert states(with_account(box), clock)["upload"] == state


@pytest.mark.parametrize(("rows", "clock_is_set", "text", "check"), [
    (0, True, "suntap waits for the first reading", "Nothing to do: readings come with daylight"),
    (1, True, "1 reading waits.", "suntap posts within a few minutes"),
    (2, True, "2 readings wait.", "suntap posts within a few minutes"),
    (2, False, "suntap waits for the right time, and 2 readings wait.", "is its cable to your router")])
def test_before_the_first_post_the_upload_lamp_says_what_it_waits_for(box, clock, rows, clock_is_set, text, check):
    for number in range(rows):
        outbox(box, "waiting", NOW + 300 * number)
    Heartbeat("supervisor", box.store.data_dir).beat(clock_is_set=clock_is_set)
    (found,) = [lamp for lamp in status.collect(with_account(box), clock).lamps if lamp.name == "upload"]
    assert found.text.startswith("Nothing posted yet: ") and text in found.text and check in found.advice


def wrong(*kinds: str) -> list[notices.Notice]:
    """A notice about an inverter of each kind, by number."""
    return [notices.Notice(kind, f"Inverter {number} …", device=str(number)) for number, kind in enumerate(kinds, 1)]


@pytest.mark.parametrize(("kinds", "text"), [
    (["dead"], "Inverter 1 makes next to nothing."), (["weak"], "Inverter 1 makes too little."),
    (["silent"], "Inverter 1 is not heard."),
    (["dead", "silent"], "Inverter 1 makes next to nothing; inverter 2 is not heard."),
    (["weak"] * (lamps.NAMED + 2), "inverter 3 makes too little; 2 more inverters need a look.")])
def test_the_lamp_of_the_inverters_says_which_of_them_needs_a_look(box, clock, monkeypatch, kinds, text):
    device(box, "inverter", NOW - 600)
    told = [notices.Notice("sign", "…"), *wrong(*kinds), notices.Notice("replaced", "…", device="9")]
    monkeypatch.setattr(notices, "collect", lambda *_: told)
    found = status.collect(box, clock)
    (lamp,) = [lamp for lamp in found.lamps if lamp.name == "decode"]
    assert (lamp.state, lamp.device) == ("warn", "1") and lamp.text.endswith(text)
    assert found.healthy() == (True, [])
    same = len(set(kinds)) == 1
    assert lamp.advice == (notices.KINDS[kinds[0]][1] if same else "The notices on the Diagnostics page say what to do "
                           "about each.")


def test_a_clock_that_was_never_set_is_said(box):
    assert states(box, Clock(0.0, 1000.0, 0.0))["clock"] == "bad"


def test_a_time_that_is_a_guess_is_said(box, clock):
    Heartbeat("supervisor", box.store.data_dir).beat(clock_is_set=False)
    found = {lamp["name"]: lamp for lamp in status.collect(box, clock).to_json()["lamps"]}["clock"]
    assert found["state"] == "warn" and "guess" in found["text"]
    assert "PVOutput waits until the time is known" in found["check"]


def test_readings_of_a_time_that_the_clock_has_not_reached_are_said_as_such(box, clock):
    device(box, "inverter", 0)      # as the ledger stores it: no record with a plausible time yet
    found = {lamp["name"]: lamp for lamp in status.collect(box, clock).to_json()["lamps"]}["decode"]
    assert found["state"] == "warn" and "dated later than this box's clock" in found["text"]


def test_a_supervisor_from_the_future_is_a_warning_about_the_clock(box, clock):
    device(box, "pvs", NOW + 3600)
    found = {lamp["name"]: lamp for lamp in status.collect(box, clock).to_json()["lamps"]}["clock"]
    assert found["state"] == "warn" and "waits" not in found["check"]      # posting goes on: the time here is known


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0 seconds"), (1, "1 second"), (60, "1 minute"), (89, "1 minute"), (150, "2 minutes"), (3600, "60 minutes"),
    (7199, "119 minutes"), (7200, "2 hours"), (2 * 3600 + 59 * 60, "2 hours"), (86400, "24 hours"),
    (3 * 86400, "3 days")])
def test_durations_read_as_a_person_says_them(seconds, text):
    assert lamps.duration(seconds) == text


def test_every_lamp_that_is_not_ok_says_what_to_check(box, clock, tmp_path):
    for loaded in (box, with_account(box), Settings().with_data_dir(tmp_path / "none")):
        for lamp in status.collect(loaded, clock).to_json()["lamps"]:
            assert lamp["state"] == "ok" or lamp["check"], lamp


FULL = disk.Room(total=32 * 10**9, free=0, writable=True)


@pytest.mark.parametrize("started", [False, True])
def test_on_a_full_card_a_process_that_cannot_say_so_is_not_called_dead(tmp_path, clock, monkeypatch, started):
    """As under `suntap run`: the heartbeats are kept on the full card itself."""
    monkeypatch.setattr(disk, "room", lambda _: FULL)
    for name in ("capture", "supervisor", "web"):
        if started:
            Heartbeat(name, tmp_path).beat(interface="br0", problem="database or disk is full")
    facts = status.collect(Settings().with_data_dir(tmp_path), clock).to_json()
    found = {lamp["name"]: lamp for lamp in facts["lamps"]}
    assert found["disk"]["state"] == "bad" and "new readings are not kept" in found["disk"]["text"]
    for name in ("capture", "decode"):
        assert "stopped" not in found[name]["text"] and "disk is full" not in found[name]["text"]
        assert "Storage" in found[name]["check"] or "history cannot be read" in found[name]["text"]


def test_on_a_full_card_nobody_says_that_the_recorder_does_not_work(box, clock, monkeypatch):
    monkeypatch.setattr(disk, "room", lambda _: FULL)
    (box.store.data_dir / "supervisor-status.json").unlink(missing_ok=True)
    (found,) = [lamp for lamp in status.collect(with_account(box), clock).lamps if lamp.name == "upload"]
    assert (found.state, found.advice) == ("unknown", lamps.SEE_STORAGE)


@pytest.mark.parametrize(("known", "advice"), [(True, "Is it powered"), (False, "does not reach the internet")])
def test_a_sunpower_box_that_is_not_heard_while_the_internet_is_down_is_not_blamed(box, clock, known, advice):
    hear(box, NOW - 2 * lamps.SILENT_S)
    Heartbeat("supervisor", box.store.data_dir).beat(clock_is_set=known)
    (found,) = [lamp for lamp in status.collect(box, clock).lamps if lamp.name == "capture"]
    assert found.state == "warn" and advice in found.advice


def test_a_box_just_switched_on_asks_for_patience_before_anybody_looks_for_cables(box, clock):
    captured = InboxFacts(1, 1, NOW - 2 * lamps.SILENT_S, 0)
    for uptime_s, ends in ((180, "wait 15 minutes first."), (lamps.SILENT_S, "plugged into this box?")):
        found = lamps.capture(ProcessFacts("capture", True, 1, uptime_s), captured, clock)
        assert found.advice.startswith("Is it powered") and found.advice.endswith(ends), found.advice


def sentences(module: ModuleType) -> list[str]:
    """Every text in a module's source that is neither a name nor documentation."""
    tree = ast.parse(inspect.getsource(module))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and id(node) not in documentation and " " in node.value and "SELECT" not in node.value]


@pytest.mark.parametrize("module", [lamps, notices], ids=["lamps", "notices"])
def test_an_owner_reads_no_file_key_and_no_name_of_a_process(module):
    assert len(sentences(module)) > 20
    machine = re.compile(r"\b(site|capture|store|pvoutput|web)\.(?!org)[a-z]|supervisor|inbox|slots?\b|NTP")
    for text in sentences(module):
        assert not machine.search(text), text


def test_on_the_image_no_advice_needs_a_shell(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(image_problems, "PROBLEMS", tmp_path / "suntap-image" / "problems")
    for image in (False, True):
        if image:
            (tmp_path / "suntap-image").mkdir()
        facts = [status.collect(loaded, clock).to_json() for loaded in (
            Settings().with_data_dir(tmp_path), with_problem(tmp_path / "problem"))]
        advice = [lamp["check"] for found in facts for lamp in found["lamps"] if lamp["state"] == "bad"]
        assert len(advice) >= 4 and any("`" in text for text in advice) is not image, advice


def with_problem(folder: Path) -> Settings:
    """A box whose capture process has no right to capture."""
    folder.mkdir(exist_ok=True)
    Heartbeat("capture", folder).beat(interface="lo", problem="lo: no right to capture")
    return Settings().with_data_dir(folder)
