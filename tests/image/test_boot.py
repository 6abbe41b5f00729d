"""The image, booted between a PVS and a router: one box, one story, told in order.

The tests share the machine and build on each other. Each waits by polling; nothing is timed but by generous limits (the
machine is emulated). See vm.py for what is and is not part of the image.
"""
import random
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from paho.mqtt.subscribe import simple

from tests.image import visit
from tests.image.box import API_KEY, PASSWORD, UNITS, Box, owner
from tests.image.conftest import COLLECTOR, PVOUTPUT_PORT, PVS, Home
from tests.image.machine import DATA_PARTITION, wait_for
from tests.image.visit import Browser, Day, resolve
from tests.image.vm import NICS, Vm, nic

pytestmark = [pytest.mark.image, pytest.mark.root]

BOOT_FILE = f'[pvoutput]\r\nurl = "http://127.0.0.1:{PVOUTPUT_PORT}/service/r2/"\r\n[site]\r\nsize_w = 4800\r\n'
MEMORY_MB = {"suntap-capture": 128, "suntap-supervisor": 96, "suntap-web": 96, "suntap-collector": 64,
             "suntap-redirect": 48}
TOGETHER_MB = 110       # all processes with all outputs on, without the ring into which the kernel writes packets
DAILY_KB = 118_000      # written to the card on a day (image/README.md states the measured figure)
IDLE_S = 40             # longer than the kernel lets written pages wait (30 s)
POWER_CUTS = 5


@pytest.fixture(scope="module")
def box(vm: Vm, home: Home) -> Box:
    vm.put("suntap.toml", BOOT_FILE)
    started = Box(vm, home, home.pvs)
    started.boot()
    return started


@pytest.fixture(scope="module")
def day(home: Home) -> Day:
    return Day(home)


def test_the_first_boot_ends_with_a_lease_for_one_of_its_network_cards(box: Box) -> None:
    assert box.vm.run("cat /sys/class/net/br0/address").strip() in NICS
    assert re.search(r" 192\.0\.2\.\d+ suntap ", box.home.leases.read_text())


def test_its_ipv6_lease_is_by_the_mac_too_and_the_page_answers_there(box: Box) -> None:
    mac = box.vm.run("cat /sys/class/net/br0/address").strip()
    by_mac = re.compile(rf"^\d+ \d+ (2001:db8::\S+) \S+ 00:03:00:01:{mac}$", re.M)     # DUID-LL, RFC 8415 11.4
    lease = wait_for("an IPv6 lease", lambda: by_mac.search(box.home.leases.read_text()), 240)
    wait_for("the page", lambda: box.answers("/healthz", lease[1]), 240)


def test_the_pvs_and_the_router_see_each_other_by_ipv4_ipv6_and_large_frames(box: Box) -> None:
    for target in (COLLECTOR, "2001:db8::1"):
        ping = box.home.pvs.exec("ping", "-q", "-c", "3", "-i", "0.3", "-w", "60", "-s", "1400", "-M", "do", target)
        assert ping.wait(90) == 0


@pytest.mark.parametrize("to", ["ff:ff:ff:ff:ff:ff", "01:00:5e:7f:12:34", "33:33:00:00:ab:cd"],
                         ids=["broadcast", "multicast that nobody joined", "IPv6 multicast"])
@pytest.mark.parametrize("vlan", [None, 7], ids=["untagged", "tagged"])
def test_frames_of_full_size_cross_the_bridge_unchanged(box: Box, to: str, vlan: int | None) -> None:
    sent = visit.frame(to, vlan)
    with box.home.router.inside(visit.listen) as receiver, box.home.pvs.inside(visit.listen) as sender:
        def crossed() -> bool:
            sender.send(sent)
            return sent in visit.received(receiver, 3)
        wait_for("the frame", crossed, 60)


def test_the_box_answers_to_its_name(box: Box) -> None:
    assert wait_for("suntap.local", lambda: resolve(box.side, "suntap.local"), 240) == box.home.lease()


