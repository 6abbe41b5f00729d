"""Values beside energy and power: what is switched on goes where it belongs, exact to a thousandth of its unit."""
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.reads import Sample
from appliance.pvoutput import account_check, extended
from tests.pvoutput.several import EVE, SERIALS
from tests.pvoutput.support import Box


def test_voltage_temperature_and_own_values_go_where_they_are_switched_on(owner: Box) -> None:
    owner.server.sites[0].system.donor = True
    owner.settings = replace(owner.settings, pvoutput=replace(
        owner.settings.pvoutput, voltage=True, temperature=True, v7=f"{SERIALS[0]} power", v8=f"{SERIALS[1]} frequency",
        v9=f"{SERIALS[2]} energy", v10="nobody power"))
    owner.run(60)
    owner.push()
    row = {name: str(value) for name, value in owner.server.site.curve(date.fromisoformat(EVE))["12:00"].items()}
    assert (row["v5"], row["v6"], row["v7"], row["v8"]) == ("32.3", "242.5", "120", "60.01")
    assert row["v9"] == str(row["v9"]) and int(row["v9"]) > 0 and "v10" not in row
    east = owner.server.sites[1].curve(date.fromisoformat(EVE))["12:00"]
    assert (str(east["v5"]), str(east["v6"])) == ("31.3", "241.5") and "v7" not in east


def test_nothing_extended_is_sent_unless_it_is_switched_on(owner: Box) -> None:
    owner.push()
    assert not {name for row in owner.server.site.curve(date.fromisoformat(EVE)).values() for name in row
                } - {"v1", "v2", "v3", "v4"}


def test_an_account_without_donation_gets_no_own_values(owner: Box) -> None:
    owner.settings = replace(owner.settings, pvoutput=replace(owner.settings.pvoutput, v7=f"{SERIALS[0]} power"))
    owner.push()
    assert not [request for request in owner.server.requests if request.status == 403]
    found = account_check.check_account(owner.store, owner.settings, owner.clock)
    assert any("donors" in line for line in found.warnings)


def test_own_values_that_are_not_switched_on_at_pvoutput_are_left_out_after_one_refusal(owner: Box) -> None:
    owner.server.sites[0].system.donor = True
    owner.server.sites[0].system.extended = False
    owner.settings = replace(owner.settings, pvoutput=replace(owner.settings.pvoutput, v7=f"{SERIALS[0]} power"))
    owner.push()
    refused = [request for request in owner.server.requests if request.status == 400 and "Extended" in request.reply]
    assert len(refused) == 1 and set(owner.states()) == {"sent"}


@pytest.mark.parametrize(("text", "choice"), [
    ("414050000000001 power", ("414050000000001", "power")), ("a b voltage", ("a b", "voltage")), ("", None),
    ("power", None), (" power", None), ("414050000000001 colour", None)])
def test_a_choice_is_a_serial_and_a_quantity(text: str, choice: tuple[str, str] | None) -> None:
    assert extended.parse_choice(text) == choice


@settings(max_examples=50)
@given(st.decimals(-10**6, 10**6, places=5), st.sampled_from([1, 1000]), st.sampled_from(".,"))
def test_a_number_of_a_line_is_thousandths_of_its_unit(value: Decimal, scale: int, point: str) -> None:
    exact = (value * scale * 1000).to_integral_value()
    assert extended._milli(f"{value:f}".replace(".", point), scale) == int(exact)


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "1e99", "9" * 20, "1.2.3"])
def test_what_is_no_measurement_is_none(text: str) -> None:
    assert extended._milli(text, 1) is None


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3599), st.integers(0, 400_000)), max_size=30), st.sampled_from([300, 900]))
def test_a_slot_has_the_mean_of_its_own_samples(samples: list[tuple[int, int]], slot_s: int) -> None:
    begin = 1_778_310_000
    lines = [Sample("1", 130, begin + at, None, ("", "", "", "", f"{value / 1000:.3f}")) for at, value in samples]
    expected: dict[int, list[int]] = {}
    for at, value in samples:
        expected.setdefault(begin + at // slot_s * slot_s, []).append(value)
    assert extended._means(lines, "voltage", begin, slot_s) == {
        time: sum(several) // len(several) for time, several in expected.items()}


def test_a_line_that_is_too_short_or_of_another_kind_tells_nothing() -> None:
    lines = [Sample("1", 130, 7, None, ("", "")), Sample("1", 140, 7, None, ("", "", "", "", "240"))]
    assert extended._means(lines, "voltage", 0, 300) == {}


def test_what_can_be_chosen_is_what_the_devices_may_tell(owner: Box) -> None:
    found = dict(extended.choices(owner.store))
    assert len(found) == len(SERIALS) * sum(130 in one.fields or not one.fields for one in extended.QUANTITIES.values())
    assert all(extended.parse_choice(text) for text in found)
    assert found[f"{SERIALS[0]} temperature"] == f"inverter {SERIALS[0]}: heat sink (°C)"
