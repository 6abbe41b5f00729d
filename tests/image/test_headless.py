"""The image set up without a page: everything on the boot partition, one card, no clock chip, Wi-Fi without a card.

One box, one story, told in order. What plugging in and time then bring: a mirror port's traffic, a second card by USB,
NTP, a Wi-Fi card with an access point (the kernel's simulated radios).
"""
import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from appliance.simulate.pvs import Pvs
from tests.image import visit
from tests.image.box import API_KEY, Box
from tests.image.conftest import COLLECTOR, PVOUTPUT_PORT, Home
from tests.image.machine import wait_for
from tests.image.ntp import Ntp
from tests.image.visit import Day, resolve
from tests.image.vm import Vm
from tests.traffic.recording import Recording, record

pytestmark = [pytest.mark.image, pytest.mark.root]

ADDRESS = "192.0.2.9"
BOOT_FILE = """# Müllers Dach
[system]
address = "{address}/24"
gateway = "{router}"
dns = ["{router}", "2001:db8::1"]
ssh_key = "{key}"

[wifi]
ssid = "Müllers Höhle"
password = "its password"
country = "DE"

[site]
timezone = "America/Los_Angeles"
size_w = 4800

[pvoutput]
enabled = true
url = "http://127.0.0.1:{port}/service/r2/"
api_key = "{api_key}"
system_id = "12345"
"""
# As Imager 1.7 writes it, and what it adds to cmdline.txt so that it is run.
FIRST_RUN = """#!/bin/bash
set +e
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_hostname dach-box
else
   echo dach-box >/etc/hostname
fi
touch /run/first-run-was-run
rm -f /boot/firstrun.sh
sed -i 's| systemd.run.*||g' /boot/cmdline.txt
exit 0
"""
FIRST_RUN_BOOT = ("systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot "
                  "systemd.unit=kernel-command-line.target")
USB_MAC = "02:00:5e:00:53:77"
CABLE_METRIC = 1024     # systemd.network(5): of routes by DHCP
ACCESS_POINT = r"""
cat > /run/ap.conf <<'END'
network={
  ssid="Müllers Höhle"
  mode=2
  frequency=2412
  psk="its password"
  key_mgmt=WPA-PSK
}
END
cat > /run/systemd/network/05-ap.network <<'END'
[Match]
Name=wlan1
[Network]
Address=198.51.100.1/24
DHCPServer=yes
END
networkctl reload
modprobe mac80211_hwsim radios=2
until [ -e /sys/class/net/wlan1 ]; do sleep 1; done
wpa_supplicant -B -i wlan1 -c /run/ap.conf
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of two ssh keys: the owner's and somebody else's."""
    folder = tmp_path_factory.mktemp("keys")
    made = {name: folder / name for name in ("owner", "other")}
    for path in made.values():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@pc", "-f", str(path)], check=True)
    return made


@pytest.fixture(scope="module")
def box(vm: Vm, home: Home, keys: dict[str, Path]) -> Box:
    """Started with one card, on the router's side, from where it is asked; the PVS's cable is not plugged in."""
    key = keys["owner"].with_suffix(".pub").read_text().strip()
    text = BOOT_FILE.format(address=ADDRESS, router=COLLECTOR, key=key, port=PVOUTPUT_PORT, api_key=API_KEY)
    vm.put("suntap.toml", "\ufeff" + text.replace("\n", "\r\n"))
    vm.put("firstrun.sh", FIRST_RUN)
    vm.put("reset-password.txt", "")
    started = Box(vm, home, home.router, ADDRESS)
    started.boot(cables=home.cables[::-1], cards=1, chip="1970-01-02T00:00:00", append=FIRST_RUN_BOOT)
    return started


@pytest.fixture(scope="module")
def day(home: Home) -> Day:
    return Day(home)


def lamps(box: Box) -> dict[str, tuple[str, str]]:
    """State and text of each lamp."""
    return {lamp["name"]: (lamp["state"], lamp["text"])
            for lamp in json.loads(box.vm.run("suntap status --json", check=False))["lamps"]}


