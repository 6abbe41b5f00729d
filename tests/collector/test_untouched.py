"""While this box stands in, all other traffic goes where it always went, and who is not the PVS is refused."""
import json
import secrets
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from appliance.collector.listener import CONNECTIONS
from appliance.simulate import uploads
from appliance.simulate.names import NameServer, Resolver
from appliance.store import inbox
from tests.cli.processes import beat, wait_for
from tests.collector.home import BOX, MAKER, PVS, ROUTER, Home, make_config, redirecting

pytestmark = pytest.mark.root

OTHER = "203.0.113.77"      # another web server behind the router
BODY = b"100\tSPMS\t10\tZT160000000441C0001\t20260607162941\n102\tx%d\n"


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home() as made:
        made.router.ip("address", "add", f"{OTHER}/32", "dev", "lo")
        for place, last in ((made.pvs, 50), (made.router, 1), (made.house, 60)):
            device = "lan" if place is made.router else "eth0"
            place.ip("address", "add", f"2001:db8::{last}/64", "dev", device, "nodad")
        yield made


@pytest.fixture(scope="module")
def config(home, tmp_path_factory) -> Iterator[Path]:
    path = make_config(tmp_path_factory.mktemp("box"), "on")
    with home.suntap(path, "run"):
        redirecting(path)
        wire = home.wire(collector=MAKER)       # so that the maker's address is known here
        with home.maker():
            wait_for(lambda: wire([uploads.post(BODY % 0)])
                     and MAKER in beat("collector", path.parent / "data")["wanted"]["addresses"])
        wait_for(lambda: MAKER in home.rules())
        yield path


def counters(config: Path) -> dict[str, int]:
    return beat("collector", config.parent / "data")["counters"]


class Web:
    """A web server that names itself in the router's namespace, on any address and port."""

    def __init__(self, home: Home, address: str, port: int = 80) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listening = home.router.inside(lambda: socket.create_server((address, port), family=family))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nthe real one")

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


def ask(place, address: str, port: int = 80, request: bytes = b"GET / HTTP/1.0\r\n\r\n") -> bytes:
    def go() -> bytes:
        with socket.create_connection((address, port), 5) as connection:
            connection.sendall(request)
            return connection.recv(65536)
    return place.inside(go)


@pytest.mark.parametrize("address, port", [(OTHER, 80), (ROUTER, 80), (MAKER, 8080), ("2001:db8::1", 80)],
                         ids=["another host", "the router's page", "another port of the maker", "IPv6"])
def test_other_traffic_of_the_pvs_goes_where_it_always_went(home, config, address, port):
    with Web(home, address, port):
        assert b"the real one" in ask(home.pvs, address, port)


def test_the_house_reaches_the_maker_as_before_while_the_pvs_does_not(home, config):
    with Web(home, MAKER):
        assert b"the real one" in ask(home.house, MAKER)
        assert b" 404 " in ask(home.pvs, MAKER)


@pytest.mark.parametrize("vlan", [b"", b"\x81\0\0\7", b"\x81\0\0\0"], ids=["untagged", "VLAN 7", "priority tag"])
@pytest.mark.parametrize("fragment", [0, 0x2000, 0x0010], ids=["whole", "first fragment", "later fragment"])
def test_tagged_and_fragmented_frames_to_the_maker_are_forwarded(home, config, vlan, fragment):
    """A SYN to the maker as raw frames: only the plain one is lifted out of the bridge."""
    marker = secrets.token_bytes(16)
    segment = struct.pack("!HHIIBBHHH", 41000, 80, 1, 0, 5 << 4, 2, 1000, 0, 0) + marker
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 7, fragment, 64, 6, 0)
    packet = head + socket.inet_aton(PVS) + socket.inet_aton(MAKER) + segment
    gateway, own = mac(home.router, "lan"), mac(home.pvs, "eth0")

    def raw(device: str) -> socket.socket:
        channel = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))     # ETH_P_ALL
        channel.bind((device, 0))
        channel.settimeout(0.2)
        return channel

    def crosses(limit_s: float) -> bool:
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            sender.send(gateway + own + vlan + b"\x08\0" + packet)
            with suppress(TimeoutError):
                while True:
                    if marker in receiver.recv(2000):
                        return True
        return False

    with home.router.inside(lambda: raw("cable")) as receiver, home.pvs.inside(lambda: raw("eth0")) as sender:
        plain = not vlan and not fragment
        assert crosses(2 if plain else 20) is not plain


