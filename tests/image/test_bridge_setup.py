"""suntap-bridge-setup's parts that need no network: who runs it here, and what is written."""
import configparser
import importlib.machinery
import importlib.util
import stat
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "image/deb/debian/bridge-setup"


@pytest.fixture(scope="module")
def setup():
    loader = importlib.machinery.SourceFileLoader("bridge_setup", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bridge_setup", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(("text", "found"), [
    ("iface eth0 inet dhcp\n", True), ("allow-hotplug eth0\n", True), ("auto lo eth0\n", True),
    ("  auto\teth0 eth1", True),
    ("auto lo\niface lo inet loopback\n", False), ("# iface eth0 inet dhcp\n", False),
    ("iface eth01 inet dhcp\n", False),
])
def test_an_interface_that_ifupdown_runs_is_known(setup, tmp_path, text, found):
    folder = tmp_path / "etc/network/interfaces.d"
    folder.mkdir(parents=True)
    assert not setup.in_ifupdown("eth0", tmp_path)
    for file in (folder.parent / "interfaces", folder / "setup"):
        file.write_text(text)
        assert setup.in_ifupdown("eth0", tmp_path) is found
        file.unlink()


def test_only_wired_interfaces_with_hardware_are_ports(setup, tmp_path):
    cards = (("eth0", "1", "device"), ("wlan0", "1", "device wireless"), ("lo", "772", ""), ("docker0", "1", ""))
    for name, kind, inside in cards:
        folder = tmp_path / "sys/class/net" / name
        folder.mkdir(parents=True)
        (folder / "type").write_text(kind + "\n")
        for part in inside.split():
            (folder / part).mkdir(parents=True)
    assert setup.wired(tmp_path) == ["eth0"]


def test_both_kinds_of_files_name_every_port_and_the_bridges_mac(setup):
    ports, mac = ["eth0", "usb0"], "02:00:5e:00:01:01"
    files, profiles = setup.network_files(ports, mac), setup.profiles(ports, mac)
    assert "Name=eth0 usb0" in files["00-suntap-ports.network"] and mac in files["00-suntap-br0.netdev"]
    assert sorted(profiles) == [f"suntap-{name}.nmconnection" for name in ("br0", "port-eth0", "port-usb0")]
    parsed = {}
    for name, text in profiles.items():
        parsed[name] = configparser.ConfigParser()
        parsed[name].read_string(text)
    assert parsed["suntap-br0.nmconnection"]["bridge"]["mac-address"] == mac
    assert len({each["connection"]["uuid"] for each in parsed.values()}) == 3


def test_profiles_are_private_and_files_of_networkd_can_be_read_by_it(setup, tmp_path):
    setup.write(tmp_path, {"suntap-br0.nmconnection": "x", "00-suntap-br0.network": "y"})
    modes = [stat.S_IMODE(path.stat().st_mode) for path in setup.ours(tmp_path)]
    assert sorted(modes) == [0o600, 0o644]
