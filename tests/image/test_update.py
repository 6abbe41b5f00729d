"""A card whose system is renewed: one box, one story, told in order, started by U-Boot as a board starts it.

A new system is refused while the data partition is full. It is sent to the page and its writing is cut off; it is sent
again, the power goes in the middle of its trial, and it is kept. One that does not work comes on a USB stick, is tried,
and given up. See vm.py for the machine; what U-Boot does with a torn or counted down choice is in test_slots.py; cuts
at every step are a program of their own (cuts.py).
"""
import contextlib
import time
from pathlib import Path

import pytest

from tests.image import bundles
from tests.image.box import PASSWORD, Box, owner, shows
from tests.image.conftest import Home
from tests.image.machine import wait_for
from tests.image.story import STICK, plug_in
from tests.image.visit import Browser, Day
from tests.image.vm import Vm

pytestmark = [pytest.mark.image, pytest.mark.root]

BOOT_FILE = "[site]\r\nsize_w = 4800\r\n"
WRITTEN_S = 1500        # for what takes five minutes on a quiet host: send, check and write a system


@pytest.fixture(scope="module")
def box(vm: Vm, home: Home) -> Box:
    vm.put("suntap.toml", BOOT_FILE)
    started = Box(vm, home, home.pvs)
    started.boot(firmware=True)
    started.wait_running()
    browser = started.browser()
    browser.submit("/welcome/", password=PASSWORD, again=PASSWORD)
    browser.submit("/welcome/site", **{"site.timezone": "America/Los_Angeles", "site.size_w": "4800",
                                       "site.net_sign": "auto"})
    return started


@pytest.fixture(scope="module")
def day(home: Home) -> Day:
    return Day(home)


@pytest.fixture(scope="module")
def sound(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.make(tmp_path_factory.mktemp("sound"), "9.0.1")


def slot(box: Box) -> str:
    return box.vm.run("sed -n 's/.*rauc.slot=\\([AB]\\).*/\\1/p' /proc/cmdline").strip()


def send(browser: Browser, bundle: Path) -> None:
    browser.upload("/settings", "/settings/update", bundle.read_bytes())


def works(box: Box, day: Day, before: int) -> None:
    """Nothing that was counted is lost, and what crosses the bridge counts."""
    box.wait_running()
    wait_for("what was there", lambda: box.readings() >= before, 240, 3)
    sent = day.sent()
    day.send(0.25)
    assert day.sent() > sent
    wait_for("new readings", lambda: box.readings() > before, 240, 3)


def test_u_boot_starts_slot_a_of_a_fresh_card(box: Box, day: Day) -> None:
    assert slot(box) == "A"
    day.send(1)
    wait_for("readings", lambda: box.readings() > 100, 240, 3)


def test_on_a_full_data_partition_an_update_is_refused_with_the_reason_and_nothing_is_lost(
        box: Box, day: Day, sound: Path) -> None:
    before, uploads, browser = box.readings(), box.uploads(), owner(box)
    plug_in(box, sound)
    box.vm.run("fallocate -l $(($(df -B1 --output=avail /data | tail -1) - 65536)) /data/fill; "
               "dd if=/dev/zero of=/data/fill2 bs=4k; sync", check=False)
    try:
        day.send(0.25)
        assert "for which this card has room now" in browser.get("/settings")   # the browser says it, if it is one
        with contextlib.suppress(OSError, IndexError, AssertionError):  # refused before all of it was sent
            send(browser, sound)
        refused = box.vm.run(f"suntap update {STICK}/new.suntap-update 2>&1; echo code $?", seconds=WRITTEN_S)
        assert "not enough room on the data partition" in refused and refused.endswith("code 1\n")
    finally:
        box.vm.run("rm -f /data/fill /data/fill2; sync")
    left = box.vm.run("find /var/lib/suntap-update /var/lib/suntap/update -type f 2> /dev/null", check=False)
    assert left == ""
    wait_for("what came meanwhile", lambda: box.uploads() > uploads, 240, 3)
    works(box, day, before)
    assert slot(box) == "A" and box.vm.run("systemctl --failed --no-legend --plain") == ""


def test_a_power_cut_while_the_other_slot_is_written_changes_nothing(box: Box, day: Day, sound: Path) -> None:
    before, browser, began = box.readings(), owner(box), time.monotonic()
    send(browser, sound)
    print(f"sent to the page in {time.monotonic() - began:.0f} s")
    wait_for("the first tenths", lambda: shows(browser, "30 %") or shows(browser, "40 %"), WRITTEN_S, 2)
    box.vm.cut_power()
    box.boot(firmware=True)
    assert slot(box) == "A"
    works(box, day, before)
    wait_for("the word of it", lambda: shows(owner(box), "nothing was changed"), 120, 5)


def test_a_sound_system_is_tried_through_a_power_cut_and_kept(box: Box, day: Day, sound: Path) -> None:
    before, browser, began = box.readings(), owner(box), time.monotonic()
    send(browser, sound)
    box.vm.restarted(WRITTEN_S)
    print(f"sent, written and restarted in {time.monotonic() - began:.0f} s")
    assert slot(box) == "B"
    box.vm.cut_power()
    box.boot(firmware=True)
    assert slot(box) == "B"
    wait_for("it is kept", lambda: shows(owner(box), "works and is kept"), 600, 5)
    assert "9.0.1" in box.vm.run("suntap --version; cat /etc/suntap-image")
    assert box.vm.run("ls /var/lib/suntap-update") == ""
    works(box, day, before)


def test_one_that_does_not_work_from_a_usb_stick_is_given_up(box: Box, day: Day, tmp_path: Path) -> None:
    before, broken = box.readings(), bundles.make(tmp_path, "9.0.2", broken=bundles.MAIN)
    plug_in(box, broken)
    box.vm.run(f"systemd-run --no-block --unit=test-update suntap update {STICK}/new.suntap-update")
    box.vm.restarted(WRITTEN_S)
    assert slot(box) == "A"         # the trial
    box.vm.restarted(900)
    assert slot(box) == "B"
    works(box, day, before)
    assert shows(owner(box), "version 9.0.2") and shows(owner(box), "did not work: back to")
    assert box.vm.run("ls /var/lib/suntap-update") == ""
    assert box.vm.run("systemctl --failed --no-legend --plain") == ""
