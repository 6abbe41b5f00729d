"""The image where SunPower's server is gone: its name is unknown to the router, and the box answers in its place.

The PVS asks the router for the name and gets nothing; the owner says in the wizard that this box shall answer; uploads
become readings, slots and posts; whatever was answered with 1002 is there after every power cut.
"""
import random
import re
import time

import pytest

from appliance.collector import NAME
from appliance.simulate.names import Resolver
from appliance.simulate.pvs import Wire
from appliance.simulate.uploads import Post
from tests.image.box import API_KEY, PASSWORD, Box
from tests.image.conftest import COLLECTOR, PVOUTPUT_PORT, PVS, Home
from tests.image.machine import wait_for
from tests.image.visit import Browser, Day
from tests.image.vm import Vm

pytestmark = [pytest.mark.image, pytest.mark.root]

BOOT_FILE = f'[pvoutput]\r\nurl = "http://127.0.0.1:{PVOUTPUT_PORT}/service/r2/"\r\n[site]\r\nsize_w = 4800\r\n'
POWER_CUTS = 4
MINUTES_S = 420         # for what the emulated machine does in seconds


class Answered:
    """A PVS's wire that finds its collector by name, and keeps what was answered with 1002."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._wire = Wire((NAME, 80), source=PVS, timeout_s=30,
                          resolve=Resolver((COLLECTOR, 53), source=PVS, timeout_s=5))

    def __call__(self, posts: list[Post]) -> int:
        answered = self._wire(posts)
        self.bodies += [post.body for post in posts[:answered]]
        return answered


@pytest.fixture(scope="module")
def box(vm: Vm, home: Home) -> Box:
    home.pvs.ip("route", "replace", "default", "via", COLLECTOR)
    vm.put("suntap.toml", BOOT_FILE)
    started = Box(vm, home, home.pvs)
    started.boot()
    started.wait_running()
    return started


@pytest.fixture(scope="module")
def day(home: Home) -> Day:
    made = Day(home)
    made.pvs.exchange = Answered()
    return made


def answered(day: Day) -> list[bytes]:
    return day.pvs.exchange.bodies  # type: ignore[attr-defined]


def stored(box: Box, bodies: list[bytes]) -> int:
    """How many of the uploads, told apart by their last lines, are in the box's inbox."""
    trailers = [re.search(rb"^102\t(\S+)", body, re.M)[1].decode() for body in bodies]
    box.vm.run(f"printf '%s\\n' {' '.join(trailers)} > /tmp/trailers")
    script = """import re
from appliance.store import inbox
wanted = set(open("/tmp/trailers").read().split())
found = set()
last = 0
connection = inbox.connect("/var/lib/suntap", readonly=True)
while rows := inbox.after(connection, last, 500):
    for last, upload in rows:
        found.update(one.decode() for one in re.findall(rb"^102\\t(\\S+)", upload.body, re.M))
print(len(wanted & found))"""
    box.vm.run(f"cat > /tmp/stored.py <<'END'\n{script}\nEND")
    return int(box.vm.run("PYTHONPATH=/usr/lib/suntap python3 /tmp/stored.py").strip())


def choose(browser: Browser, stand_in: str) -> None:
    """On the settings page."""
    status, _, _ = browser.request("POST", "/settings/collector", {"csrf_token": browser.token("/settings"),
                                                                   "collector.stand_in": stand_in})
    assert status in (302, 303)


def redirects(box: Box) -> bool:
    return '"active": true' in box.vm.run("cat /run/suntap-redirect/redirect-status.json", check=False)


def test_before_the_owner_says_so_nothing_is_answered(box: Box, day: Day) -> None:
    day.send(0.1)
    assert answered(day) == [] and not redirects(box)
    assert "suntap_collector" not in box.vm.run("/usr/sbin/nft list ruleset")


