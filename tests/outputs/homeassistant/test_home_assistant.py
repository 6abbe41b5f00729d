"""Real Home Assistant, real Mosquitto: discovered at once, taken by the Energy dashboard, and its statistics of three
simulated days are the days' sums, whatever was restarted or silent in between.

Home Assistant makes statistics at every full five minutes of its own clock, so this takes up to ten minutes."""
import random
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.outputs.contract import Context, Fact, Facts, OutputError
from appliance.outputs.mqtt import MqttOutput
from appliance.settings import Mqtt, Settings
from appliance.store import transaction
from tests.cli.processes import wait_for
from tests.outputs.engines import mosquitto
from tests.outputs.homeassistant.home import Home
from tests.outputs.support import FIRST, ZONE, House

pytestmark = pytest.mark.homeassistant

LIMIT_S = 90.0
GRAIN_S = 300.0             # statistics are made so often, at full five minutes
RESTART_S = 120.0           # more than a restart of Home Assistant takes on a busy machine
STATISTICS_S = 420.0        # the next full five minutes, and what the recorder needs then
SENSORS = {"production": "sensor.solar_roof_solar_energy", "import": "sensor.solar_roof_grid_import",
           "export": "sensor.solar_roof_grid_export", "consumption": "sensor.solar_roof_energy_used"}
POWER = "sensor.solar_roof_solar_power"
UNIT = "sensor.inverter_000001_energy"


NEW_DAY = """INSERT OR IGNORE INTO site_day (day, slots, holes, source, net_active, balance_dwh, against_plus_dwh,
    against_minus_dwh, production_dwh, consumption_dwh, import_dwh, export_dwh)
    VALUES (?, 1, 0, 'inverters', 1, 0, 0, 0, 0, 0, 0, 0)"""
GROWN_DAY = """UPDATE site_day SET production_dwh = production_dwh + ?, consumption_dwh = consumption_dwh + ?,
    import_dwh = import_dwh + ?, export_dwh = export_dwh + ? WHERE day = ?"""
GROWN_DEVICE = """INSERT INTO device_day (device, day, time, counter_dwh, energy_dwh) VALUES (?1, ?2, ?3, ?4, ?4)
    ON CONFLICT (device, day) DO UPDATE SET counter_dwh = counter_dwh + ?4, energy_dwh = energy_dwh + ?4"""
DAY_SUMS = "SELECT sum(production_dwh), sum(import_dwh), sum(export_dwh), sum(consumption_dwh) FROM site_day"