def test_root_is_read_only_below_memory_and_the_data_partition_filled_the_card(box: Box) -> None:
    assert box.vm.run("findmnt -n -o FSTYPE /").strip() == "overlay"
    assert "ro," in box.vm.run("findmnt -n -o OPTIONS /media/root-ro") + ","
    wait_for("the grown data partition",
             lambda: int(box.vm.run("df -B1M --output=size /data | tail -1", check=False) or 0) > 1500, 180)
    assert box.vm.run("findmnt -n -o SOURCE /var/lib/suntap").strip().endswith("[/suntap]")


def test_the_image_says_of_which_day_it_is(box: Box) -> None:
    built, debian, version = box.vm.run("cat /etc/suntap-image").split()
    assert built.startswith("built=20") and debian.startswith("debian=")
    packaged = box.vm.run("dpkg-query -W -f '${Version}' suntap")
    assert version == f"version={packaged}+{built.removeprefix('built=').replace('-', '')}"


def test_all_processes_run_and_no_unit_failed(box: Box) -> None:
    box.wait_running()
    assert box.vm.run("systemctl --failed --no-legend --plain") == ""


def test_python_takes_the_byte_code_that_the_build_made(box: Box) -> None:
    """Else each start would compile what it imports: nobody writes it on a read-only root."""
    found = box.vm.run("""python3 -OO -c '
import importlib.util as of, pathlib
made = [pathlib.Path(of.cache_from_source(str(path))) for folder in ("suntap", "python3/dist-packages/flask",
    "python3.13/sqlite3") for path in pathlib.Path("/usr/lib", folder).rglob("*.py")]
unchecked = of.MAGIC_NUMBER + bytes([1, 0, 0, 0])
print(len(made), *(path for path in made if not path.is_file() or path.read_bytes()[:8] != unchecked))'""")
    number, *others = found.split()
    assert int(number) > 200 and others == []


def test_nobody_can_log_in(box: Box) -> None:
    shadow = box.vm.run("cat /etc/shadow")
    assert all(line.split(":")[1][0] in "!*" for line in shadow.split())
    assert box.vm.run("ss -Hltn 'sport = :22'") == ""


def test_each_process_has_the_rights_it_needs_and_no_more(box: Box) -> None:
    raw, admin = 1 << 13, 1 << 12
    for unit, wanted in zip(UNITS, (raw, 0, 0, 0, admin), strict=True):
        lines = box.vm.run(f"cat /proc/$(systemctl show -P MainPID {unit})/status")
        assert int(re.search(r"CapEff:\s*(\w+)", lines)[1], 16) == wanted, unit
        assert not re.search(r"^Uid:\s*0", lines, re.M), unit
    refused = box.vm.run("runuser -u suntap -- dd if=/dev/zero of=/var/lib/suntap/inbox.sqlite3 conv=notrunc count=0",
                         check=False)
    assert "Permission denied" in refused


def test_the_owner_walks_through_the_first_visit_by_http(box: Box) -> None:
    box.wait_running()
    browser = box.browser()
    assert browser.submit("/welcome/", password=PASSWORD, again=PASSWORD).endswith("/welcome/listen")
    assert "SunPower box" in browser.get("/welcome/listen")
    browser.submit("/welcome/site", **{"site.timezone": "America/Los_Angeles", "site.size_w": "4800",
                                       "site.net_sign": "auto"})
    browser.submit("/welcome/pvoutput", **{"pvoutput.api_key": API_KEY, "pvoutput.system_id": "12345"})
    assert 'enabled = true' in box.vm.run("cat /etc/suntap/suntap.toml")


def test_uploads_cross_the_bridge_and_become_readings(box: Box, day: Day) -> None:
    day.send(4)
    assert day.sent() > 40
    records = sum(len(re.findall(rb"^1[34]0\t", item.body, re.M)) for item in box.home.collector.received)
    wait_for(f"{records} readings", lambda: box.readings() == records, 240, 3)


def test_slots_reach_pvoutput_with_the_values_of_the_truth(box: Box, day: Day) -> None:
    wait_for("slots at PVOutput", lambda: any(box.home.pvoutput.site.curve(date) for date in day.days()), 240, 3)
    assert [wrong for date in day.days() for wrong in day.wrong(date)] == []


