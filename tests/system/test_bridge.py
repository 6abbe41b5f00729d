"""The kernel's tables about the bridge: ports, sides, gateways, our own addresses, from files like the kernel's."""
from pathlib import Path

import pytest

from appliance.system import bridge
from appliance.system.bridge import LOOK_S, Side, Sides
from tests.attack.support import FORGER_MAC, ROUTER_MAC, TRUE_MAC, kernel


class Told:
    """An uplink that knows."""

    def __init__(self, port: int | None) -> None:
        self.port = port

    def look(self, ports: object) -> None:
        """Nothing to look at."""

    def router(self) -> int | None:
        return self.port


@pytest.mark.parametrize(("told", "pvs", "forger"), [
    (2, Side.PVS, Side.ROUTERS), (None, Side.NOT_KNOWN, Side.NOT_KNOWN)])
def test_without_a_gateway_the_uplink_tells_the_sides(tmp_path: Path, told: int | None, pvs: Side, forger: Side):
    root = kernel(tmp_path, {TRUE_MAC: 1, FORGER_MAC: 2}, own=())
    (root / "proc/net/route").write_text("")
    sides = Sides("br0", root, Told(told))
    assert [sides.of(TRUE_MAC), sides.of(FORGER_MAC), sides.of("00:00:5e:00:53:77")] == [pvs, forger, Side.NOT_KNOWN]


@pytest.mark.parametrize(("told", "pvs"), [(2, Side.PVS), (None, Side.PVS), (1, Side.NOT_KNOWN)])
def test_where_gateway_and_uplink_contradict_each_other_from_the_start_no_side_is_known(
        tmp_path: Path, told: int | None, pvs: Side):
    root = kernel(tmp_path, {TRUE_MAC: 1, FORGER_MAC: 2, ROUTER_MAC: 2})
    assert Sides("br0", root, Told(told)).of(TRUE_MAC) is pvs


def test_what_was_known_of_the_sides_outlasts_a_contradiction_and_a_silence(tmp_path: Path):
    root = kernel(tmp_path, {TRUE_MAC: 1, FORGER_MAC: 2, ROUTER_MAC: 2})
    uplink = Told(2)
    sides = Sides("br0", root, uplink)
    assert sides.of(TRUE_MAC) is Side.PVS
    for uplink.port, learned in ((1, {ROUTER_MAC: 2}), (None, {})):
        kernel(tmp_path, {TRUE_MAC: 1, FORGER_MAC: 2, **learned})
        assert sides.of(TRUE_MAC) is Side.PVS and sides.of(FORGER_MAC) is Side.ROUTERS


def test_an_interface_that_is_no_bridge_has_no_sides(tmp_path: Path) -> None:
    assert Sides("eth0", kernel(tmp_path, {TRUE_MAC: 1})).of(TRUE_MAC) is Side.NO_SIDES


def test_a_gateway_that_was_known_once_stays_the_routers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ARP forgets what is not asked for; the bridge's table still says where it is."""
    root, moment = kernel(tmp_path, {TRUE_MAC: 1, ROUTER_MAC: 2}), [1000.0]
    monkeypatch.setattr(bridge.time, "monotonic", lambda: moment[0])
    sides = Sides("br0", root)
    assert sides.of(TRUE_MAC) is Side.PVS
    (root / "proc/net/arp").write_text("")
    assert sides.of(TRUE_MAC) is Side.PVS
    moment[0] += LOOK_S
    assert (sides.of(TRUE_MAC), sides.of(ROUTER_MAC)) == (Side.PVS, Side.ROUTERS)


def test_the_tables_are_read_at_most_once_in_a_second_but_for_where_an_address_is(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, moment = kernel(tmp_path, {TRUE_MAC: 1, ROUTER_MAC: 2}), [1000.0]
    monkeypatch.setattr(bridge.time, "monotonic", lambda: moment[0])
    sides = Sides("br0", root)
    assert sides.of(TRUE_MAC) is Side.PVS
    kernel(tmp_path, {TRUE_MAC: 2, ROUTER_MAC: 2}, own=("192.0.2.77",))
    moment[0] += LOOK_S / 2
    assert sides.of(TRUE_MAC) is Side.ROUTERS and "192.0.2.77" not in sides.own
    moment[0] += LOOK_S / 2
    assert sides.of(TRUE_MAC) is Side.ROUTERS and "192.0.2.77" in sides.own


def test_ports_and_addresses_are_as_the_kernel_numbers_them(tmp_path: Path) -> None:
    root = kernel(tmp_path, {TRUE_MAC: 2, ROUTER_MAC: 1}, own=("192.0.2.9", "127.0.0.1"))
    assert bridge.learned("br0", root) == {TRUE_MAC: 2, ROUTER_MAC: 1}
    assert bridge.own_addresses(root) == {"192.0.2.9", "127.0.0.1"}
    assert bridge.gateways("br0", root) == {ROUTER_MAC} and bridge.gateways("eth0", root) == set()
    assert bridge.neighbours("br0", root) == {"192.0.2.1": ROUTER_MAC}
    assert bridge.is_bridge("br0", root) and not bridge.is_bridge("eth0", root)
    for name, number in (("eth0", "0x1"), ("eth1", "0x2")):
        (root / "sys/class/net/br0/brif" / name).mkdir(parents=True)
        (root / "sys/class/net/br0/brif" / name / "port_no").write_text(number)
    assert bridge.port_numbers("br0", root) == {"eth0": 1, "eth1": 2}
    (root / "sys/class/net/br0/brif/eth1/port_no").write_text("soon")
    assert bridge.port_numbers("br0", root) == {}


def test_without_any_table_nothing_is_known(tmp_path: Path) -> None:
    assert bridge.learned("br0", tmp_path) == bridge.neighbours("br0", tmp_path) == {}
    assert bridge.own_addresses(tmp_path) == bridge.own_networks(tmp_path) == frozenset()
