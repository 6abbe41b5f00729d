"""The newest state as it is published: exact to the last tenth of a watt-hour, and null for what is not known."""
import json
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import store
from appliance.history import totals
from appliance.outputs.contract import Fact
from appliance.outputs.mqtt import snapshot
from appliance.outputs.mqtt.snapshot import Snapshot, Unit, kwh, safe, site_payload, take, unit_payload
from tests.outputs.support import House

NOTHING = Snapshot(0, {}, None, None, None, None, (), "", "")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A history that ends ten minutes ago."""
    made = House(tmp_path / "data")
    made.fill(2)
    made.heard_ten_minutes_ago()
    return made


@settings(max_examples=50)
@given(st.integers(-10**15, 10**15))
def test_energy_is_written_digit_by_digit(energy_dwh: int) -> None:
    assert Decimal(kwh(energy_dwh)) == Decimal(energy_dwh) / 10_000 and len(kwh(energy_dwh).split(".")[1]) == 4


@settings(max_examples=50)
@given(st.text("a0_-/+# \"ü\n☀", max_size=100))
def test_a_serial_is_a_bounded_word_of_plain_letters(text: str) -> None:
    assert 1 <= len(safe(text)) <= 64 and safe(text).isascii() and not set(safe(text)) & set("/+#\" \n")


def test_what_is_not_known_is_null_and_never_zero() -> None:
    found = json.loads(site_payload(NOTHING, []))
    assert found == {"production_w": None, "consumption_w": None, "net_w": None, "age_s": None, "lamps": {},
                     "attention": ""}
    assert json.loads(unit_payload(Unit("1", "", 5, None))) == {"energy_kwh": 0.0005, "power_w": None}
    assert unit_payload(Unit("1", "", 5, 123)) == '{"energy_kwh": 0.0005, "power_w": 12.3}'


def test_lamps_are_on_off_or_unknown_and_those_that_need_a_look_are_said() -> None:
    lamps = [Fact("disk", "bad", "It is full."), Fact("clock", "ok", "Right."), Fact("upload", "unknown", "Off."),
             Fact("in put", "warn", "Silent.")]
    found = json.loads(site_payload(replace(NOTHING, counters={"production": 12_345}), lamps))
    assert found["lamps"] == {"disk": "ON", "clock": "OFF", "upload": None, "in_put": "ON"}
    assert found["attention"] == "It is full.; Silent." and found["production_kwh"] == 1.2345


def test_the_newest_slot_is_now_and_an_old_one_is_not(house: House) -> None:
    found = take(house.store, house.clock.time())
    assert set(found.counters) == set(totals.SITE) and len(found.units) == 2
    assert None not in (found.production_w, found.consumption_w, found.net_w) and found.age_s == 600
    house.clock.pass_(86_400)
    later = take(house.store, house.clock.time())
    assert (later.production_w, later.consumption_w, later.net_w) == (None, None, None)
    assert later.counters == found.counters and {unit.power_dw for unit in later.units} == {None}


def test_a_power_through_a_hole_is_no_power_of_now(house: House) -> None:
    house.store.execute("UPDATE slot SET hole = 1 WHERE time = (SELECT max(time) FROM slot)")
    assert take(house.store, house.clock.time()).production_w is None


def test_an_inverter_that_is_silent_for_a_season_was_taken_off(house: House) -> None:
    house.store.execute("UPDATE device SET last_seen = last_seen - ? WHERE id = 1", (snapshot.AWAY_S,))
    assert [unit.serial[-1] for unit in take(house.store, house.clock.time()).units] == ["2"]


def test_what_was_published_is_remembered_before_anybody_is_told(house: House) -> None:
    before = take(house.store, house.clock.time()).counters["production"]
    house.store.execute("UPDATE site_day SET production_dwh = 0")
    assert take(house.store, house.clock.time()).counters["production"] == before


def test_a_history_of_nothing_is_nothing(tmp_path: Path) -> None:
    with closing(store.connect(tmp_path)) as empty:
        assert take(empty, 1_780_000_000.5) == replace(NOTHING, time=1_780_000_000)