@pytest.mark.parametrize("unit", UNITS)
def test_with_a_unit_stopped_the_uploads_still_cross(box: Box, day: Day, unit: str) -> None:
    box.vm.run(f"systemctl stop {unit}")
    before = day.sent()
    day.send(0.5)
    assert day.sent() >= before + 5
    box.vm.run(f"systemctl start --no-block {unit}")
    box.wait_running()


@pytest.mark.parametrize("unit", UNITS)
def test_a_killed_process_comes_back_and_nothing_that_was_captured_is_lost(box: Box, day: Day, unit: str) -> None:
    before = box.uploads()
    box.vm.run(f"kill -9 $(systemctl show -P MainPID {unit})")
    sent = day.sent()
    day.send(0.25)
    assert day.sent() > sent
    box.wait_running()
    assert box.uploads() >= before


def test_a_network_card_may_be_unplugged_and_plugged_in_again(box: Box, day: Day) -> None:
    address = box.vm.run("cat /sys/class/net/br0/address")
    box.vm.qmp("device_del", id="nic0")
    wait_for("one port", lambda: len(box.vm.run("ls /sys/class/net/br0/brif").split()) == 1, 60)
    driver, *options = nic(0).split(",")
    arguments = dict(item.split("=") for item in options)

    def plugged() -> bool:
        """QEMU takes the card back once the guest has let go of the old one."""
        try:
            box.vm.qmp("device_add", driver=driver, **arguments)
        except RuntimeError:
            return False
        return True

    wait_for("the slot", plugged, 60)
    wait_for("two ports", lambda: len(box.vm.run("ls /sys/class/net/br0/brif").split()) == 2, 120)
    before = day.sent()

    def crosses() -> bool:
        day.send(0.1)
        return day.sent() > before

    wait_for("uploads across the bridge", crosses, 120)
    assert box.vm.run("cat /sys/class/net/br0/address") == address


def test_the_processes_leave_room_in_512_mb(box: Box, day: Day) -> None:
    day.send(1)
    used = {unit: int(box.vm.run(f"systemctl show -P MemoryCurrent {unit}")) >> 20 for unit in UNITS}
    available = int(re.search(r"MemAvailable:\s*(\d+)", box.vm.run("cat /proc/meminfo"))[1]) >> 10
    print(f"MiB: {used}, available {available} of {box.vm.memory_mb}")
    assert all(used[unit] < MEMORY_MB[unit] for unit in UNITS)
    assert available > 128


TOPIC = {"mqtt.username": "", "mqtt.password": "", "mqtt.topic": "suntap", "mqtt.discovery": "homeassistant"}


def send_to(browser: Browser, broker: str, database: str, notices: str) -> None:
    """Where the outputs go from now on; "": nowhere."""
    browser.submit("/settings", "/settings/mqtt", **{"mqtt.url": broker, **TOPIC})
    browser.submit("/settings", "/settings/lines", **{"lines.url": database, "lines.token": ""})
    browser.submit("/settings", "/settings/notify", **{"notify.url": notices, "notify.token": ""})


@pytest.fixture
def browser(box: Box, home: Home, tmp_path: Path) -> Iterator[Browser]:
    """The owner's, with a broker, a time series database and somebody who takes notices in the house; all of it ends
    with the test, and the outputs to it."""
    (tmp_path / "mosquitto.conf").write_text(f"listener 1883 {COLLECTOR}\nallow_anonymous true\nuser root\n")
    programs = [
        home.router.exec("/usr/sbin/mosquitto", "-c", str(tmp_path / "mosquitto.conf"), stderr=subprocess.DEVNULL),
        home.router.exec("victoria-metrics", f"-storageDataPath={tmp_path}/vm", f"-httpListenAddr={COLLECTOR}:8428",
                         "-retentionPeriod=100y", "-search.latencyOffset=0s", stderr=subprocess.DEVNULL)]
    browser = owner(box)
    try:
        send_to(browser, f"mqtt://{COLLECTOR}:1883", f"http://{COLLECTOR}:8428", f"http://{COLLECTOR}:8428/health")
        yield browser
    finally:
        send_to(browser, "", "", "")
        for program in programs:
            program.terminate()
            program.wait()


