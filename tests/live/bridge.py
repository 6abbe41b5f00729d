"""The real thing in small: a PVS and a collector in network namespaces, and the box between them as a bridge.

    pvs eth0 192.0.2.50 ── box: port0 [br0] port1 ── collector eth0 192.0.2.10

Nothing of it can reach any other network; all of it goes with the fixture.
"""
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.cli.command import ROOT, environment

PVS_ADDRESS, COLLECTOR_ADDRESS, PORT = "192.0.2.50", "192.0.2.10", 80


class Bridge:
    """Three namespaces of this process's own."""

    def __init__(self, pvs: str = PVS_ADDRESS, collector: str = COLLECTOR_ADDRESS) -> None:
        self.addresses = pvs, collector
        self.pvs, self.box, self.collector = (f"suntap-t{os.getpid()}-{role}" for role in ("pvs", "box", "coll"))

    def __enter__(self) -> "Bridge":
        for name in (self.pvs, self.box, self.collector):
            self._ip("netns", "add", name)
            self.ip(name, "link", "set", "lo", "up")
        self.ip(self.box, "link", "add", "br0", "type", "bridge")
        for end, port, address, far in ((self.pvs, "port0", *self.addresses),
                                        (self.collector, "port1", *reversed(self.addresses))):
            self._ip("link", "add", "eth0", "netns", end, "type", "veth", "peer", "name", port, "netns", self.box)
            self.ip(self.box, "link", "set", port, "master", "br0", "up")
            self.ip(end, "address", "add", f"{address}/24", "dev", "eth0")
            self.ip(end, "link", "set", "eth0", "up")
            self.ip(end, "route", "replace", f"{far}/32", "dev", "eth0")
        self.ip(self.box, "link", "set", "br0", "up")
        return self

    def __exit__(self, *_: object) -> None:
        for name in (self.pvs, self.box, self.collector):
            with suppress(subprocess.CalledProcessError):
                self._ip("netns", "delete", name)

    def ip(self, namespace: str, *words: str) -> None:
        """`ip WORDS` inside a namespace."""
        self._ip("-n", namespace, *words)

    @staticmethod
    def _ip(*words: str) -> None:
        subprocess.run(("ip", *words), check=True)

    def send(self, count: int, seed: int, seconds: float = 0.0) -> None:
        """Send `count` uploads from the PVS; each is answered by the collector, or this fails."""
        subprocess.run(("ip", "netns", "exec", self.pvs, sys.executable, "-m", "tests.live.send",
                        f"{self.addresses[1]}:{PORT}", str(count), str(seed), str(seconds)),
                       check=True, cwd=ROOT, env=environment(), timeout=120)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A collector that answers, while the block runs."""
        process = subprocess.Popen(
            ("ip", "netns", "exec", self.collector, sys.executable, "-m", "appliance.simulate.collector",
             "--host", self.addresses[1], "--port", str(PORT)), stdout=subprocess.PIPE, cwd=ROOT, env=environment())
        try:
            assert process.stdout is not None and process.stdout.readline()
            yield
        finally:
            process.kill()
            process.communicate()
