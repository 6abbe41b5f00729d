"""Heartbeats: what a process says about itself, and what a reader makes of it."""
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.system import heartbeat
from appliance.system.heartbeat import Heartbeat


@pytest.fixture(autouse=True)
def no_runtime_directory(monkeypatch):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)


def test_what_is_said_is_what_is_read(tmp_path):
    Heartbeat("capture", tmp_path).beat(counters={"packets": 3}, problem="none")
    last = heartbeat.read("capture", tmp_path)
    assert last is not None and last["alive"] and last["pid"] == os.getpid() and last["restarts"] == 0
    assert last["counters"] == {"packets": 3} and last["problem"] == "none"
    assert 0 <= last["age_s"] < 60 and 0 <= last["uptime_s"] < 60


def test_facts_stay_until_they_are_said_anew(tmp_path):
    pulse = Heartbeat("web", tmp_path)
    pulse.beat(one=1, two=2)
    pulse.beat(two=3)
    last = heartbeat.read("web", tmp_path)
    assert last is not None and (last["one"], last["two"]) == (1, 3)


def test_each_start_is_counted_once(tmp_path):
    for number in range(3):
        Heartbeat("web", tmp_path).beat()
        last = heartbeat.read("web", tmp_path)
        assert last is not None and last["restarts"] == number


def test_there_is_nothing_to_read_before_the_first_beat(tmp_path):
    Heartbeat("web", tmp_path)
    assert heartbeat.read("web", tmp_path) is None


def test_another_boots_or_another_boxs_heartbeat_says_nothing(tmp_path, monkeypatch):
    Heartbeat("web", tmp_path).beat()
    path = tmp_path / "web-status.json"
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "data_dir": "/somewhere/else"}))
    assert heartbeat.read("web", tmp_path) is None
    path.write_text(json.dumps({**facts, "boot_id": "another"}))
    assert heartbeat.read("web", tmp_path) is None


def test_in_memory_a_heartbeat_is_of_this_boot_whatever_boot_id_a_container_shows(tmp_path, monkeypatch):
    Heartbeat("web", tmp_path).beat()
    path = tmp_path / "web-status.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "boot_id": "another"}))
    monkeypatch.setattr(heartbeat, "MEMORY", tmp_path)
    assert heartbeat.read("web", tmp_path)["alive"]


def test_a_process_that_is_gone_or_silent_is_not_alive(tmp_path):
    Heartbeat("web", tmp_path).beat()
    path = tmp_path / "web-status.json"
    facts = json.loads(path.read_text())
    for change in ({"pid": 2**22 + 1}, {"beat": facts["beat"] - heartbeat.STALE_S - 1}):
        path.write_text(json.dumps({**facts, **change}))
        last = heartbeat.read("web", tmp_path)
        assert last is not None and not last["alive"]


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path):
    pulse = Heartbeat("web", tmp_path / "missing")
    pulse.beat()
    assert heartbeat.read("web", tmp_path / "missing") is None


@given(st.one_of(st.binary(max_size=200), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["pid", "beat", "since", "restarts", "data_dir", "boot_id"]), inner), max_leaves=6)
    .map(lambda value: json.dumps(value).encode())))
def test_any_file_content_is_read_without_an_error(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("data")
    (folder / "web-status.json").write_bytes(content)
    heartbeat.read("web", folder)
    Heartbeat("web", folder).beat()
    assert heartbeat.read("web", folder) is not None
