"""The facts behind lamps and status, as JSON gives them: what is not known is null, and no part hides another."""
import json
from dataclasses import replace

from appliance.health.notices import Notice
from appliance.health.sources import HistoryFacts, InboxFacts, PauseFacts, ProcessFacts, PvsFacts, Unreadable

HISTORY = HistoryFacts(
    devices={"inverter": 3}, pvs=None, last_reading=None, outbox={}, totals_refused=0, oldest_waiting=None,
    last_sent=None, pause=None, trouble="", held="", expires=None, notices=(), clock_ahead_s=None, bytes=1, late_s=900)


def test_a_process_that_was_never_started_says_so_and_nothing_else() -> None:
    assert ProcessFacts("web", counters={"x": 1}).to_json() == {
        "name": "web", "alive": False, "text": "not started", "problem": "", "clock_is_set": True}


def test_a_process_that_was_started_has_its_facts_without_the_counters() -> None:
    found = ProcessFacts("web", alive=True, pid=7, uptime_s=5, counters={"x": 1}).to_json()
    assert (found["text"], found["pid"], found["uptime_s"]) == ("running", 7, 5)
    assert "counters" not in found and "outputs" not in found
    assert ProcessFacts("web", pid=7).to_json()["text"] == "stopped"
    assert ProcessFacts("web", pid=7, outputs={"mqtt": {}}).to_json()["outputs"] == {"mqtt": {}}


def test_a_history_without_pvs_and_pause_has_null_for_them() -> None:
    found = HISTORY.to_json()
    assert found["pvs"] is None and found["pause"] is None and found["last_reading"] is None
    assert "late_s" not in found and json.loads(json.dumps(found)) == found


def test_parts_of_a_history_are_objects_of_their_own() -> None:
    full = replace(HISTORY, pvs=PvsFacts("ZT1", "SMSPVS20R1", 7), pause=PauseFacts("quota", "used up", 60),
                   notices=(Notice("restart", "It fell.", 7, "S1"),))
    found = json.loads(json.dumps(full.to_json()))
    assert found["pvs"] == {"serial": "ZT1", "model": "SMSPVS20R1", "last_seen": 7}
    assert found["pause"] == {"kind": "quota", "text": "used up", "left_s": 60}
    assert len(found["notices"]) == 1 and "It fell." in found["notices"][0].values()


def test_a_database_is_its_numbers_or_why_it_cannot_be_read() -> None:
    assert InboxFacts(2, 7, None, 4096).to_json() == {"uploads": 2, "last_id": 7, "last_captured": None, "bytes": 4096}
    assert Unreadable("disk I/O error").to_json() == {"error": "disk I/O error"}