def mac(place, device: str) -> bytes:
    found = place.inside(lambda: place.ip("-j", "link", "show", device))
    return bytes.fromhex(json.loads(found)[0]["address"].replace(":", ""))


def test_other_names_and_the_name_asked_by_another_device_come_from_the_router(home, config):
    def asked(place, name: str) -> str:
        return place.inside(lambda: Resolver((ROUTER, 53), timeout_s=1.0)(name))

    assert asked(home.pvs, "pool.ntp.org") == MAKER         # what the router's name server says to every name
    assert asked(home.house, "collector.sunpowermonitor.com") == MAKER
    assert asked(home.pvs, "collector.sunpowermonitor.com") == "198.18.0.1"
    assert asked(home.pvs, "Collector.SunPowerMonitor.Com") == "198.18.0.1"
    assert asked(home.pvs, "collector.sunpowermonitor.com.lan") == MAKER


def test_fragments_pass(home, config):
    for size in ("4000", "12000"):
        ping = home.pvs.exec("ping", "-q", "-c", "2", "-i", "0.2", "-w", "10", "-s", size, MAKER,
                             stdout=subprocess.DEVNULL)
        assert ping.wait(20) == 0
    server = home.router.inside(lambda: NameServer(MAKER, MAKER, 5353))
    with server.running():
        def go() -> bytes:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
                channel.settimeout(5)
                channel.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0\1x\0\0\1\0\1" + bytes(3000), (MAKER, 5353))
                return channel.recv(4096)
        assert home.pvs.inside(go)[:2] == b"\0\1"


def test_a_device_of_the_house_cannot_post_readings_nor_reach_the_name_server(home, config):
    before = counters(config)["answered"]
    with pytest.raises(OSError):
        ask(home.house, BOX, beat("collector", config.parent / "data")["port"], uploads.post(BODY % 1).wire)
    with closing(inbox.connect(config.parent / "data", readonly=True)) as connection:
        assert BODY % 1 not in [upload.body for _, upload in inbox.after(connection, 0, 1000)]
    with pytest.raises(OSError):
        home.house.inside(lambda: Resolver((BOX, 18053), timeout_s=0.5)("collector.sunpowermonitor.com"))
    assert counters(config)["answered"] == before


def test_a_thousand_connections_endless_bodies_and_slow_bytes_leave_room_for_the_pvs(home, config):
    crowd: list[socket.socket] = []

    def flood() -> None:
        for number in range(1000):
            with suppress(OSError):
                connection = socket.socket()
                connection.settimeout(2)
                connection.connect((MAKER, 80))
                connection.sendall([b"POST /", b"GET / HTTP/1.1\r\n", uploads.post(BODY % 5, "/Other").wire,
                                    b"POST /Data/SMS2DataCollector.aspx HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n",
                                    b"\0\1\2\3\r\n\r\n"][number % 5])
                crowd.append(connection)

    attack = threading.Thread(target=lambda: home.pvs.inside(flood))
    attack.start()
    wire, delivered, end = home.wire(collector=MAKER), 0, time.monotonic() + 60
    while (attack.is_alive() or delivered < 20) and time.monotonic() < end:
        delivered += wire([uploads.post(BODY % (1000 + delivered))])
        time.sleep(0.1)
    attack.join()
    for connection in crowd:
        connection.close()
    assert delivered >= 10
    assert wait_for(lambda: (found := counters(config))["refused_path"] >= 50 and found["too_long"] >= 50
                    and found["not_http"] >= 50 and found["crowded_out"] > 0 and found)
    assert len(crowd) > CONNECTIONS
