"""The image under test, built once, and the home around it: a PVS side, a router side, a collector, a PVOutput.

Parts of the build that did not change are kept (see image/build.sh).
"""
import fcntl
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.simulate.collector import Collector
from appliance.simulate.pvoutput import PvOutput
from appliance.simulate.traffic import CLIENT
from appliance.system.clock import Clock
from tests.image.namespaces import Namespace
from tests.image.vm import Vm

TOP = Path(__file__).parents[2]
LONGEST = ("test_update.py", "test_boot.py", "test_stand_in.py", "test_pi3.py")   # first: two files go at once
COLLECTOR, PVS = "192.0.2.1", "192.0.2.50"
PVOUTPUT_PORT = 8081
TOOLS = ("mmdebstrap qemu-utils dnsmasq-base iproute2 iputils-ping openssh-client mtools zstd e2fsprogs openssl "
         "device-tree-compiler")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long stories begin first, so that none is left over at the end, beside an idle processor."""
    here = Path(__file__).parent
    long = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: long.get(item.path, len(LONGEST)) if item.path.parent == here else -1)


def build(*commands: Sequence[str]) -> None:
    """Run what builds something in build/: one worker at a time, and once in a run of several workers. Raises
    CalledProcessError."""
    made, run = TOP / "build/made-by-tests", os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    made.parent.mkdir(exist_ok=True)
    with made.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        line = f"{run} {commands}\n"
        file.seek(0)
        if line in file.readlines():
            return
        for command in commands:
            subprocess.run(command, cwd=TOP, check=True)
        file.write(line)


def built_image() -> Path:
    """The uncompressed image."""
    build(["sh", "-c", f". image/lib.sh; need_packages {TOOLS}"],
          ["sh", "image/build.sh", "--raw"])
    return TOP / "build/image/images/suntap.img"


@pytest.fixture(scope="session")
def image() -> Path:
    """The uncompressed image."""
    if os.geteuid():
        pytest.skip("needs root: network namespaces and a root file system to build")
    return built_image()


@dataclass
class Home:
    """What the box is plugged into."""

    pvs: Namespace
    router: Namespace
    collector: Collector
    pvoutput: PvOutput
    leases: Path
    cables: list[int]

    def lease(self) -> str:
        """The IPv4 address that the box got; empty before."""
        found = re.findall(r"^\d+ \S+ ([\d.]+) ", self.leases.read_text() if self.leases.exists() else "", re.M)
        return found[-1] if found else ""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with plugged_in(tmp_path_factory.mktemp("home")) as made:
        yield made


@contextmanager
def plugged_in(work: Path) -> Iterator[Home]:
    """A home; its router's leases are in the folder `work`."""
    pvs = Namespace("pvs", f"{PVS}/24", "2001:db8::50/64")
    router = Namespace("router", f"{COLLECTOR}/24", "2001:db8::1/64")
    dhcp = None
    try:
        cables = [pvs.cable(CLIENT.mac), router.cable()]     # recordings have it too: both are one PVS
        dhcp = router.exec(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--interface=port", "--bind-interfaces",
            "--no-resolv", "--no-hosts", f"--address=/pool.ntp.org/{COLLECTOR}",
            "--dhcp-range=192.0.2.100,192.0.2.150,1h", f"--dhcp-leasefile={work}/leases", "--user=root",
            "--enable-ra", "--dhcp-range=2001:db8::100,2001:db8::1ff,slaac,64,1h", "--log-facility=-",
            stderr=subprocess.DEVNULL)
        collector = router.inside(lambda: Collector(host=COLLECTOR, port=80))
        pvoutput = router.inside(lambda: PvOutput(Clock(), host=COLLECTOR, port=PVOUTPUT_PORT))
        pvoutput.quota = 300    # a donor's: a day is sent in minutes here
        with collector, pvoutput:
            yield Home(pvs, router, collector, pvoutput, work / "leases", cables)
    finally:
        if dhcp is not None:
            dhcp.terminate()
            dhcp.wait()
        pvs.close()
        router.close()


@pytest.fixture(scope="module")
def vm(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vm]:
    """A card freshly written with the image, not started."""
    machine = Vm(image, tmp_path_factory.mktemp("vm"))
    yield machine
    machine.close()
