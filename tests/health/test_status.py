"""The status: healthy or not with its reasons, and a part that cannot be read costs nothing else."""


from appliance import store
from appliance.health import status
from appliance.settings import Settings
from tests.health.support import NOW, hear, states


def test_a_new_box_is_healthy_and_waits_for_the_supervisor(box, clock):
    assert states(box, clock) == {
        "capture": "unknown", "collector": "unknown", "decode": "unknown", "upload": "unknown", "clock": "ok",
        "disk": "ok"}
    assert status.collect(box, clock).healthy() == (True, [])


def test_a_box_without_processes_is_not_healthy_and_says_how_to_start_them(tmp_path, clock):
    found = status.collect(Settings().with_data_dir(tmp_path), clock)
    facts = found.to_json()
    healthy, reasons = found.healthy()
    assert not healthy and len(reasons) == 2
    assert all("suntap run" in lamp["check"] for lamp in facts["lamps"] if lamp["state"] == "bad")


def test_a_data_directory_that_is_gone_is_said_and_breaks_nothing_else(tmp_path, clock):
    facts = status.collect(Settings().with_data_dir(tmp_path / "none"), clock).to_json()
    assert {lamp["name"]: lamp["state"] for lamp in facts["lamps"]}["disk"] == "bad"


def test_a_damaged_database_makes_its_own_lamp_bad(box, clock):
    hear(box, NOW)
    path = box.store.data_dir / store.FILE
    path.write_bytes(b"rubbish" * 1000)
    found = states(box, clock)
    assert found["decode"] == "bad" and found["capture"] == "ok"
