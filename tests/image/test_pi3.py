"""The card as it is in an emulated Raspberry Pi 3: its device tree, its SD card reader, its USB, no clock chip.

QEMU loads slot A's kernel: U-Boot reads that board's emulated card with 0.24 MB/s, so of it only its choice is waited
for. Seen from outside only, as its owner does: nothing is added to what is loaded. QEMU's board has no network card of
its own and no firmware that fills in a MAC: both cards are by USB, and may have other addresses at each boot.
"""
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.image.box import PASSWORD
from tests.image.conftest import COLLECTOR, Home
from tests.image.machine import SLOT_A, Machine, wait_for
from tests.image.ntp import Ntp
from tests.image.visit import Browser, Day, resolve

pytestmark = [pytest.mark.image, pytest.mark.root]

DEVICE_TREE = "bcm2837-rpi-3-b.dtb"
# QEMU's watchdog resets the machine at once when it is armed. nokaslr: see vm.py.
EMULATED = "module_blacklist=bcm2835_wdt nokaslr"
BOOT_S = 600
U_BOOT_S = 120


class Pi3:
    """The board, plugged into its home."""

    def __init__(self, machine: Machine, home: Home) -> None:
        self.machine, self.home = machine, home

    def start(self) -> None:
        """Power on, until it has an address; once more if it gets none."""
        try:
            self._start()
        except TimeoutError as error:
            print(f"booted again, as {error}")
            self.machine.cut_power()
            self._start()

    def _start(self) -> None:
        self.home.leases.write_text("")
        work = self.machine.work
        command = [*self.machine.qemu, "-M", "raspi3b", "-accel", "tcg,thread=multi", "-no-reboot", "-nographic",
                   "-nodefaults", "-dtb", str(self.machine.firmware(DEVICE_TREE)),
                   "-kernel", str(self.machine.kernel), "-initrd", str(self.machine.initrd),
                   "-append", f"{EMULATED} {self.machine.cmdline} {SLOT_A}",
                   # QEMU's SD card knows no flush: with any other mode the map of the copy-on-write file stays in its
                   # memory, and a power cut takes back what the card had accepted minutes before.
                   "-drive", f"if=sd,format=qcow2,cache=writethrough,file={self.machine.disk}",
                   "-serial", "null", "-serial", f"file:{work}/serial.log"]
        for number, cable in enumerate(self.home.cables):
            command += ["-netdev", f"tap,id=n{number},fd={cable}", "-device", f"usb-net,netdev=n{number}"]
        with open(work / "qemu.log", "ab") as log:
            self.machine.process = subprocess.Popen(command, pass_fds=self.home.cables, stdin=subprocess.DEVNULL,
                                                    stdout=log, stderr=log)
        wait_for("an address", self.home.lease, BOOT_S)

    def answers(self) -> bool:
        try:
            return self.browser().request("GET", "/healthz")[0] in (200, 503)
        except (OSError, IndexError, ValueError):
            return False

    def browser(self) -> Browser:
        return Browser(self.home.pvs, self.home.lease())

    def mac(self) -> str:
        """The box's, by its lease."""
        return re.findall(r"^\d+ (\S+) [\d.]+ suntap ", self.home.leases.read_text(), re.M)[-1]


@pytest.fixture(scope="module")
def pi3(image: Path, home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pi3]:
    machine = Machine(image, tmp_path_factory.mktemp("pi3"))
    board = Pi3(machine, home)
    board.start()
    yield board
    machine.close()


@pytest.fixture(scope="module")
def owner(pi3: Pi3) -> Browser:
    return pi3.browser()


@pytest.fixture(scope="module")
def day(home: Home) -> Day:
    return Day(home)


def told(owner: Browser, path: str) -> Any:
    return json.loads(owner.get(path))


def lamps(owner: Browser) -> dict[str, str]:
    return {lamp["name"]: lamp["state"] for lamp in told(owner, "/api/v1/status")["lamps"]}


def slots(owner: Browser, day: Day) -> int:
    return sum(len(told(owner, f"/api/v1/slots?day={date}")["slots"]) for date in day.days())


def test_it_has_an_address_its_name_and_its_page(pi3: Pi3) -> None:
    wait_for("the page", pi3.answers, BOOT_S)
    assert wait_for("its name", lambda: resolve(pi3.home.pvs, "suntap.local"), 120) == pi3.home.lease()
    assert "console=ttyS1" in pi3.machine.cmdline
    assert "Machine model: Raspberry Pi 3 Model B" in (pi3.machine.work / "serial.log").read_text(errors="replace")


def test_the_wizard_is_walked_through_and_no_lamp_is_bad(pi3: Pi3, owner: Browser) -> None:
    owner.submit("/welcome/", password=PASSWORD, again=PASSWORD)
    owner.get("/welcome/listen")
    owner.submit("/welcome/site", **{"site.timezone": "America/Los_Angeles", "site.size_w": "4800",
                                     "site.net_sign": "auto"})
    assert "bad" not in lamps(owner).values()


def test_a_time_server_ends_the_guess_at_the_time_and_the_owner_stays_logged_in(pi3: Pi3, owner: Browser) -> None:
    with pi3.home.router.inside(lambda: Ntp(COLLECTOR)):
        wait_for("the time", lambda: lamps(owner)["clock"] == "ok", 300, 3)


def test_what_crosses_the_bridge_becomes_slots(owner: Browser, day: Day) -> None:
    day.send(1)
    assert day.sent() > 10
    wait_for("slots", lambda: slots(owner, day) >= 10, 240, 3)
    found = lamps(owner)
    assert found["capture"] == found["clock"] == found["disk"] == "ok"


def test_after_a_power_cut_it_has_the_same_address_and_what_it_knew(pi3: Pi3, owner: Browser, day: Day) -> None:
    mac, known = pi3.mac(), slots(owner, day)
    pi3.machine.cut_power()
    pi3.start()
    assert pi3.mac() == mac
    wait_for("the page", pi3.answers, BOOT_S)
    assert slots(owner, day) >= known
    assert "EXT4-fs error" not in (pi3.machine.work / "serial.log").read_text(errors="replace")


def test_u_boot_finds_the_choice_of_the_slot_on_the_card(image: Path, tmp_path: Path) -> None:
    machine = Machine(image, tmp_path)
    serial = tmp_path / "serial.log"
    serial.touch()
    with open(tmp_path / "qemu.log", "ab") as log:
        machine.process = subprocess.Popen(
            [*machine.qemu, "-M", "raspi3b", "-no-reboot", "-nographic", "-nodefaults",
             "-kernel", str(machine.firmware("u-boot.bin")), "-dtb", str(machine.firmware(DEVICE_TREE)),
             "-drive", f"if=sd,format=qcow2,file={machine.disk}", "-serial", "null", "-serial", f"file:{serial}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for("the choice", lambda: "suntap: slot A, kept" in serial.read_text(errors="replace"), U_BOOT_S)
    finally:
        machine.close()
