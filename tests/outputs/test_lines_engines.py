"""The history in real InfluxDB and VictoriaMetrics is `suntap export`, whatever was killed, away or changed."""
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from appliance.outputs import lines
from appliance.outputs.contract import OutputError
from appliance.outputs.lines import LinesOutput
from appliance.store import transaction
from tests.outputs.engines import Server, influx_query, influxdb, victoria_metrics, vm_export
from tests.outputs.support import FIRST, House, drain

Rows = dict[int, dict[str, float]]


class Engine:
    """An engine and how it is asked what it holds: (measurement, device) → rows."""

    def __init__(self, server: Server, rows: Callable[[str, str], Rows]) -> None:
        self.server, self.rows = server, rows


def influx(folder: Path) -> Engine:
    server = influxdb(folder)

    def rows(name: str, device: str = "") -> Rows:
        where = f" WHERE device = '{device}'" if device else ""
        return {int(str(row.pop("time"))): {key: float(str(value)) for key, value in row.items()
                                            if value is not None and key not in ("site", "device")}
                for row in influx_query(server, f"SELECT * FROM {name}{where}")}
    return Engine(server, rows)


def victoria(folder: Path) -> Engine:
    server = victoria_metrics(folder)

    def rows(name: str, device: str = "") -> Rows:
        found: Rows = {}
        for (field, who), values in vm_export(server, f'{{__name__=~"{name}_.*",site="roof"}}').items():
            if who == device:
                for at, value in values.items():
                    found.setdefault(at, {})[field.removeprefix(f"{name}_")] = value
        return found
    return Engine(server, rows)


@pytest.fixture(params=[influx, victoria], ids=["influxdb", "victoriametrics"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made: Engine = request.param(tmp_path)
    with made.server.running():
        if request.param is influx:
            influx_query(made.server, "CREATE DATABASE suntap")
        yield made


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data")


def present(rows: Rows, mark: str) -> Rows:
    """Without what was withdrawn."""
    return {at: row for at, row in rows.items() if row[mark]}


def assert_equal(house: House, engine: Engine) -> None:
    assert present(engine.rows("suntap_slot", ""), "seconds") == house.exported("slots")
    assert present(engine.rows("suntap_day", ""), "slots") == house.exported("days")
    for serial, number in (("414050000000001", 1), ("414050000000002", 2)):
        held = engine.rows("suntap_inverter", serial)
        wanted = house.store.execute("SELECT energy_dwh / 10.0 FROM device_day WHERE device = ? ORDER BY day",
                                     (number,))
        assert [row["energy_wh"] for _, row in sorted(held.items())] == [value for (value,) in wanted]


def test_the_whole_history_and_every_later_change_end_as_the_export_says(house: House, engine: Engine) -> None:
    house.fill(40)
    output = LinesOutput(house.context(house.settings(engine.server.url)))
    drain(output)
    assert_equal(house, engine)
    for change in range(6):                     # values that rise, fall, vanish and become unknown
        day = FIRST + timedelta(house.random.randrange(40))
        house.put_day(day, slots=house.random.choice([12, 12, 15]))
        with transaction(house.store):
            (time,) = house.store.execute("SELECT max(time) FROM slot WHERE day = ?", (day.isoformat(),)).fetchone()
            if change % 2:
                house.store.execute("DELETE FROM slot WHERE time = ?", (time,))
            else:
                house.put_slot(time, day, 0, 1, None, 5, 6)
        house.clock.pass_(lines.HOUR_S)
        drain(output)
    slots, truth = engine.rows("suntap_slot", ""), house.exported("slots")
    for row in (*slots.values(), *truth.values()):      # what is unknown again is 0 over there: sums are right
        if not row.get("consumption_wh"):
            row.pop("consumption_wh", None)
            row.pop("consumption_w", None)
    assert present(slots, "seconds") == truth
    assert present(engine.rows("suntap_day", ""), "slots") == house.exported("days")


def test_kill_9_of_either_side_and_days_of_absence_lose_and_double_nothing(house: House, engine: Engine) -> None:
    """The engine is killed with what it took and had yet to write, and stays away for days; the box at any moment."""
    rng = random.Random(3)
    house.fill(30)
    settings = house.settings(engine.server.url)
    output = LinesOutput(house.context(settings))
    drain(output)
    engine.server.stop(signal.SIGKILL)
    for day in range(30, 60):
        house.put_day(FIRST + timedelta(day))
        if rng.random() < 0.3:
            house.put_day(FIRST + timedelta(rng.randrange(day)))
        if day == 37:
            engine.server.start()
        house.clock.pass_(86_400)
        try:
            for _ in range(rng.randrange(4)):
                house.clock.pass_(rng.choice([0, 5, lines.SURE_S]))
                output.step()
        except OutputError:
            assert day < 37
        if rng.random() < 0.5:                  # killed
            output = LinesOutput(house.context(settings))
    drain(output)
    house.clock.pass_(lines.HOUR_S)
    drain(output)
    assert_equal(house, engine)


def test_another_time_zone_leaves_no_day_at_its_old_midnight(house: House, engine: Engine) -> None:
    house.fill(20)
    drain(LinesOutput(house.context(house.settings(engine.server.url))))
    house.clock.pass_(lines.SURE_S)
    house.site = replace(house.site, timezone="Europe/Berlin")
    output = LinesOutput(house.context(house.settings(engine.server.url)))
    drain(output)
    house.clock.pass_(lines.SURE_S)
    output.step()
    assert present(engine.rows("suntap_day", ""), "slots") == house.exported("days")
    inverter = engine.rows("suntap_inverter", "414050000000001")
    days = house.exported("days")
    assert {at for at, row in inverter.items() if row["energy_wh"]} == set(days)
    house.clock.pass_(lines.HOUR_S)
    drain(LinesOutput(house.context(house.settings(engine.server.url))))
    assert present(engine.rows("suntap_day", ""), "slots") == house.exported("days")


def test_a_row_that_the_engine_can_never_take_costs_itself_and_is_told(house: House, engine: Engine) -> None:
    """InfluxDB keeps a field's first type for ever: here a text where we write a number."""
    if "influxd" not in engine.server.command[0]:
        return      # VictoriaMetrics takes everything that it can read
    house.fill(5)
    requests.post(f"{engine.server.url}/write?db=suntap", data='suntap_day,site=roof peak_w="text" 1775026800000000000',
                  timeout=10).raise_for_status()
    context = house.context(house.settings(engine.server.url))
    drain(LinesOutput(context))
    assert present(engine.rows("suntap_slot", ""), "seconds") == house.exported("slots")
    assert "field type conflict" in context.status["note"] and context.status["partial"] == 1


def test_a_database_that_is_not_there_is_told_and_everything_waits(house: House, engine: Engine) -> None:
    if "influxd" not in engine.server.command[0]:
        return      # VictoriaMetrics has no databases
    house.fill(2)
    influx_query(engine.server, "DROP DATABASE suntap")
    output = LinesOutput(house.context(house.settings(engine.server.url)))
    with pytest.raises(OutputError, match="database is not there"):
        output.step()
    influx_query(engine.server, "CREATE DATABASE suntap")
    drain(output)
    assert_equal(house, engine)
