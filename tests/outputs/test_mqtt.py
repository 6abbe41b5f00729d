"""What a real Mosquitto holds: discovery, availability, states; through its absence, our death, and devices that go."""
import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from appliance import settings as declared
from appliance import store
from appliance.outputs.contract import Context, Fact, Facts, OutputError
from appliance.outputs.mqtt import REPEAT_S, MqttOutput, discovery, snapshot
from appliance.outputs.mqtt.snapshot import AWAY_S
from appliance.settings import Mqtt, Panel, Settings
from tests.cli.processes import LIMIT_S, kill, running, wait_for
from tests.ledger.support import NOON
from tests.outputs.engines import Server, mosquitto
from tests.outputs.support import FIRST, House


class Ear:
    """Another client of the broker, listening when it is made: topic → newest payload, and which were retained."""

    def __init__(self, port: int) -> None:
        self.heard: dict[str, str] = {}
        self.retained: set[str] = set()
        self.all: list[tuple[str, str]] = []
        versions: Any = getattr(paho, "CallbackAPIVersion", None)
        made: Any = paho.Client
        self.client = made("ear") if versions is None else made(versions.VERSION2, "ear")
        self.client.on_message = self._hear
        self.client.on_connect = lambda client, *_rest: client.subscribe("#", qos=1)
        listening = threading.Event()
        self.client.on_subscribe = lambda *_: listening.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert listening.wait(LIMIT_S)

    def _hear(self, _client: object, _data: object, message: Any) -> None:
        text = message.payload.decode()
        self.heard[message.topic] = text
        self.all.append((message.topic, text))
        if message.retain:
            self.retained.add(message.topic)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    with mosquitto(tmp_path).running() as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path / "data")
    house.fill(5)
    house.heard_ten_minutes_ago()
    return house


LAMPS = Facts([Fact("disk", "ok", "fine"), Fact("capture", "warn", "silent"), Fact("upload", "unknown", "off")])


def output_of(house: House, port: int, **more: Any) -> MqttOutput:
    chosen = Settings(site=house.site, mqtt=Mqtt(f"mqtt://127.0.0.1:{port}", **more))
    return MqttOutput(Context(store.connect(house.folder), chosen, house.clock, lambda: LAMPS, threading.Event()))


def kwh(house: House, column: str) -> float:
    return float(house.store.execute(f"SELECT sum({column}) FROM site_day").fetchone()[0]) / 10_000


def test_the_broker_holds_what_the_history_says(house: House, broker: Server) -> None:
    output = output_of(house, broker.port)
    ear = Ear(broker.port)
    output.step()
    state = json.loads(wait_for(lambda: ear.heard.get("suntap/roof/state")))
    assert state["import_kwh"] == pytest.approx(kwh(house, "import_dwh"), abs=1e-6)
    assert state["consumption_kwh"] == pytest.approx(kwh(house, "consumption_dwh"), abs=1e-6)
    assert state["lamps"] == {"disk": "OFF", "capture": "ON", "upload": None} and state["attention"] == "silent"
    assert state["production_w"] is not None and state["age_s"] >= 0
    assert ear.heard["suntap/roof/availability"] == "online"
    unit = json.loads(wait_for(lambda: ear.heard.get("suntap/roof/inverter/414050000000001/state")))
    assert unit["energy_kwh"] > 0
    ear.close()
    late = Ear(broker.port)     # another program that comes later
    config = json.loads(wait_for(lambda: late.heard.get("homeassistant/sensor/suntap_roof/import/config")))
    assert (config["device_class"], config["state_class"], config["unit_of_measurement"]) == (
        "energy", "total_increasing", "kWh")
    assert config["state_topic"] == "suntap/roof/state" and config["expire_after"] > REPEAT_S
    assert "suntap/roof/state" not in late.heard        # a state is never retained
    assert wait_for(lambda: "homeassistant/binary_sensor/suntap_roof/lamp_disk/config" in late.retained)
    late.close()
    output.close()


def test_an_inverter_has_the_owners_name(house: House) -> None:
    def names() -> set[str]:
        told = discovery.messages(Mqtt(), house.site, snapshot.take(house.store, house.clock.time()), [])
        return {json.loads(text)["device"]["name"] for topic, text in told.items() if "suntap_inverter" in topic}

    assert "Inverter 000001" in names()
    house.site = replace(house.site, panel=(Panel("414050000000001", "South 1"), Panel("414050000000002", "", 1, 1)))
    assert "South 1" in names() and "Inverter 000001" not in names() and all(names())