def memory_kb(box: Box) -> dict[str, int]:
    """What each service's processes take, their part of what they share included, and without capture's ring."""
    sums = box.vm.run(f"""for unit in {" ".join(UNITS)}; do
for pid in $(cat /sys/fs/cgroup/system.slice/$unit.service/cgroup.procs); do
awk -v unit=$unit '/^[0-9a-f]+-/ {{ ring = $6 ~ /^socket:/ }} /^Pss:/ && !ring {{ kb += $2 }}
END {{ print unit, kb }}' /proc/$pid/smaps; done; done""")
    kb = dict.fromkeys(UNITS, 0)
    for unit, kilo in (line.split() for line in sums.splitlines()):
        kb[unit] += int(kilo)
    return kb


def test_with_every_output_on_all_processes_together_take_little(box: Box, day: Day, browser: Browser) -> None:
    day.send(1)
    told = box.home.router.inside(lambda: simple(["homeassistant/#", "suntap/#"], hostname=COLLECTOR, msg_count=20))
    assert any(message.topic.startswith("homeassistant/sensor/") for message in told)

    def series() -> int:
        url = f"http://{COLLECTOR}:8428/api/v1/series?match[]=suntap_slot_production_wh&start=2020-01-01T00:00:00Z"
        return len(box.home.router.inside(lambda: requests.get(url, timeout=30).json()["data"]))

    wait_for("the day's energy in the database", series, 240)
    for path in ("/", "/history", "/panels", "/diagnostics"):
        browser.get(path)
    kb = memory_kb(box)
    print(f"kB of memory: {kb}, together {sum(kb.values()) * 1024 / 1e6:.1f} MB")
    assert all(kb.values()) and sum(kb.values()) * 1024 / 1e6 < TOGETHER_MB


def test_a_day_writes_little_to_the_card(box: Box, day: Day) -> None:
    def written_kb() -> int:
        box.vm.run("sync")
        return int(box.vm.run("awk '{print $7}' /sys/class/block/vda/stat")) // 2

    def at_rest() -> bool:
        before = written_kb()
        time.sleep(10)
        return written_kb() == before

    wait_for("an end of what the tests before have caused", at_rest, 180)
    start = written_kb()
    time.sleep(IDLE_S)
    idle = written_kb() - start
    uploads = len(box.home.collector.received)
    for _ in range(12):         # an hour, upload by upload, so that each is committed as it would be
        day.send(1 / 12)
        time.sleep(3)
    active = written_kb() - start - idle - idle * 36 // IDLE_S
    uploads = len(box.home.collector.received) - uploads
    daily = idle * 86400 // IDLE_S + active * 24
    print(f"written: idle {idle} kB in {IDLE_S} s, {active} kB for {uploads} uploads of an hour: {daily} kB a day")
    assert 0 < daily < DAILY_KB


def test_a_backup_put_back_by_the_page_brings_back_uploads_that_were_lost(box: Box, day: Day) -> None:
    browser, kept = owner(box), box.uploads()
    status, _, backup = browser.exchange("POST", "/settings/backup",
                                         urlencode({"csrf_token": browser.token("/settings")}).encode())
    assert status == 200
    box.vm.run("systemctl stop suntap-capture; rm /var/lib/suntap/inbox/inbox.sqlite3*; systemctl start suntap-capture")
    wait_for("an empty inbox", lambda: box.uploads() == 0, 120, 2)
    browser.upload("/settings", "/settings/restore", backup)
    assert "This backup is whole" in browser.get("/settings")
    status, _, _ = browser.request("POST", "/settings/restore/confirm", {"csrf_token": browser.token("/settings")})
    assert status in (302, 303)
    wait_for(f"{kept} uploads", lambda: box.uploads() >= kept, 240, 3)
    box.wait_running()


def test_with_a_full_data_partition_the_bridge_and_the_page_work_and_the_page_says_so(box: Box, day: Day) -> None:
    box.vm.run("fallocate -l $(($(df -B1 --output=avail /data | tail -1) - 65536)) /data/fill; "
               "dd if=/dev/zero of=/data/fill2 bs=4k; sync", check=False)
    try:
        before = day.sent()
        day.send(0.5)
        assert day.sent() > before
        health = box.browser().request("GET", "/healthz")
        assert health[0] == 503 and "disk" in health[2].lower()
    finally:
        box.vm.run("rm -f /data/fill /data/fill2; sync")
    box.wait_running()
    wait_for("health", lambda: box.browser().request("GET", "/healthz")[0] == 200, 240, 5)