def ssh(box: Box, key: Path, *options: str) -> tuple[int, str]:
    """Exit status and output of three commands as admin."""
    process = box.side.exec(
        "ssh", "-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes",
        "-o", "UserKnownHostsFile=/dev/null", *options, f"admin@{ADDRESS}", "id -un; sudo -n id -un; hostname",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text, _ = process.communicate(timeout=120)
    return process.returncode, text


def test_address_name_and_settings_are_the_boot_partitions(box: Box) -> None:
    box.wait_running()
    assert wait_for("its name", lambda: resolve(box.side, "dach-box.local"), 120) == ADDRESS
    assert box.home.lease() == ""
    assert box.vm.run("hostname").strip() == "dach-box"
    written = box.vm.run("cat /etc/suntap/suntap.toml")
    assert 'timezone = "America/Los_Angeles"' in written and f'api_key = "{API_KEY}"' in written


def test_a_script_of_raspberry_pi_imager_is_read_and_never_run(box: Box) -> None:
    assert "systemd.run=" in box.vm.run("cat /proc/cmdline")
    assert box.vm.run("ls /run/first-run-was-run 2> /dev/null", check=False) == ""


def test_a_wifi_network_without_a_card_holds_nothing_up(box: Box) -> None:
    assert box.vm.run("stat -c %a /etc/wpa_supplicant/wpa_supplicant-wlan0.conf").strip() == "600"
    wait_for("the end of the start-up", lambda: not box.vm.run("systemctl list-jobs --no-legend"), 120, 2)
    assert box.vm.run("systemctl --failed --no-legend --plain") == ""


def test_the_password_file_is_acted_on_and_told(box: Box) -> None:
    assert "password was reset" in lamps(box)["box"][1]
    assert 'name="password"' in box.browser().get("/")


def test_the_owners_key_opens_a_shell_and_nothing_else_does(box: Box, keys: dict[str, Path]) -> None:
    status, text = ssh(box, keys["owner"])
    assert (status, text.split()[-3:]) == (0, ["admin", "root", "dach-box"])
    for refused in (ssh(box, keys["other"]), ssh(box, keys["owner"], "-o", "PubkeyAuthentication=no")):
        assert refused[0] == 255 and "Permission denied (publickey)" in refused[1]


def test_one_card_at_a_mirror_port_is_enough_to_capture(box: Box, day: Day) -> None:
    """The first hour of the day as a switch copies it to a third port: frames between two others."""
    recording = Recording(heartbeats=False)
    record(Pvs(day.roof, recording, day.time, sent=lambda _: time.time()), recording, day.time, day.time + 3600)
    with box.home.router.inside(visit.listen) as port:
        for _, copy in recording.frames():
            port.send(copy)
            time.sleep(0.002)
    assert wait_for("uploads", lambda: box.uploads() >= 10, 120, 2)


def test_a_second_card_may_come_later_by_usb(box: Box, day: Day) -> None:
    address = box.vm.run("cat /sys/class/net/br0/address")
    box.vm.qmp("device_add", driver="usb-net", id="late", netdev="n1", mac=USB_MAC)
    wait_for("two ports", lambda: len(box.vm.run("ls /sys/class/net/br0/brif").split()) == 2, 120)
    before = box.uploads()
    day.send(2)
    assert day.sent() > 10
    wait_for("what crossed", lambda: box.uploads() > before + 10, 120, 2)
    assert box.vm.run("cat /sys/class/net/br0/address") == address


def test_before_the_time_is_known_nothing_is_posted_and_the_page_says_so(box: Box) -> None:
    wait_for("the readings", lambda: box.readings() > 0, 120, 2)
    assert "a guess" in lamps(box)["clock"][1]
    assert "a guess" in box.vm.run("suntap status", check=False)
    assert box.home.pvoutput.requests == []


def test_with_the_answer_of_a_time_server_all_that_waited_is_posted(box: Box, day: Day) -> None:
    with box.home.router.inside(lambda: Ntp(COLLECTOR)):
        wait_for("the time", lambda: lamps(box)["clock"][0] == "ok", 240, 3)
    assert abs(int(box.vm.run("date +%s")) - time.time()) < 60
    day.send(0.2)
    wait_for("slots at PVOutput", lambda: any(box.home.pvoutput.site.curve(date) for date in day.days()), 240, 3)
    assert [wrong for date in day.days() for wrong in day.wrong(date)] == []


def test_a_wifi_card_joins_the_network_for_management_only(box: Box) -> None:
    box.vm.run(ACCESS_POINT)
    wait_for("an address by Wi-Fi", lambda: "198.51.100." in box.vm.run("ip -4 -brief address show wlan0", check=False),
             240, 3)
    assert "wlan" not in box.vm.run("ls /sys/class/net/br0/brif")
    assert box.answers("/healthz")
    assert "dev br0" in box.vm.run(f"ip route get {COLLECTOR}")
    metric = re.search(r"metric (\d+)", box.vm.run("ip route show default dev wlan0"))[1]
    assert int(metric) > CABLE_METRIC