class Roof:
    """A house whose days are made slot by slot, and its output."""

    def __init__(self, folder: Path, port: int) -> None:
        self.house, self.port, self.random = House(folder), port, random.Random(5)
        self.output = self.start()

    def start(self) -> MqttOutput:
        chosen = Settings(site=self.house.site, mqtt=Mqtt(f"mqtt://127.0.0.1:{self.port}"))
        lamps = Facts([Fact("capture", "ok", "listening"), Fact("disk", "warn", "nearly full")])
        self.output = MqttOutput(Context(self.house.store, chosen, self.house.clock, lambda: lamps, threading.Event()))
        return self.output

    def slot(self, number: int) -> None:
        """Slot `number` of the simulated days is over: it is in the history, and the clock is behind it."""
        day = FIRST + timedelta(number // 24)
        start = int(datetime.combine(day, datetime.min.time(), ZoneInfo(ZONE)).timestamp()) + 3600 * (number % 24)
        made, flow = self.random.randint(0, 30_000), self.random.randint(-20_000, 20_000)
        conn = self.house.store
        with transaction(conn):
            used = max(0, made + flow)
            self.house.put_slot(start, day, made, flow, used, made, used)
            conn.execute(NEW_DAY, (day.isoformat(),))
            conn.execute(GROWN_DAY, (made, used, max(0, flow), max(0, -flow), day.isoformat()))
            conn.executemany(GROWN_DEVICE, [(device, day.isoformat(), start, made // 2) for device in (1, 2)])
            conn.execute("UPDATE device SET last_seen = ?, first_seen = 1", (start,))
        self.house.clock.moment[0] = start + 400

    def sums(self) -> dict[str, float]:
        row = self.house.store.execute(DAY_SUMS).fetchone()
        return {name: value / 10_000 for name, value in zip(SENSORS, row, strict=True)}

    def tick(self) -> None:
        """A second passes."""
        self.house.clock.pass_(1)
        self.output.wait(0.1)
        self.say()

    def say(self) -> None:
        """Publish until it worked: the broker may just have been restarted."""
        def done() -> bool:
            try:
                self.output.step()
            except OutputError:
                return False
            return True
        wait_for(done, LIMIT_S)


def test_three_days_in_home_assistant_are_the_days_sums_and_its_energy_dashboard_takes_them(tmp_path: Path) -> None:
    broker = mosquitto(tmp_path)
    with broker.running():
        home = Home(tmp_path / "home", broker.port)
        roof = Roof(tmp_path / "data", broker.port)
        try:
            home.server.start()
            roof.slot(0)
            roof.say()
            shown(home, roof)
            first = roof.sums()
            assert home.state("binary_sensor.solar_roof_disk_needs_a_look") == "on"
            assert home.state("binary_sensor.solar_roof_capture_needs_a_look") == "off"
            assert float(home.state(UNIT) or 0) > 0
            for number in range(1, 72):
                roof.slot(number)
                roof.say()
                if number % 8 == 0:
                    shown(home, roof)
                if number == 15:                    # the box
                    roof.output.close()
                    assert wait_for(lambda: home.state(POWER) == "unavailable", LIMIT_S)
                    roof.start()
                if number == 24:                    # the broker
                    broker.stop()
                    broker.start()
                if number == 33:                    # Home Assistant, while the roof goes on
                    before_the_restart(home, roof)
                    home.server.stop()
                    for later in range(34, 37):
                        roof.slot(later)
                        roof.say()
                    home.server.start()
                    roof.say()
                    gone = (None, "unknown", "unavailable")
                    wait_for(lambda gone=gone: (roof.tick(), home.state(POWER) not in gone)[1], LIMIT_S)
                if number == 40:                    # 26 hours of silence: the next slot brings what they made
                    roof.house.clock.pass_(26 * 3600)
                    roof.say()
                    assert wait_for(lambda: home.state(POWER) == "unknown", LIMIT_S)
                    before = {name: home.state(sensor) for name, sensor in SENSORS.items()}
                    assert all(float(value or "nan") > 0 for value in before.values())
            shown(home, roof)
            gained, last = statistics(home, roof, time.time()), roof.sums()
            assert_energy_dashboard(home, roof)
            for name, sensor in SENSORS.items():
                assert gained[sensor] == pytest.approx(last[name] - first[name], abs=2e-4), name
        finally:
            roof.output.close()
            home.server.stop()


def shown(home: Home, roof: Roof) -> None:
    """Home Assistant shows the sums."""
    def same(name: str) -> bool:
        roof.tick()
        value = home.state(SENSORS[name])
        return value not in (None, "unknown", "unavailable") and abs(float(value) - roof.sums()[name]) < 1e-3
    for name in SENSORS:
        wait_for(lambda name=name: same(name), LIMIT_S)


def before_the_restart(home: Home, roof: Roof) -> None:
    """Home Assistant counts from the first statistics that it made: they must not be due while it is away."""
    if GRAIN_S - time.time() % GRAIN_S < RESTART_S:
        statistics(home, roof, 0.0)


def statistics(home: Home, roof: Roof, since: float) -> dict[str, float]:
    """The sums of Home Assistant's statistics, as soon as they reach beyond `since`. The roof goes on meanwhile: a
    client that is silent for longer than its keep-alive is declared dead by the broker."""
    def found() -> dict[str, float] | None:
        roof.tick()
        (result,) = home.ask({"type": "recorder/statistics_during_period", "start_time": "2020-01-01T00:00:00+00:00",
                              "period": "5minute", "statistic_ids": list(SENSORS.values()), "types": ["sum"]})
        if set(result) != set(SENSORS.values()) or min(rows[-1]["end"] for rows in result.values()) / 1000 < since:
            return None
        return {sensor: rows[-1]["sum"] for sensor, rows in result.items()}
    return wait_for(found, STATISTICS_S)


def assert_energy_dashboard(home: Home, roof: Roof) -> None:
    """The Energy dashboard finds nothing wrong with the sensors, once there are statistics of them."""
    sources = [
        {"type": "solar", "stat_energy_from": SENSORS["production"], "config_entry_solar_forecast": None},
        {"type": "grid", "cost_adjustment_day": 0.0,
         "flow_from": [{"stat_energy_from": SENSORS["import"], "stat_cost": None, "entity_energy_price": None,
                        "number_energy_price": None}],
         "flow_to": [{"stat_energy_to": SENSORS["export"], "stat_compensation": None, "entity_energy_price": None,
                      "number_energy_price": None}]}]
    home.ask({"type": "energy/save_prefs", "energy_sources": sources,
              "device_consumption": [{"stat_consumption": UNIT}]})
    wrong: list[object] = []

    def valid() -> bool:
        roof.tick()
        (found,) = home.ask({"type": "energy/validate"})
        wrong[:] = [issue for part in ("energy_sources", "device_consumption") for place in found[part]
                    for issue in place]
        return not wrong
    try:
        wait_for(valid, LIMIT_S)
    except AssertionError as error:
        raise AssertionError(f"the Energy dashboard says {wrong}") from error
