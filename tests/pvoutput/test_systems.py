"""Several systems with one key: each its own devices, one quota, live rows of all before any backlog."""
from dataclasses import replace

import pytest

from appliance.pvoutput import account_check, outbox_rows, views
from appliance.settings import PvSystem, Settings
from appliance.simulate.pvoutput import Fault
from tests.pvoutput.several import DAY, EVE, SERIALS, curve, record
from tests.pvoutput.support import Box, settings_for


def test_each_system_gets_its_devices_and_the_total_all_of_them(owner: Box) -> None:
    owner.push()
    total, east, west = (curve(owner, number, EVE) for number in ("12345", "777", "778"))
    assert total["12:00"]["v2"] == pytest.approx(720, abs=1) and east["12:00"]["v2"] == pytest.approx(120, abs=1)
    assert east["20:55"]["v1"] + west["20:45"]["v1"] == total["20:55"]["v1"]
    assert len(east) > 2.9 * len(west)
    assert set(owner.states()) == {"sent"}


def test_all_systems_share_one_quota(owner: Box) -> None:
    for number in range(20, 30):
        record(owner, f"2026-04-{number}", 84, 252)
    owner.run(6 * 3600)
    hours = {int(request.time // 3600) for request in owner.server.requests}
    assert max(owner.server.spent(hour) for hour in hours) <= 60
    assert not [request for request in owner.server.requests if request.status == 403]


def test_a_system_that_pvoutput_refuses_stops_no_other(owner: Box) -> None:
    owner.settings = replace(owner.settings, pvoutput=replace(owner.settings.pvoutput, system=(
        PvSystem("999", SERIALS[:1]), PvSystem("778", SERIALS[1:]))))
    outbox_rows.refresh(owner.store, owner.settings, [EVE, DAY], owner.clock.time())
    owner.run(1800)
    assert curve(owner, "12345", EVE) and curve(owner, "778", EVE)
    assert views.trouble(owner.store, owner.settings) == "system 999: Invalid System ID"
    asked = [request for request in owner.server.requests if request.system_id == "999"]
    assert len(asked) == 1
    owner.run(3 * 3600)
    asked = [request for request in owner.server.requests if request.system_id == "999"]
    assert len(asked) <= 5


def test_a_system_in_another_zone_waits_alone(owner: Box) -> None:
    owner.server.sites[0].system.timezone = "Europe/Berlin"
    owner.run(1800)
    assert not curve(owner, "12345", EVE) and curve(owner, "777", EVE)


def test_a_system_that_is_taken_out_is_sent_to_no_more(owner: Box) -> None:
    owner.settings = replace(owner.settings, pvoutput=replace(owner.settings.pvoutput, system=()))
    outbox_rows.refresh(owner.store, owner.settings, (), owner.clock.time())
    owner.push()
    assert {request.system_id for request in owner.server.requests} == {"12345"}


def test_the_test_asks_for_every_system_and_names_the_one_that_is_wrong(owner: Box) -> None:
    bad = replace(owner.settings.pvoutput, system=(PvSystem("999", ("X1",)), PvSystem("777", ("X1",))))
    found = account_check.check_account(owner.store, replace(owner.settings, pvoutput=bad), owner.clock)
    assert found.ok
    assert any("System 999: Invalid System ID" in line for line in found.warnings)
    assert any("X1 was ever heard" in line for line in found.warnings)


def test_the_simple_case_has_one_system(owner: Box) -> None:
    from appliance.pvoutput.targets import targets
    assert [target.key for target in targets(settings_for(owner.server))] == [""]
    assert targets(Settings()) == []


def test_a_kill_between_systems_costs_nothing(owner: Box) -> None:
    owner.server.fail(Fault.CLOSE, times=3)
    owner.run(3600)
    owner.push()
    assert set(owner.states()) == {"sent"}
