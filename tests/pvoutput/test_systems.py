"""Several systems with one key: each its own devices, one quota, live rows of all before any backlog."""
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from appliance import ledger
from appliance.pvoutput import follow, outbox, poster, views
from appliance.settings import PvSystem, Settings
from appliance.simulate.pvoutput import Fault, PvOutput, System
from appliance.store import inbox
from spcore.uploads import Upload
from tests.pvoutput.support import KEY, Box, HandClock, midnight, settings_for

DAY, EVE = "2026-05-09", "2026-05-08"
SERIALS = ("414050000000001", "414050000000002", "414050000000003")


def lines(at: int, counters: dict[str, int]) -> bytes:
    from datetime import UTC, datetime
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H%M%S")
    text = f"100\tSPMS\t10\tZT160000000441C0001\t{stamp}\n"
    for serial, dwh in counters.items():
        text += (f"130\t{stamp}\t{serial}\tAC_Module\t\t{dwh // 10000}.{dwh % 10000:04d}\t0.1\t24{serial[-1]}.5"
                 f"\t0.5\t0.1\t56\t1.7\t3{serial[-1]}.25\t60.01\t0\n")
    return (text + "102\tnomAQPq+JV15zemUzITk\n").encode()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Box]:
    """A box with three inverters: the first has a system of its own, the two others share one, beside the total."""
    clock = HandClock()
    more = [System(system_id="777", name="East"), System(system_id="778", name="West", interval=15)]
    with PvOutput(HandClock(moment=clock.moment), api_key=KEY, more=more) as server:
        settings = settings_for(server, system=(PvSystem("777", SERIALS[:1]), PvSystem("778", SERIALS[1:])))
        made = Box(tmp_path, clock, server, settings)
        record(made, EVE, 84, 252)
        record(made, DAY, 84, 138)
        yield made
        made.store.close()


def record(box: Box, day: str, first: int, last: int) -> None:
    """The uploads of a day's slots, each inverter with a power of its own, taken in as the recorder does."""
    captured = inbox.connect(box.folder)
    start, days = midnight(day), date.fromisoformat(day).toordinal()
    for at in range(first, last):
        counters = {serial: 10_000_000 + (days % 1000) * 100_000 + (at - first) * 100 * number
                    for number, serial in enumerate(SERIALS, 1)}
        time = start + at * 300
        inbox.append(captured, [Upload((time + 60) * 1_000_000, "192.0.2.50:40000", "192.0.2.1:80",
                                       "/Data/SMS2DataCollector.aspx", lines(time, counters), True)])
    done = ledger.ingest(captured, box.store, box.settings.site)
    follow.refresh(box.store, box.settings, done.days, box.clock.time())
    captured.close()


def curve(box: Box, system_id: str, day: str) -> dict[str, dict[str, int]]:
    site = box.server.site_of(system_id)
    assert site is not None
    return {at: {name: int(value) for name, value in row.items()} for at, row in site.curve(
        date.fromisoformat(day)).items()}


def test_each_system_gets_its_devices_and_the_total_all_of_them(owner: Box) -> None:
    owner.push()
    total, east, west = (curve(owner, number, EVE) for number in ("12345", "777", "778"))
    assert total["12:00"]["v2"] == pytest.approx(720, abs=1) and east["12:00"]["v2"] == pytest.approx(120, abs=1)
    assert east["20:55"]["v1"] + west["20:45"]["v1"] == total["20:55"]["v1"]
    assert len(east) > 2.9 * len(west)
    assert set(owner.states()) == {"sent"}


def test_live_rows_of_every_system_come_before_any_backlog(owner: Box) -> None:
    owner.push()
    for site in owner.server.sites:
        site.days.clear()
    outbox.resend_day(owner.store, EVE)
    record(owner, DAY, 138, 141)
    owner.clock.pass_(900)
    before = len(owner.posts())
    owner.run(60)
    first = [request.system_id for request in owner.posts()[before:]]
    assert set(first[:2]) == {"12345", "777"} and first[2] == "778"


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
    follow.refresh(owner.store, owner.settings, [EVE, DAY], owner.clock.time())
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
    follow.refresh(owner.store, owner.settings, (), owner.clock.time())
    owner.push()
    assert {request.system_id for request in owner.server.requests} == {"12345"}


def test_the_test_asks_for_every_system_and_names_the_one_that_is_wrong(owner: Box) -> None:
    bad = replace(owner.settings.pvoutput, system=(PvSystem("999", ("X1",)), PvSystem("777", ("X1",))))
    found = poster.check_account(owner.store, replace(owner.settings, pvoutput=bad), owner.clock)
    assert found.ok
    assert any("System 999: Invalid System ID" in line for line in found.warnings)
    assert any("X1 was ever heard" in line for line in found.warnings)


def test_the_simple_case_has_one_system(owner: Box) -> None:
    from appliance.pvoutput.targets import targets
    assert [target.key for target in targets(settings_for(owner.server))] == [""]
    assert targets(Settings()) == []


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
    found = poster.check_account(owner.store, owner.settings, owner.clock)
    assert any("donors" in line for line in found.warnings)


def test_own_values_that_are_not_switched_on_at_pvoutput_are_left_out_after_one_refusal(owner: Box) -> None:
    owner.server.sites[0].system.donor = True
    owner.server.sites[0].system.extended = False
    owner.settings = replace(owner.settings, pvoutput=replace(owner.settings.pvoutput, v7=f"{SERIALS[0]} power"))
    owner.push()
    refused = [request for request in owner.server.requests if request.status == 400 and "Extended" in request.reply]
    assert len(refused) == 1 and set(owner.states()) == {"sent"}


def test_a_kill_between_systems_costs_nothing(owner: Box) -> None:
    owner.server.fail(Fault.CLOSE, times=3)
    owner.run(3600)
    owner.push()
    assert set(owner.states()) == {"sent"}
