"""Who uses an address of the PVS's side at the router's port. Real frames; the wire is test_uplink's."""
import pytest

from appliance.capture import spoofed
from appliance.capture.spoofed import Copies
from tests.attack.support import FORGER_MAC, ROUTER_MAC, TRUE_MAC
from tests.capture.test_uplink import Wire
from tests.capture.test_uplink import wire as wire  # a fixture
from tests.cli.processes import wait_for

pytestmark = pytest.mark.root
GROUP = "ff:ff:ff:ff:ff:ff"


def frame(wire: Wire, port: str, source: str, to: str = ROUTER_MAC) -> None:
    wire.far[port].send(bytes.fromhex((to + source).replace(":", "")) + b"\x08\x00" + bytes(46))


@pytest.fixture
def watching(wire: Wire):
    made = Copies()
    wire.box.inside(lambda: made.watch("port1", frozenset({TRUE_MAC})))
    yield made
    made.close()


def test_an_address_of_the_other_side_that_enters_at_the_routers_port_is_copied(wire, watching):
    frame(wire, "port1", FORGER_MAC)
    frame(wire, "port1", TRUE_MAC, GROUP)
    frame(wire, "port0", TRUE_MAC)
    assert not watching.has(TRUE_MAC)
    frame(wire, "port1", TRUE_MAC)
    assert wait_for(lambda: watching.has(TRUE_MAC)) and not watching.has(FORGER_MAC)


def test_a_copied_address_stays_watched_and_is_believed_again_after_a_while(wire, watching, monkeypatch):
    wire.box.inside(lambda: watching.watch("port1", frozenset({FORGER_MAC})))
    frame(wire, "port1", TRUE_MAC)
    assert wait_for(lambda: watching.has(TRUE_MAC))
    monkeypatch.setattr(spoofed, "COPIED_S", 0.0)
    assert not watching.has(TRUE_MAC)


def test_a_flood_of_one_address_hides_no_other(wire, watching):
    wire.box.inside(lambda: watching.watch("port1", frozenset({FORGER_MAC})))
    for _ in range(3000):
        frame(wire, "port1", FORGER_MAC)
    frame(wire, "port1", TRUE_MAC)
    assert wait_for(lambda: watching.has(TRUE_MAC)) and watching.has(FORGER_MAC)


def test_at_another_port_all_begins_anew_and_a_port_that_is_not_there_is_no_harm(wire, watching):
    frame(wire, "port1", TRUE_MAC)
    assert wait_for(lambda: watching.has(TRUE_MAC))
    wire.box.inside(lambda: watching.watch("port7", frozenset({TRUE_MAC})))
    assert not watching.has(TRUE_MAC)
    wire.box.inside(lambda: watching.watch("port1", frozenset({TRUE_MAC})))
    frame(wire, "port0", TRUE_MAC)
    assert not watching.has(TRUE_MAC)
    frame(wire, "port1", TRUE_MAC)
    assert wait_for(lambda: watching.has(TRUE_MAC))


def test_no_more_addresses_are_watched_than_the_bound(watching):
    many = frozenset(f"02:00:5e:00:{number >> 8:02x}:{number & 255:02x}" for number in range(200))
    watching.watch("", many)
    assert watching._watched == ()
    watching.watch("nowhere", many)
    assert len(watching._watched) == spoofed.MAX_WATCHED
    assert 5 * spoofed.MAX_WATCHED < len(spoofed.program(watching._watched)) < 4096       # BPF_MAXINSNS
