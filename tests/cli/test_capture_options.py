"""--port and --host of the commands that read captures: what may be written, and whose ports hold without them."""
import argparse
from pathlib import Path

import pytest

from appliance import settings as declared
from appliance.cli.capture_options import DEFAULT_PORTS, _port, add_host, add_ports, engine_of, ports_of
from appliance.errors import USAGE, CommandError


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_ports(parser, "80")
    add_host(parser)
    parser.set_defaults(config=None, data_dir=None)
    return parser.parse_args(arguments)


@pytest.mark.parametrize("text", ["1", "80", "65535", "0080"])
def test_a_port_is_a_whole_number_from_1_to_65535(text: str) -> None:
    assert parsed("--port", text).port == [int(text)]


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "+80", "80.0", "0x50", "http", "٨٠", "²", " 80", "9" * 30])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="1 to 65535"):
        _port(text)


def test_ports_of_the_command_line_hold_then_the_files_then_80(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("SUNTAP_CONFIG", raising=False)
    assert ports_of(parsed("--port", "8080", "--port", "81")) == (8080, 81)
    declared.update(tmp_path / "suntap.toml", {"capture.ports": (8082,)})
    monkeypatch.setenv("SUNTAP_CONFIG", str(tmp_path / "suntap.toml"))
    assert ports_of(parsed()) == (8082,) and ports_of(parsed("--port", "8080")) == (8080,)
    monkeypatch.delenv("SUNTAP_CONFIG")
    if not Path("/etc/suntap/suntap.toml").exists():
        assert ports_of(parsed()) == DEFAULT_PORTS


def test_a_host_is_an_address_or_one_line() -> None:
    assert engine_of((80,), "192.0.2.50") and engine_of((80,), "2001:db8::50") and engine_of((80,), None)
    with pytest.raises(CommandError, match="--host") as caught:
        engine_of((80,), "the-pvs")
    assert caught.value.exit_code == USAGE