def test_after_power_cuts_during_writes_nothing_that_was_kept_is_lost(box: Box, day: Day) -> None:
    rng = random.Random(1)
    for number in range(POWER_CUTS):
        day.send(rng.uniform(0.2, 0.4))
        wait_for("the inbox", lambda: box.uploads() > 0, 60, 1)
        kept = box.uploads()
        with day.sending(0.4):
            time.sleep(rng.uniform(0, 2))
            box.vm.cut_power()
        if number == POWER_CUTS // 2:
            box.vm.lie(DATA_PARTITION)
        if number == POWER_CUTS - 1:
            box.vm.put("suntap.toml", BOOT_FILE + '[system]\r\nhostname = "not a name"\r\n')
        box.boot()
        wait_for(f"{kept} uploads", lambda kept=kept: box.uploads() >= kept, 300)
        checked = box.vm.run("journalctl --boot --output=cat --unit='systemd-fsck@*'")
        assert "check forced" in checked
        assert number != POWER_CUTS // 2 or "FILE SYSTEM WAS MODIFIED" in checked
        assert "EXT4-fs error" not in box.vm.run("dmesg")
    box.wait_running()
    assert box.vm.run("systemctl --failed --no-legend --plain") == ""
    for file in ("inbox", "suntap"):
        assert "ok" in box.vm.run(f"""python3 -c 'import sqlite3
print(sqlite3.connect("/var/lib/suntap/{file}.sqlite3").execute("PRAGMA integrity_check").fetchone()[0])'""")


def test_a_wrong_boot_file_is_reported_and_not_a_boot_failure(box: Box) -> None:
    assert "hostname must be" in box.vm.run("cat /run/suntap-image/problems/boot")
    assert "hostname must be" in box.vm.run("suntap status --json", check=False)


def test_after_all_that_uploads_still_reach_pvoutput_as_the_truth(box: Box, day: Day) -> None:
    since = day.time
    day.send(max(1.0, (time.time() - since) / 3600))
    wait_for("an hour of slots at PVOutput", lambda: day.posted(since) >= 12, 420, 3)
    assert [wrong for date in day.days() for wrong in day.wrong(date, since)] == []
    assert not [request for request in box.home.pvoutput.requests if request.status == 403]


def test_after_an_error_of_the_card_a_button_has_it_checked_and_used_again(box: Box, day: Day) -> None:
    browser, kept = owner(box), box.uploads()
    box.vm.run(f"echo 1 > /sys/fs/ext4/vda{DATA_PARTITION}/trigger_fs_error")
    assert 'data-busy="Asking…"' in browser.get("/diagnostics")
    status, _, _ = browser.request("POST", "/diagnostics/repair", {"csrf_token": browser.token("/diagnostics")})
    assert status in (302, 303)
    before = day.sent()
    day.send(0.25)
    assert day.sent() > before

    def over() -> bool:
        try:
            return "the card was checked and is in use again" in browser.get("/diagnostics")
        except (OSError, IndexError, ValueError, AssertionError):
            return False

    wait_for("the end of the check", over, 300, 3)
    box.wait_running()
    assert box.vm.run("findmnt -n -o SOURCE /var/lib/suntap").strip().endswith("[/suntap]")
    day.send(0.25)
    wait_for("new uploads", lambda: box.uploads() > kept, 120, 2)
    assert box.vm.run("systemctl --failed --no-legend --plain") == ""


def test_a_dead_data_partition_keeps_neither_bridge_nor_page_down(box: Box) -> None:
    box.vm.cut_power()
    start, _ = box.vm.partition(DATA_PARTITION)
    box.vm.overwrite(start, bytes(8 << 20))
    box.boot(patience_s=60)
    ping = box.home.pvs.exec("ping", "-q", "-c", "3", "-w", "60", COLLECTOR)
    assert ping.wait(90) == 0 and PVS
    wait_for("the page", lambda: box.answers("/healthz"), 420, 3)
    assert "kept in memory" in box.vm.run("suntap status --json", check=False)
