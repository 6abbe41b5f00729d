"""Telling systemd: a real datagram socket gets what a service says, and without one nothing happens."""
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.system.sd_notify import ENVIRONMENT, notify


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The receiving end, as systemd has it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "notify"))
        yield receiver


def test_a_message_arrives_as_one_datagram(systemd: socket.socket) -> None:
    assert notify("READY=1\nSTATUS=listening")
    assert systemd.recv(100) == b"READY=1\nSTATUS=listening"


def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("")                               # the kernel chooses an abstract name
        receiver.settimeout(5)
        monkeypatch.setenv(ENVIRONMENT, "@" + receiver.getsockname()[1:].decode())
        assert notify("WATCHDOG=1") and receiver.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "relative/path", "vsock:2:1"])
def test_without_an_address_of_its_kind_nobody_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, address)
    assert not notify("READY=1")


def test_a_systemd_that_is_gone_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "nothing"))
    assert not notify("READY=1")