def test_silence_of_the_roof_makes_powers_unknown_and_no_counter_fall(house: House, broker: Server) -> None:
    output, ear = output_of(house, broker.port), Ear(broker.port)
    output.step()
    before = json.loads(wait_for(lambda: ear.heard.get("suntap/roof/state")))
    ear.heard.clear()
    house.clock.pass_(26 * 3600)
    output.step()
    after = json.loads(wait_for(lambda: ear.heard.get("suntap/roof/state")))
    assert after["production_w"] is None and after["net_w"] is None and after["age_s"] >= 26 * 3600
    assert {name: after[name] for name in after if name.endswith("_kwh")} == {
        name: before[name] for name in before if name.endswith("_kwh")}
    output.close()
    assert wait_for(lambda: ear.heard.get("suntap/roof/availability") == "offline")
    ear.close()


def test_an_inverter_that_was_taken_off_the_roof_is_taken_back(house: House, broker: Server) -> None:
    output, ear = output_of(house, broker.port), Ear(broker.port)
    output.step()
    topic = "homeassistant/sensor/suntap_inverter_414050000000002/energy/config"
    assert wait_for(lambda: ear.heard.get(topic))
    later = FIRST + timedelta(200)
    house.put_day(later)
    house.store.execute("UPDATE device SET last_seen = last_seen + ? WHERE id = 1", (AWAY_S + 1,))
    output.close()
    output = output_of(house, broker.port)      # killed and started between the two: it remembers what it announced
    output.step()
    assert wait_for(lambda: ear.heard.get(topic) == "")
    assert ear.heard["homeassistant/sensor/suntap_inverter_414050000000001/energy/config"]
    ear.close()
    output.close()


def test_an_inverter_that_the_owner_set_aside_is_taken_back(house: House, broker: Server) -> None:
    output, ear = output_of(house, broker.port), Ear(broker.port)
    output.step()
    topic = "homeassistant/sensor/suntap_inverter_414050000000002/energy/config"
    assert wait_for(lambda: ear.heard.get(topic))
    house.store.execute("DELETE FROM device_day WHERE device = 2")      # what setting its sender aside comes to
    output.step()
    assert wait_for(lambda: ear.heard.get(topic) == "")
    ear.close()
    output.close()


def test_home_assistants_start_and_a_broker_that_lost_everything_are_answered_at_once(
        house: House, broker: Server, tmp_path: Path) -> None:
    output, ear = output_of(house, broker.port), Ear(broker.port)
    output.step()
    ear.client.publish("homeassistant/status", "online")
    wait_for(lambda: ear.heard.get("homeassistant/status"))
    ear.heard.clear()
    wait_for(lambda: (output.wait(0.2), output.step(), "suntap/roof/state" in ear.heard)[2])
    ear.close()
    broker.stop(signal.SIGKILL)
    (tmp_path / "mosquitto.db").unlink(missing_ok=True)
    with pytest.raises(OutputError, match="cannot be reached"):
        for _ in range(100):
            output.wait(0.05)
            house.clock.pass_(REPEAT_S)
            output.step()
    broker.start()
    ear = Ear(broker.port)
    output.step()
    assert wait_for(lambda: ear.heard.get("homeassistant/sensor/suntap_roof/production/config"))
    assert wait_for(lambda: ear.heard.get("suntap/roof/availability") == "online")
    ear.close()
    output.close()


def test_a_recorder_that_is_killed_is_offline_by_its_last_will(broker: Server, tmp_path: Path) -> None:
    config = tmp_path / "suntap.toml"
    (tmp_path / "run").mkdir()
    declared.update(config, {"store.data_dir": str(tmp_path / "run"), "mqtt.url": f"mqtt://127.0.0.1:{broker.port}"})
    ear = Ear(broker.port)
    with running("run", "supervisor", "--config", config, log=tmp_path / "log") as process:
        assert wait_for(lambda: ear.heard.get("suntap/home/availability") == "online")
        kill(process.pid)
        assert wait_for(lambda: ear.heard.get("suntap/home/availability") == "offline")
    with running("run", "supervisor", "--config", config, log=tmp_path / "log"):
        assert wait_for(lambda: ear.heard.get("suntap/home/availability") == "online")
    assert wait_for(lambda: ear.heard.get("suntap/home/availability") == "offline")
    ear.close()


def test_odd_serials_and_a_site_of_nothing_break_nothing(tmp_path: Path, broker: Server) -> None:
    house = House(tmp_path / "odd")
    output, ear = output_of(house, broker.port), Ear(broker.port)
    output.step()
    assert json.loads(wait_for(lambda: ear.heard.get("suntap/roof/state")))["production_w"] is None
    house.fill(1)
    house.store.execute("UPDATE device SET serial = '#+/\n\" ü{{' || id, last_seen = ?", (NOON,))
    house.clock.pass_(REPEAT_S)
    output.step()
    expected = {f"suntap/roof/inverter/_________{number}/state" for number in (1, 2)}
    wait_for(lambda: {topic for topic in list(ear.heard) if "/inverter/___" in topic} >= expected)
    assert {topic for topic in list(ear.heard) if "/inverter/___" in topic} == expected
    ear.close()
    output.close()
