"""The lamp of SunPower's server, from heartbeats and journal as the processes write them."""
import time

import pytest

from appliance.collector.breaker_file import Change, Journal
from appliance.health import collector, image_problems
from appliance.health.status import collect
from appliance.settings import Collector, Settings, Store
from appliance.system.clock import Clock
from appliance.system.heartbeat import Heartbeat

MINUTE, CLOCK = 60.0, Clock()


def facts(tmp_path, mode: str, *, state: str = "", reason: str = "no answer", problem: str = "", wanted: bool = False,
          active: bool = False, alive: bool = True, silent_s: float | None = None, answered_s: float | None = None):
    """What is known where these things were said."""
    now = CLOCK.steady()[1]
    wire = {"started": now - 9999, "tries": [], "unanswered": 7, "addresses": [],
            "unanswered_since": None if silent_s is None else now - silent_s,
            "answered": None if answered_s is None else now - answered_s}
    Heartbeat("capture", tmp_path).beat(wire=wire)
    if alive:
        Heartbeat("collector", tmp_path).beat(problem=problem, wanted={} if wanted else None, names="",
                                              last_answer={"time": 1, "text": "1002\t2026"}, counters={"answered": 3})
    Heartbeat("redirect", tmp_path).beat(active=active, problem="")
    if state:
        Journal([Change(int(time.time()) - 60, state, reason)]).save(tmp_path)
    return collector.collect(Settings(store=Store(data_dir=tmp_path), collector=Collector(mode)), CLOCK)


@pytest.mark.parametrize("known, state, words", [
    ({"mode": "off"}, "unknown", "suntap waits for the next report of your SunPower box"),
    ({"mode": "off", "silent_s": 12 * MINUTE}, "unknown", "has tried SunPower’s server for 12 minutes"),
    ({"mode": "off", "answered_s": 90}, "ok", "answers; last"),
    ({"mode": "off", "answered_s": 21 * 60 * MINUTE}, "unknown", "It last did 21 hours ago."),
    ({"mode": "auto", "state": "closed", "answered_s": 21 * 60 * MINUTE}, "unknown", "nobody can tell"),
    ({"mode": "off", "answered_s": 90 * MINUTE, "silent_s": 34 * MINUTE}, "warn", "34 minutes"),
    ({"mode": "auto"}, "unknown", "waits for the next report"),
    ({"mode": "auto", "state": "closed", "silent_s": 12 * MINUTE}, "unknown", "12 minutes, without an answer so far"),
    ({"mode": "auto", "state": "closed", "answered_s": 90}, "ok", "takes over if it stops"),
    ({"mode": "auto", "state": "closed", "silent_s": 34 * MINUTE}, "warn", "no answer"),
    ({"mode": "auto", "state": "open", "wanted": True, "active": True}, "ok", "in the place of SunPower’s server"),
    ({"mode": "auto", "state": "open", "problem": "the disk is full"}, "warn", "the disk is full"),
    ({"mode": "auto", "state": "half-open"}, "ok", "two reports"),
    ({"mode": "auto", "alive": False}, "bad", "has stopped"),
    ({"mode": "on", "state": "on"}, "ok", "as you asked"),
])
def test_the_lamp_says_who_answers(tmp_path, known, state, words):
    lamp = collector.lamp(facts(tmp_path, **known))
    assert lamp.state == state and words in lamp.text, lamp


@pytest.mark.parametrize("silent_s", [None, 12 * MINUTE])
def test_a_lamp_that_waits_asks_nothing_of_the_owner_and_says_when_suntap_answers_itself(tmp_path, silent_s):
    minutes = f"If none comes for {round(collector.OPEN_AFTER_S / 60)} minutes, this box answers in its place."
    for mode, takes_over in (("off", False), ("auto", True)):
        advice = collector.lamp(facts(tmp_path, mode, silent_s=silent_s)).advice
        assert advice.startswith("Nothing to do: ") and (minutes in advice) is takes_over


def test_without_internet_nobody_is_told_to_stand_in_for_a_server_that_may_be_there(tmp_path):
    gone = facts(tmp_path, "off", silent_s=63 * MINUTE)
    assert "answer in its place" in collector.lamp(gone).advice
    found = collector.lamp(gone, offline=True)
    assert found.advice == collector.OFFLINE and "SunPower’s server" not in found.text


@pytest.mark.parametrize("mode", ["off", "auto"])
def test_where_the_box_itself_is_silent_its_lamp_comes_first(tmp_path, mode):
    lamp = collector.lamp(facts(tmp_path, mode), box_is_silent=True)
    assert (lamp.state, lamp.advice) == ("unknown", "See SunPower box first.") and "nobody can tell" in lamp.text


@pytest.mark.parametrize("known", [{"mode": "auto", "alive": False},
                                   {"mode": "auto", "state": "open", "problem": "no right to listen"}])
def test_on_the_image_no_advice_needs_a_shell(tmp_path, monkeypatch, known):
    monkeypatch.setattr(image_problems, "PROBLEMS", tmp_path / "image" / "problems")
    assert "`" in collector.lamp(facts(tmp_path, **known)).advice
    (tmp_path / "image").mkdir()
    assert "`" not in collector.lamp(facts(tmp_path, **known)).advice


def test_the_status_has_state_reason_changes_and_the_last_answer(tmp_path):
    facts(tmp_path, "auto", state="open", reason="gone", active=True)
    found = collect(Settings(store=Store(data_dir=tmp_path), collector=Collector("auto")), CLOCK).to_json()["collector"]
    assert (found["mode"], found["state"], found["reason"], found["stands_in"]) == ("auto", "open", "gone", True)
    assert found["changes"][0]["state"] == "open" and found["last_answer"]["text"].startswith("1002")


def test_heartbeats_of_nonsense_say_nothing(tmp_path):
    Heartbeat("capture", tmp_path).beat(wire={"answered": "x", "unanswered_since": [], "unanswered": {}})
    Heartbeat("collector", tmp_path).beat(last_answer=7, counters=[1], problem=None)
    found = collector.collect(Settings(store=Store(data_dir=tmp_path), collector=Collector("auto")), CLOCK)
    assert found.silent_s is None and found.answered_s is None and found.last_answer is None and found.counters == {}
