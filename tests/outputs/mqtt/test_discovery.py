"""What Home Assistant is told: a sensor for all that there is and none for what is not, with the classes of its Energy
dashboard, under ids that nothing from the wire can break."""
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.history import totals
from appliance.outputs.mqtt import REPEAT_S, discovery
from appliance.outputs.mqtt.snapshot import Snapshot, Unit, site_payload, unit_payload
from appliance.settings import Mqtt, Site

SITE, MQTT = Site(name="roof"), Mqtt("mqtt://broker", topic="sun/tap")
FULL = Snapshot(1_780_000_000, dict.fromkeys(totals.SITE, 10_000), 100, 200, 100, 60,
                (Unit("414050000000001", "Type C", 7, 5),), "SMSPVS20R1", "1.4.10")


def told(snapshot: Snapshot, lamps: list[str] = [], mqtt: Mqtt = MQTT) -> dict[str, dict]:  # noqa: B006
    return {topic: json.loads(text) for topic, text in discovery.messages(mqtt, SITE, snapshot, lamps).items()}


def test_every_counter_and_power_is_a_sensor_of_the_energy_dashboard() -> None:
    found = told(FULL)
    for name in totals.SITE:
        config = found[f"homeassistant/sensor/suntap_roof/{name}/config"]
        assert (config["device_class"], config["state_class"], config["unit_of_measurement"]) == (
            "energy", "total_increasing", "kWh")
    powers = [config["unit_of_measurement"] for topic, config in found.items() if config.get("device_class") == "power"]
    assert powers == ["W"] * 4


def test_what_a_site_does_not_have_is_no_sensor() -> None:
    without_meter = told(replace(FULL, counters={"production": 1}, units=()))
    assert set(without_meter) == {f"homeassistant/sensor/suntap_roof/{name}/config"
                                  for name in ("production", "production_w", "age")}
    assert set(told(replace(FULL, counters={}, units=()))) == {"homeassistant/sensor/suntap_roof/age/config"}


def test_every_value_that_is_asked_for_is_in_the_state_that_is_published() -> None:
    states = {discovery.base(MQTT, SITE) + "/state": json.loads(site_payload(FULL, [])),
              discovery.unit_topic(MQTT, SITE, FULL.units[0]): json.loads(unit_payload(FULL.units[0]))}
    for topic, config in told(FULL).items():
        (name,) = re.findall(r"value_json\.(\w+)", config["value_template"])
        assert name in states[config["state_topic"]], topic


def test_a_lamp_is_a_problem_sensor() -> None:
    config = told(FULL, ["disk"])["homeassistant/binary_sensor/suntap_roof/lamp_disk/config"]
    assert config["device_class"] == "problem" and "lamps.get('disk')" in config["value_template"]


def test_what_stays_silent_becomes_unavailable_but_not_between_two_messages() -> None:
    for config in told(FULL).values():
        assert config["expire_after"] > REPEAT_S and config["availability_topic"] == "sun/tap/roof/availability"


def test_an_inverter_is_a_device_of_its_own_that_belongs_to_the_site() -> None:
    device = told(FULL)["homeassistant/sensor/suntap_inverter_414050000000001/energy/config"]["device"]
    assert device["via_device"] == "suntap_roof" and device["name"] == "Inverter 000001"


@settings(max_examples=20)
@given(st.sampled_from(["", "1", "#+/", "a b", "\n\"", "ü☀", "{{ x }}", "é" * 70, "\x00"]))
def test_no_serial_makes_a_topic_or_an_id_that_is_none(serial: str) -> None:
    snapshot = replace(FULL, units=(Unit(serial, serial, 1, None),))
    for topic, config in told(snapshot).items():
        assert re.fullmatch(r"[\w/-]+", topic, re.ASCII) and re.fullmatch(r"[\w-]+", config["unique_id"], re.ASCII)
        assert re.fullmatch(r"[\w/-]+", config["state_topic"], re.ASCII)


@pytest.mark.parametrize("prefix", ["homeassistant", "ha/x"])
def test_ids_are_unique_whatever_the_prefix(prefix: str) -> None:
    found = told(FULL, ["disk", "clock"], replace(MQTT, discovery=prefix))
    assert len({config["unique_id"] for config in found.values()}) == len(found)
    assert all(topic.startswith(f"{prefix}/") for topic in found)
