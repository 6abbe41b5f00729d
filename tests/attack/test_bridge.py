"""A device on the router's side of a real bridge, with the capture process on it, that wants to pass for the PVS."""
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance import settings
from appliance.simulate.roof import PVS_SERIAL
from appliance.store import inbox, trust
from tests.cli.processes import wait_for
from tests.image.namespaces import inside
from tests.live.bridge import Bridge
from tests.live.test_bridge import inside as process_inside
from tests.live.test_bridge import listening
from tests.spcore.tcp import Frames, Talk, post
from tests.traffic import mirrors

pytestmark = pytest.mark.root

PVS, COLLECTOR = "192.168.7.50", "203.0.113.10"
STRANGER = "02:00:5e:00:53:66"
FORGED = (f"100\t0\t20260509220000\t{PVS_SERIAL}\n"
          "130\t20260509220000\t414050000000001\tx\t\t999999.9\t0\n").encode()


class Street:
    """The bridge with a trusted PVS, and a raw socket behind the router's port."""

    def __init__(self, wire: Bridge, data: Path) -> None:
        self.wire, self.data = wire, data
        self.socket = inside(wire.collector, self._open)
        self.pvs, self.router = (inside(name, self._mac) for name in (wire.pvs, wire.collector))

    @staticmethod
    def _open() -> socket.socket:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        opened.bind(("eth0", 0))
        return opened

    def _mac(self) -> str:
        with closing(self._open()) as opened:
            return str(opened.getsockname()[4].hex(":"))

    def send(self, frames: Frames) -> None:
        for _, frame in frames:
            self.socket.send(frame)

    def talk(self, mac: str, port: int = 40001, to: str = "") -> Talk:
        """A whole forged upload from `mac`."""
        stream = post(FORGED + f"{port} {time.monotonic_ns()}\n".encode())
        talk = Talk(PVS, port, COLLECTOR, mac=mac, server_mac=to or self.router)
        return talk.syn().data(0, stream[:50]).data(50, stream[50:])

    def provoke(self) -> None:
        """Let the PVS speak, so that the bridge learns its address at its own port."""
        with closing(inside(self.wire.collector, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))) as opened:
            opened.sendto(b"x", (PVS, 9))       # it answers that nobody listens there

    def counted(self) -> dict[str, int]:
        """Uploads by the state of who sent them."""
        with closing(inbox.connect(self.data, readonly=True)) as conn:
            stored, found = trust.uploads_of(conn), dict[str, int]()
            for one in trust.senders(conn):
                found[one.state] = found.get(one.state, 0) + stored.get(one.id, 0)
        return found


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    config = tmp_path / "suntap.toml"
    settings.update(config, {"store.data_dir": tmp_path / "data", "capture.buffer_mib": 8})
    with Bridge(PVS, COLLECTOR) as wire, wire.answering(), process_inside(wire, config, "run", "capture"):
        listening(config)
        wire.send(6, seed=1, seconds=3.5)       # longer than between two looks at the bridge
        made = Street(wire, tmp_path / "data")
        wait_for(lambda: made.counted().get("trusted") == 6)
        yield made
        made.socket.close()


def as_the_pvs(street: Street) -> Frames:
    return street.talk(street.pvs, 40001 + time.monotonic_ns() % 9999).frames


def to_a_group(street: Street) -> Frames:
    return street.talk(street.pvs, to="ff:ff:ff:ff:ff:ff").frames


def in_a_tunnel(street: Street) -> Frames:
    return [(at, mirrors.frame(*mirrors.vxlan()(frame, mirrors.ETHERNET))) for at, frame in as_the_pvs(street)]


def in_a_pseudowire(street: Street) -> Frames:
    return [(at, mirrors.frame(*mirrors.mpls(18, pseudowire=True)(frame, mirrors.ETHERNET)))
            for at, frame in as_the_pvs(street)]


def test_no_upload_from_the_routers_port_counts_as_the_pvs_however_it_is_dressed(street: Street) -> None:
    street.send(street.talk(STRANGER, 39999).frames)            # the bridge's tables have just been read
    for dressed in (in_a_tunnel, in_a_pseudowire, to_a_group, as_the_pvs, as_the_pvs):      # the last give it away
        street.send(dressed(street))
        street.provoke()                                        # and the address is at the PVS's port again
        time.sleep(0.2)                                         # longer than the kernel keeps a block of frames
    street.send(street.talk(STRANGER, 39998).frames)
    assert wait_for(lambda: street.counted().get("unknown", 0) >= 6)
    assert street.counted()["trusted"] == 6


def test_the_pvs_counts_with_another_lease_too_and_nothing_that_is_thrown_into_its_connection(street: Street) -> None:
    for end, action, address in (("pvs", "del", f"{PVS}/24"), ("pvs", "add", "192.168.7.51/24")):
        street.wire.ip(getattr(street.wire, end), "address", action, address, "dev", "eth0")
    street.wire.ip(street.wire.pvs, "route", "replace", f"{COLLECTOR}/32", "dev", "eth0")
    street.wire.ip(street.wire.collector, "route", "replace", "192.168.7.51/32", "dev", "eth0")
    street.wire.send(3, seed=2)
    assert wait_for(lambda: street.counted() == {"trusted": 9})
    with closing(inside(street.wire.pvs, socket.socket)) as opened:
        opened.connect((COLLECTOR, 80))
        opened.send(post(b"x")[:20])
        time.sleep(0.2)
        forged = Talk("192.168.7.51", opened.getsockname()[1], COLLECTOR, mac=STRANGER, server_mac=street.router)
        street.send(forged.syn().data(0, post(FORGED)).frames)
        assert wait_for(lambda: street.counted().get("unknown") == 1)
    assert street.counted()["trusted"] == 9
