"""doctor names what is missing, with what to do, and changes nothing."""
import socket
import subprocess

import pytest

from appliance.health import doctor
from appliance.settings import Lines, Mqtt, Settings
from appliance.system.clock import Clock
from appliance.system.heartbeat import Heartbeat
from tests.cli.command import suntap
from tests.ports import free_port


def test_what_is_missing_has_an_advice(tmp_path):
    config = tmp_path / "suntap.toml"
    config.write_text(f'[capture]\ninterface = "nope0"\n[web]\nhost = "127.0.0.1"\nport = {free_port()}\n'
                      f'[store]\ndata_dir = "{tmp_path}/data"\n')
    config.chmod(0o644)
    result = suntap("doctor", "--config", config)
    assert result.code == 1 and result.err == ""
    assert "MISSING  interface" in result.out and "nope0 does not exist" in result.out
    assert "MISSING  settings" in result.out and f"chmod 600 {config}" in result.out
    assert result.out.count("MISSING") == result.out.count("→")
    assert not (tmp_path / "data").exists()


def test_a_settings_file_that_is_wrong_is_a_finding_not_an_error(tmp_path):
    config = tmp_path / "suntap.toml"
    config.write_text("[site]\nsize_w = true\n")
    result = suntap("doctor", "--config", config)
    assert result.code == 1 and "site.size_w must be" in result.out and result.err == ""
    config.write_text("[wob]\n")
    result = suntap("doctor", "--config", config)
    assert result.code == 1 and "unknown section wob" in result.out and result.err == ""


def test_outputs_that_are_on_are_named_and_a_library_that_lacks_is_missing(monkeypatch):
    on = Settings(mqtt=Mqtt("mqtt://broker.lan"), lines=Lines("http://host"))
    (found,) = doctor.check_outputs(on)
    assert found.ok and "mqtt, lines" in found.text
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    assert [finding.ok for finding in doctor.check_outputs(on)] == [False, True]
    assert not list(doctor.check_outputs(Settings()))


def test_where_the_capture_process_reads_a_folder_no_interface_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    config = tmp_path / "suntap.toml"
    config.write_text('[capture]\ninterface = "suntap-none"\n')

    def found() -> doctor.Finding:
        return next(one for one in doctor.examine(config, tmp_path, Clock()) if one.name == "interface")

    assert not found().ok
    Heartbeat("capture", tmp_path).beat(interface=str(tmp_path / "spool"))
    assert found().ok and "spool" in found().text
    Heartbeat("capture", tmp_path).beat(interface="br0")
    assert not found().ok


def test_an_interface_that_is_up_is_in_order():
    assert doctor.check_interface("lo").ok


@pytest.mark.root
def test_every_interface_at_once_is_in_order_but_on_a_bridge(monkeypatch):
    monkeypatch.setattr(doctor.bridge, "joining_cards", lambda: "")
    assert doctor.check_interface("any").ok
    monkeypatch.setattr(doctor.bridge, "joining_cards", lambda: "br7")
    assert '"br7"' in doctor.check_interface("any").advice


def test_a_bridge_with_one_port_lacks_the_other(tmp_path):
    name = "suntap-doc0"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        found = doctor.check_interface(name)
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)
    assert not found.ok and ("0 port" in found.text or "down" in found.text)


def test_a_port_in_use_is_found_and_a_free_one_is_not(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert not doctor.check_port("127.0.0.1", port, tmp_path).ok
    assert doctor.check_port("127.0.0.1", free_port(), tmp_path).ok


def test_debians_old_pcapy_is_recognised(tmp_path, monkeypatch):
    import sys
    (tmp_path / "pcapy.py").write_text("def open_live(*arguments): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pcapy", raising=False)
    found = doctor.check_pcapy()
    monkeypatch.delitem(sys.modules, "pcapy", raising=False)
    assert not found.ok and "python3-pcapy" in found.advice
