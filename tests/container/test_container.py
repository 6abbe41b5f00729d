"""The container of docs/nas.md under a real podman, on the network of an invented NAS: mirror port, direct mode, and a
volume that outlives the container. `./run test container` asks for it: the image's build takes some minutes
($SUNTAP_CONTAINER may name one that is built).

podman gets what a nested machine allows: runc, cgroupfs, limits of files and processes within those that hold here.
"""
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import CAPTURES
from tests.cli.processes import wait_for
from tests.image.namespaces import Namespace
from tests.outputs.engines import needs

pytestmark = [pytest.mark.container, pytest.mark.root]

TOP = Path(__file__).resolve().parents[2]
NAS, HOME = "192.0.2.9", "192.0.2.20"
START_S = 120
SETTINGS = """[store]
data_dir = "/var/lib/suntap"
[web]
port = 80
[capture]
interface = "mirror"
[collector]
stand_in = "{stand_in}"
"""


def run(*words: object, **options: Any) -> str:
    """Its output; what it said where it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, (words, done.stdout[-1000:], done.stderr[-3000:])
    return done.stdout


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """podman with a storage of its own and the image in it, built for this machine."""
    needs("podman", "podman")
    needs("runc", "runc")
    tar = os.environ["SUNTAP_CONTAINER"]
    if not tar.endswith(".tar"):
        tar = run(TOP / "image/oci/build.sh", run("dpkg", "--print-architecture").strip()).splitlines()[-1]
    folder = tmp_path_factory.mktemp("podman")
    found = ["podman", "--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "vfs",
             "--cgroup-manager", "cgroupfs", "--runtime", "runc"]
    run(*found, "load", "-i", TOP / tar)
    return found


@pytest.fixture
def networks() -> Iterator[tuple[Namespace, Namespace]]:
    """(the NAS's network, with a socket `mirror` and one in the home's network; the home's)"""
    nas, home = Namespace("nas"), Namespace("home")
    try:
        for name, other in (("mirror", "wire"), ("lan", "port")):
            nas.ip("link", "add", name, "type", "veth", "peer", "name", other, "netns", home.name)
            nas.ip("link", "set", name, "up")
            home.ip("link", "set", other, "up")
        nas.ip("address", "add", f"{NAS}/24", "dev", "lan")
        home.ip("address", "add", f"{HOME}/24", "dev", "port")
        yield nas, home
    finally:
        nas.close()
        home.close()


class Container:
    """The container as docs/nas.md starts it, with a folder as its volume."""

    def __init__(self, podman: list[str], nas: Namespace, volume: Path) -> None:
        self.podman, self.volume = podman, volume
        self.inside = ["nsenter", f"--net=/run/netns/{nas.name}"]   # `ip netns exec` would hide the cgroups

    def _podman(self, *words: str) -> str:
        return run(*self.inside, *self.podman, *words)

    def start(self) -> None:
        self._podman("run", "-d", "--name", "suntap", "--network", "host", "--cap-add", "NET_RAW", "-v",
                     f"{self.volume}:/var/lib/suntap", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024",
                     "localhost/suntap")

    def remove(self) -> None:
        self._podman("rm", "-f", "-t", "20", "suntap")

    def status(self) -> dict[str, Any]:
        """`suntap status --json` in the container; {} while it does not answer."""
        done = subprocess.run([*self.inside, *self.podman, "exec", "suntap", "suntap", "status", "--json"],
                              capture_output=True, text=True, check=False)
        return dict(json.loads(done.stdout)) if done.stdout.startswith("{") else {}

    def works(self) -> bool:
        """Whether capture, recorder and page live."""
        alive = {process["name"] for process in self.status().get("processes", []) if process["alive"]}
        return alive >= {"capture", "supervisor", "web"}

    def uploads(self) -> int:
        return int((self.status().get("inbox") or {}).get("uploads") or 0)


@pytest.fixture
def container(podman: list[str], networks: tuple[Namespace, Namespace], tmp_path: Path) -> Iterator[Container]:
    volume = tmp_path / "volume"
    volume.mkdir()
    found = Container(podman, networks[0], volume)
    try:
        yield found
    finally:
        subprocess.run([*podman, "rm", "-f", "-t", "20", "suntap"], capture_output=True, check=False)


def frames(path: Path) -> list[bytes]:
    """Of a pcap file of this machine's byte order."""
    data, at, found = path.read_bytes(), 24, []
    while at < len(data):
        (size,) = struct.unpack_from("=I", data, at + 8)
        found.append(data[at + 16:at + 16 + size])
        at += 16 + size
    return found


def test_it_reads_a_mirror_port_and_its_volume_outlives_it(container: Container,
                                                           networks: tuple[Namespace, Namespace]) -> None:
    _, home = networks
    (container.volume / "suntap.toml").write_text(SETTINGS.format(stand_in="off"))
    container.start()
    wait_for(container.works, START_S)

    def answers() -> bool:
        try:
            with home.inside(lambda: socket.create_connection((NAS, 80), 5)) as page:
                page.sendall(b"GET /healthz HTTP/1.0\r\nHost: " + NAS.encode() + b"\r\n\r\n")
                return page.recv(100).startswith(b"HTTP/1.")
        except OSError:
            return False
    wait_for(answers, START_S)
    wire = home.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    wire.bind(("wire", 0))

    def heard() -> int:
        for frame in frames(CAPTURES / "kernel.pcap"):
            wire.send(frame)
        return container.uploads()
    wait_for(heard, START_S)
    wire.close()
    before = container.uploads()
    container.remove()
    container.start()
    wait_for(lambda: container.uploads() >= before > 0, START_S)


def test_it_answers_in_sunpowers_place(container: Container, networks: tuple[Namespace, Namespace]) -> None:
    _, home = networks
    (container.volume / "suntap.toml").write_text(SETTINGS.format(stand_in="on"))
    container.start()
    wait_for(container.works, START_S)

    def answered() -> bool:
        return subprocess.run(["ip", "netns", "exec", home.name, sys.executable, "-m", "tests.live.send", f"{NAS}:80",
                               "3", "5"], cwd=TOP, capture_output=True, check=False, timeout=60).returncode == 0
    wait_for(answered, START_S)
    wait_for(lambda: container.uploads() == 3, START_S)
