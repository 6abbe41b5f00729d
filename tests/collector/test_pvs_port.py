"""Which port of the bridge is the PVS's: told by elimination, and where it cannot be told, why. The kernel's tables are
files made here; on a real bridge it is held in tests/collector/test_auto."""
from pathlib import Path

import pytest

from appliance.collector import pvs_port
from appliance.collector.pvs_port import NoPort, find
from appliance.system import bridge as tables
from tests.attack.support import ROUTER_MAC, TRUE_MAC, kernel


@pytest.fixture
def ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """/sys/class/net of a bridge br0 with the ports eth0 (1, the router's) and eth1 (2), which has an address."""
    kernel(tmp_path, {ROUTER_MAC: 1, TRUE_MAC: 2})
    net = tmp_path / "sys/class/net"
    for number, name in enumerate(("eth0", "eth1"), 1):
        plug(net, name, number)
    monkeypatch.setattr(pvs_port, "SYS_NET", net)
    monkeypatch.setattr(pvs_port, "address", lambda name: "192.0.2.2")
    for table in (tables.port_numbers, tables.is_bridge, tables.learned, tables.gateways):
        monkeypatch.setattr(pvs_port, table.__name__, lambda interface, table=table: table(interface, tmp_path))
    return net


def plug(net: Path, name: str, number: int, carrier: str = "1\n") -> None:
    (net / "br0/brif" / name).mkdir(parents=True)
    (net / "br0/brif" / name / "port_no").write_text(f"0x{number:x}\n")
    (net / name).mkdir()
    (net / name / "carrier").write_text(carrier)


def test_of_two_ports_it_is_the_one_that_is_not_the_routers(ports: Path) -> None:
    assert find("br0") == "eth1"


def test_of_several_others_it_is_the_one_with_a_cable(ports: Path) -> None:
    plug(ports, "eth2", 3, "0\n")
    assert find("br0") == "eth1"


def test_with_two_cables_it_cannot_be_told(ports: Path) -> None:
    plug(ports, "eth2", 3)
    with pytest.raises(NoPort, match="eth1, eth2: which one"):
        find("br0")


def test_without_a_bridge_of_two_ports_the_routers_dns_is_the_way(ports: Path) -> None:
    (ports / "br0/brforward").unlink()
    with pytest.raises(NoPort, match="direct mode"):
        find("br0")


def test_before_the_router_was_heard_no_port_is_known(ports: Path, tmp_path: Path) -> None:
    (ports / "br0/brforward").write_bytes(b"")
    with pytest.raises(NoPort, match="not heard"):
        find("br0")


def test_a_bridge_without_an_address_cannot_answer(ports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pvs_port, "address", lambda name: "")
    with pytest.raises(NoPort, match="no IPv4 address"):
        find("br0")


def test_an_interface_that_is_not_there_is_named(ports: Path) -> None:
    with pytest.raises(NoPort, match="no interface br9"):
        find("br9")


def test_what_the_kernel_says_of_the_loopback_is_read() -> None:
    assert pvs_port.address("lo") == "127.0.0.1" and pvs_port.mac("lo") == "00:00:00:00:00:00"
    assert (pvs_port.address("nosuch0"), pvs_port.mac("nosuch0"), pvs_port.has_carrier("nosuch0")) == ("", "", False)