def test_the_wizard_asks_and_the_box_takes_over(box: Box) -> None:
    browser = box.browser()
    browser.submit("/welcome/", password=PASSWORD, again=PASSWORD)
    browser.submit("/welcome/site", **{"site.timezone": "America/Los_Angeles", "site.size_w": "4800",
                                       "site.net_sign": "auto"})
    assert "Shall this box answer in its place then?" in browser.get("/welcome/server")
    browser.submit("/welcome/server", stand_in="auto")
    browser.submit("/welcome/pvoutput", **{"pvoutput.api_key": API_KEY, "pvoutput.system_id": "12345"})
    assert 'stand_in = "auto"' in box.vm.run("cat /etc/suntap/suntap.toml")
    choose(browser, "on")       # half an hour is not waited for here
    wait_for("the clock", lambda: "clock-is-set" in box.vm.run("touch /run/suntap-image/clock-is-set; "
                                                               "ls /run/suntap-image"), 60)
    wait_for("the redirection", lambda: redirects(box), MINUTES_S, 3)


def test_each_process_of_it_has_the_rights_it_needs_and_no_more(box: Box) -> None:
    for unit, wanted in (("suntap-collector", 0), ("suntap-redirect", 1 << 12)):
        lines = box.vm.run(f"cat /proc/$(systemctl show -P MainPID {unit})/status")
        assert int(re.search(r"CapEff:\s*(\w+)", lines)[1], 16) == wanted, unit
        assert not re.search(r"^Uid:\s*0", lines, re.M), unit
    assert "dnsmasq" in box.vm.run("cat /sys/fs/cgroup/system.slice/suntap-collector.service/cgroup.procs"
                                   " | xargs -n1 -I{} cat /proc/{}/comm")


def test_uploads_become_readings_slots_and_posts(box: Box, day: Day) -> None:
    wait_for("an answer", lambda: day.send(0.1) or answered(day), MINUTES_S, 2)
    day.send(4)
    records = sum(len(re.findall(rb"^1[34]0\t", body, re.M)) for body in set(answered(day)))
    assert records > 100 and not box.home.collector.received
    wait_for(f"{records} readings", lambda: box.readings() == records, MINUTES_S, 3)
    wait_for("slots at PVOutput", lambda: any(box.home.pvoutput.site.curve(date) for date in day.days()), MINUTES_S, 3)
    assert [wrong for date in day.days() for wrong in day.wrong(date)] == []


@pytest.mark.parametrize("unit", ["suntap-collector", "suntap-redirect"])
def test_with_a_unit_of_it_stopped_nothing_of_ours_is_in_the_path(box: Box, day: Day, unit: str) -> None:
    box.vm.run(f"systemctl stop {unit}")
    wait_for("no element", lambda: "expires" not in box.vm.run("/usr/sbin/nft list ruleset"), 90, 2)
    assert box.home.pvs.exec("ping", "-q", "-c", "3", "-w", "60", COLLECTOR).wait(90) == 0
    box.vm.run(f"systemctl start {unit}")
    wait_for("the redirection", lambda: redirects(box), MINUTES_S, 3)


def test_after_power_cuts_while_standing_in_nothing_that_was_answered_is_missing(box: Box, day: Day) -> None:
    rng = random.Random(2)
    for _ in range(POWER_CUTS):
        wait_for("an answer", lambda: day.send(0.2) or day.pvs.waiting == 0, MINUTES_S, 2)
        with day.sending(0.4):
            time.sleep(rng.uniform(0, 2))
            box.vm.cut_power()
        known = list(set(answered(day)))
        box.boot()
        box.vm.run("touch /run/suntap-image/clock-is-set")
        wait_for(f"{len(known)} uploads", lambda known=known: stored(box, known) == len(known), MINUTES_S, 3)
        wait_for("the redirection", lambda: redirects(box), MINUTES_S, 3)
    box.wait_running()
    assert box.vm.run("systemctl --failed --no-legend --plain") == ""


def test_the_way_back_is_one_choice(box: Box) -> None:
    browser = box.browser()
    browser.submit("/login", password=PASSWORD)
    choose(browser, "off")
    wait_for("no redirection", lambda: not redirects(box), MINUTES_S, 3)
    wait_for("no element", lambda: "expires" not in box.vm.run("/usr/sbin/nft list ruleset"), 60, 2)
