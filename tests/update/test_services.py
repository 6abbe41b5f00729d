"""What "healthy" means for a new system: all units work for a while, the page answers, and the bridge forwards.
systemctl is a script, /sys a folder."""
import socket
from pathlib import Path

import pytest

from appliance.settings import Web
from appliance.update import services
from appliance.update.services import ENDS, UNITS, Systemd
from tests.outputs.hook import serving

SYSTEMCTL = """#!/bin/sh
echo "$@" >> {log}
case "$2" in
  --property=ActiveState,MainPID) cat {states} ;;
  --property=NRestarts) cat {restarts} ;;
esac
"""


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose files say what systemctl says."""
    names = {name: tmp_path / name for name in ("log", "states", "restarts")}
    (tmp_path / "systemctl").write_text(SYSTEMCTL.format(**names))
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name, value in (("PAUSE_S", 0.01), ("SETTLED_S", 0.05), ("LIMIT_S", 0.3)):
        monkeypatch.setattr(services, name, value)
    monkeypatch.setattr(services, "NETWORK", tmp_path / "net")
    for name in ("eth0", "eth1"):
        port(tmp_path, name)
    active(tmp_path, len(UNITS))
    (tmp_path / "restarts").write_text("0\n" * len(UNITS))
    return tmp_path


def port(box: Path, name: str, carrier: str = "1", state: str = "3") -> None:
    """A port of the bridge, as the kernel shows it."""
    for path, text in ((f"br0/brif/{name}/state", state), (f"{name}/carrier", carrier)):
        (box / "net" / path).parent.mkdir(parents=True, exist_ok=True)
        (box / "net" / path).write_text(f"{text}\n")


def active(box: Path, count: int) -> None:
    (box / "states").write_text("MainPID=7\nActiveState=active\n\n" * count + "MainPID=0\nActiveState=failed\n")


def systemd(port: int) -> Systemd:
    return Systemd(Web(host="0.0.0.0", port=port))


@pytest.mark.parametrize("status", [200, 503])
def test_units_that_work_and_a_page_that_answers_are_healthy_whatever_it_says(box: Path, monkeypatch, status) -> None:
    monkeypatch.setattr(services, "LIMIT_S", 60.0)
    with serving() as page:
        page.behaviour = (status, {}, b"")
        assert systemd(page.server_port).healthy(2)


@pytest.mark.parametrize("count", [0, len(UNITS) - 1])
def test_a_unit_that_does_not_work_is_not_healthy(box: Path, count: int) -> None:
    active(box, count)
    with serving() as page:
        assert not systemd(page.server_port).healthy(2)


def test_a_page_that_does_not_answer_or_answers_something_else_is_not_healthy(box: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not systemd(unused.getsockname()[1]).healthy(2)
    with serving() as page:
        page.behaviour = (500, {}, b"")
        assert not systemd(page.server_port).healthy(2)


def test_a_unit_that_ends_again_and_again_ends_the_wait(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "LIMIT_S", 600.0)
    (box / "restarts").write_text(f"0\n{ENDS}\n[not set]\n")
    assert not systemd(9).healthy(2)


def test_all_units_are_stopped_and_started_together_and_their_count_begins_anew(box: Path) -> None:
    systemd(9).stop()
    systemd(9).start()
    every = " ".join(UNITS)
    assert (box / "log").read_text().splitlines() == [
        f"stop {every}", f"reset-failed {every}", f"start --no-block {every}"]


def test_the_ports_of_the_bridge_are_counted(box: Path) -> None:
    assert services.ports() == 2
    port(box, "eth2")
    assert services.ports() == 3


def test_a_bridge_forwards_if_every_port_with_a_cable_does(box: Path) -> None:
    assert services.forwards(2) and services.forwards(1) and services.forwards(0)
    assert not services.forwards(3)                     # a network card is not there any more
    port(box, "eth1", state="2")                        # learning
    assert not services.forwards(2)
    port(box, "eth1", carrier="0", state="0")           # no cable, as before
    assert services.forwards(2)
    (box / "net/eth1/carrier").unlink()                 # EINVAL, where a card is down
    assert services.forwards(2)


def test_a_bridge_that_does_not_forward_is_not_healthy(box: Path) -> None:
    port(box, "eth1", state="0")
    with serving() as page:
        assert not systemd(page.server_port).healthy(2)


def test_without_a_bridge_before_none_is_asked_for(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "NETWORK", box / "none")
    assert services.ports() == 0 and services.forwards(0) and not services.forwards(1)
