"""A home with a PVS in network namespaces: the kernel's bridge, routing, nftables and TCP as they are on the box.

    pvs eth0 .50 ── port0 [br0 .2] port1 ── cable [lan .1] house ── eth0 .60 house      all 192.0.2.0/24
                      the box                the router: name server on .1, behind it the maker's server 203.0.113.5

Nothing of it can reach any other network; all of it goes with the fixture.
"""
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from appliance import settings
from appliance.collector import NAME
from appliance.simulate.collector import Collector
from appliance.simulate.names import NameServer, Resolver
from appliance.simulate.pvs import Wire
from appliance.simulate.uploads import Post
from tests.cli.command import command, environment
from tests.cli.processes import beat, wait_for
from tests.image.namespaces import Namespace

MAKER, ROUTER, BOX, PVS, HOUSE = "203.0.113.5", "192.0.2.1", "192.0.2.2", "192.0.2.50", "192.0.2.60"


class Place(Namespace):
    """A namespace without the tap interface of the image's tests."""

    def close(self) -> None:
        with suppress(subprocess.CalledProcessError):
            super().close()


class Home:
    """The four namespaces, the router's name server, and the maker's server while it is there."""

    def __init__(self) -> None:
        self.pvs, self.box, self.router, self.house = (Place(f"suntap-c-{name}") for name in (
            "pvs", "box", "router", "house"))
        self.places = (self.pvs, self.box, self.router, self.house)
        self._ports: list[str] = []
        self._resolver = None

    def __enter__(self) -> "Home":
        self.box.ip("link", "add", "br0", "type", "bridge")
        self.box.inside(_bridge_past_iptables)
        self.router.ip("link", "add", "lan", "type", "bridge")
        _veth(self.pvs, "eth0", self.box, "port0")
        _veth(self.box, "port1", self.router, "cable")
        _veth(self.house, "eth0", self.router, "house")
        for place, master, ports in ((self.box, "br0", ("port0", "port1")), (self.router, "lan", ("cable", "house"))):
            for port in ports:
                place.ip("link", "set", port, "master", master, "up")
            place.ip("link", "set", master, "up")
        self.router.ip("address", "add", f"{MAKER}/32", "dev", "lo")
        for place, device, address in ((self.pvs, "eth0", PVS), (self.house, "eth0", HOUSE), (self.box, "br0", BOX),
                                       (self.router, "lan", ROUTER)):
            place.ip("address", "add", f"{address}/24", "dev", device)
            place.ip("link", "set", device, "up")
            if place is not self.router:
                place.ip("route", "add", "default", "via", ROUTER)
        self.names = self.router.inside(lambda: NameServer(MAKER, ROUTER, 53, ttl=5))
        self._running = self.names.running()
        self._running.__enter__()
        self.box.exec("ping", "-q", "-c", "1", "-w", "5", ROUTER, stdout=subprocess.DEVNULL).wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__(None, None, None)
        for place in self.places:
            place.close()

    @contextmanager
    def maker(self) -> Iterator[Collector]:
        """The maker's server, while the block runs."""
        with self.router.inside(lambda: Collector(host=MAKER, port=80)) as server:
            yield server

    @contextmanager
    def dropped(self) -> Iterator[None]:
        """Its host swallows every packet, while the block runs."""
        self.router.ip("address", "del", f"{MAKER}/32", "dev", "lo")
        self.router.ip("route", "add", "blackhole", f"{MAKER}/32")
        try:
            yield
        finally:
            self.router.ip("route", "del", "blackhole", f"{MAKER}/32")
            self.router.ip("address", "add", f"{MAKER}/32", "dev", "lo")

    def wire(self, place: Place | None = None, timeout_s: float = 5.0,
             collector: str = NAME) -> Callable[[Sequence[Post]], int]:
        """What the PVS (or another device) sends with: it resolves the name by the router's name server."""
        resolve = Resolver((ROUTER, 53), timeout_s=1.0) if collector == NAME else None
        real = Wire((collector, 80), timeout_s=timeout_s, resolve=resolve)
        return lambda posts: (place or self.pvs).inside(lambda: real(posts))

    @contextmanager
    def suntap(self, config: Path, *arguments: object, **more: str) -> Iterator[subprocess.Popen]:
        """`suntap ARGUMENTS` in the box."""
        with open(config.parent / "log", "ab") as log:
            process = self.box.exec(*command(*arguments, "--config", config), stdout=log, stderr=log,
                                    stdin=subprocess.DEVNULL, env=environment(**more))
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def rules(self) -> str:
        """The box's nftables rules and elements."""
        done = subprocess.run(["ip", "netns", "exec", self.box.name, "nft", "list", "ruleset"], capture_output=True,
                              text=True, check=True)
        return done.stdout


def _bridge_past_iptables() -> None:
    """As on the box (no br_netfilter, or suntap-bridge-setup's sysctl): else lone fragments wait in connection
    tracking for the rest."""
    with suppress(OSError):     # br_netfilter is not there
        Path("/proc/sys/net/bridge/bridge-nf-call-iptables").write_text("0")


def _veth(one: Place, name: str, other: Place, its: str) -> None:
    subprocess.run(["ip", "link", "add", name, "netns", one.name, "type", "veth", "peer", "name", its, "netns",
                    other.name], check=True)


def make_config(folder: Path, stand_in: str, **more: Any) -> Path:
    """A settings file for the box."""
    path = folder / "suntap.toml"
    settings.update(path, {"store.data_dir": folder / "data", "web.host": "127.0.0.1", "web.port": 8099,
                           "capture.buffer_mib": 8, "collector.stand_in": stand_in, **more})
    return path


def redirecting(config: Path) -> dict:
    """The redirect process's heartbeat once it brings the PVS here."""
    return wait_for(lambda: (last := beat("redirect", config.parent / "data")) and last["active"] and last)


def let_go(config: Path) -> dict:
    """The same once it does not."""
    return wait_for(lambda: (last := beat("redirect", config.parent / "data")) and not last["active"] and last)
