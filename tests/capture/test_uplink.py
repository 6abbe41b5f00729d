"""The router's port of a bridge that has no gateway to ask for, learned from what enters where. Real frames."""
import socket
from collections.abc import Iterator

import pytest

from appliance.capture.uplink import ENOUGH, Uplink
from tests.attack.support import ROUTER_MAC, TRUE_MAC
from tests.cli.processes import wait_for
from tests.image.namespaces import Namespace

PVS, ROUTER, FOREIGN = "192.168.1.50", "192.168.1.1", "203.0.113.9"
PORTS = {"port0": 1, "port1": 2}        # the PVS's, the router's


class Wire:
    """A bridge without an address; `frame()` lets a frame enter at one of its ports."""

    def __init__(self) -> None:
        self.box = Namespace("suntap-uplink")
        self.box.ip("link", "add", "br0", "type", "bridge")
        for port in PORTS:
            self.box.ip("link", "add", port, "type", "veth", "peer", "name", f"{port}-far")
            self.box.ip("link", "set", port, "master", "br0", "up")
            self.box.ip("link", "set", f"{port}-far", "up")
        self.box.ip("link", "set", "br0", "up")
        self.uplink = Uplink()
        self.far = {port: self.box.inside(lambda port=port: self.open(f"{port}-far")) for port in PORTS}
        self.look()

    @staticmethod
    def open(name: str) -> socket.socket:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        opened.bind((name, 0))
        return opened

    def look(self) -> None:
        self.box.inside(lambda: self.uplink.look(PORTS))

    def frame(self, port: str, source: str, count: int = 1, kind: int = 0x0800) -> None:
        ip = bytes.fromhex("4500001400000000400000 00".replace(" ", "")) + socket.inet_aton(source)
        for _ in range(count):
            self.far[port].send(bytes.fromhex((TRUE_MAC + ROUTER_MAC).replace(":", "")) + kind.to_bytes(2) + ip
                                + socket.inet_aton(PVS) + bytes(40))

    def close(self) -> None:
        self.uplink.close()
        for opened in self.far.values():
            opened.close()
        self.box.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


@pytest.mark.root
def test_the_port_at_which_foreign_frames_enter_is_the_routers(wire):
    wire.frame("port1", FOREIGN, ENOUGH - 1)
    wire.frame("port0", PVS, 20)
    wire.frame("port1", ROUTER, 20)
    wire.frame("port1", "100.64.0.7", 20)
    wire.frame("port1", FOREIGN, 20, kind=0x0806)
    assert wire.uplink.router() is None
    wire.frame("port1", FOREIGN)
    assert wait_for(wire.uplink.router) == PORTS["port1"]


@pytest.mark.root
def test_foreign_frames_at_both_ports_say_nothing_from_then_on(wire):
    wire.frame("port1", FOREIGN, 100)
    assert wait_for(wire.uplink.router) == PORTS["port1"]
    wire.frame("port0", FOREIGN)        # sent back by a device on the PVS's side that forwards
    wait_for(lambda: wire.uplink.router() is None)
    wire.frame("port1", FOREIGN, 100)
    assert wire.uplink.router() is None


@pytest.mark.root
def test_other_ports_begin_anew(wire):
    wire.frame("port1", FOREIGN, 100)
    assert wait_for(wire.uplink.router) == PORTS["port1"]
    wire.box.inside(lambda: wire.uplink.look({"port0": 1}))
    assert wire.uplink.router() is None
    wire.look()
    assert wire.uplink.router() is None


@pytest.mark.root
def test_a_port_that_is_not_there_is_looked_at_when_it_is(wire):
    wire.box.ip("link", "set", "port1", "down")
    wire.uplink.router()
    wire.box.ip("link", "set", "port1", "up")
    wire.uplink.router()
    wire.look()
    wire.frame("port1", FOREIGN, ENOUGH)
    assert wait_for(wire.uplink.router) == PORTS["port1"]
