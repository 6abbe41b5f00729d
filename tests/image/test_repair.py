"""A data partition to which the kernel stopped writing: a real ext4 on a loop device, in a mount namespace of its own.

systemctl is a script that writes down what it is asked; test_boot.py has the real one.
"""
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.system.handover import RESULT

pytestmark = pytest.mark.root
TOP = Path(__file__).parents[2]
SCRIPT = TOP / "image/rootfs-overlay/usr/lib/suntap-image/repair"
# In the namespace: the partition mounted as the image does it, one folder of it bound to its place, then the script.
DRIVER = """
import os, pwd, subprocess, sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
work, loop, before = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
sys.dont_write_bytecode = True
sys.path.insert(0, "TOP")
loader = SourceFileLoader("repair", "SCRIPT")
script = module_from_spec(spec_from_loader("repair", loader))
sys.modules["repair"] = script
loader.exec_module(script)
script.DATA, script.PLACES, script.FOLDER = work / "data", {"suntap": str(work / "place")}, work / "suntap-repair"
script.PROC = work / "proc"
(work / "fstab").write_text(f"{loop} {script.DATA} ext4 noatime,errors=remount-ro 0 2\\n")
subprocess.run(["mount", "--bind", str(work / "fstab"), "/etc/fstab"], check=True)
subprocess.run(["mount", str(script.DATA)], check=True)
(script.DATA / "suntap").mkdir(exist_ok=True)
(script.DATA / "suntap/kept").write_text("kept")
os.sync()
subprocess.run(["mount", "--bind", str(script.DATA / "suntap"), str(work / "place")], check=True)
pwd.getpwnam = lambda name: pwd.getpwuid(os.getuid())
subprocess.run(["sh", "-c", before], check=True)
script.main()
print(os.path.ismount(work / "place"), script.DATA.is_mount() and script.disk.room(script.DATA).writable,
      (script.DATA / "suntap/kept").exists())
""".replace("TOP", str(TOP)).replace("SCRIPT", str(SCRIPT))
SYSTEMCTL = """#!/bin/sh
echo "$@" >> {work}/asked
case "$*" in
    "restart suntap-data.service") mount --bind {work}/data/suntap {work}/place ;;
    "stop keeper.service") kill "$(cat {work}/keeper)" ;;
esac
"""


@dataclass
class Card:
    """A loop device with an ext4 file system. `work` is where everything else lies."""

    work: Path
    loop: str

    @property
    def error(self) -> str:
        """A shell command that has the kernel find an error."""
        return f"echo 1 > /sys/fs/ext4/{Path(self.loop).name}/trigger_fs_error"

    def repair(self, before: str) -> tuple[list[bool], dict[str, object], list[str]]:
        """Run `before`, then the script: whether the folder is in its place, the card can be written and the file of
        before is there; what the page is told; what systemctl was asked."""
        done = subprocess.run(["unshare", "--mount", sys.executable, "-c", DRIVER, str(self.work), self.loop, before],
                              env={**os.environ, "PATH": f"{self.work}/bin:{os.environ['PATH']}"}, text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        told = json.loads((self.work / "suntap-repair" / RESULT).read_text())
        asked = self.work / "asked"
        return ([word == "True" for word in done.stdout.splitlines()[-1].split()], told,
                asked.read_text().splitlines() if asked.exists() else [])


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    for name in ("bin", "data", "place", "suntap-repair", "proc"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin/systemctl").write_text(SYSTEMCTL.format(work=tmp_path))
    (tmp_path / "bin/systemctl").chmod(0o755)
    with open(tmp_path / "card.img", "wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", str(tmp_path / "card.img")], check=True)
    made = subprocess.run(["losetup", "--find", "--show", str(tmp_path / "card.img")], capture_output=True, text=True,
                          check=False)
    if made.returncode:
        pytest.skip(f"no loop device here: {made.stderr.strip()}")
    try:
        yield Card(tmp_path, made.stdout.strip())
    finally:
        subprocess.run(["blockdev", "--setrw", made.stdout.strip()], check=True)      # a device keeps that
        subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


def test_after_an_error_the_card_is_checked_and_written_again(card: Card) -> None:
    state, told, asked = card.repair(card.error)
    assert state == [True, True, True]
    assert told == {"ok": True, "text": "the card was checked and is in use again"}
    assert [line.split()[0] for line in asked] == ["stop", "restart", "start"]
    assert set(asked[0].split()[1:]) == set(asked[2].split()[2:])
    assert "FILE SYSTEM WAS MODIFIED" not in subprocess.run(["e2fsck", "-f", "-n", card.loop], capture_output=True,
                                                            text=True, check=True).stdout


def test_a_card_that_takes_no_writes_any_more_is_read_as_far_as_it_goes(card: Card) -> None:
    state, told, asked = card.repair(f"{card.error}; blockdev --setro {card.loop}")
    assert state == [True, False, True]
    assert told["ok"] is False and "could not be repaired" in str(told["text"])
    assert [line.split()[0] for line in asked] == ["stop", "restart", "start"]


def test_a_card_that_is_kept_in_use_stays_as_it_is(card: Card) -> None:
    state, told, asked = card.repair(f"{card.error}; (cd {card.work}/place && exec sleep 60 > /dev/null 2>&1) & "
                                     f"echo $! > {card.work}/sleeper; sleep 0.5")
    os.kill(int((card.work / "sleeper").read_text()), 9)
    assert state == [True, False, True]
    assert told["ok"] is False and "keeps the card in use" in str(told["text"])
    assert [line.split()[0] for line in asked] == ["stop", "restart", "start"]


def test_a_service_that_keeps_the_card_in_a_view_of_its_own_is_stopped_and_started_again(card: Card) -> None:
    """As InaccessiblePaths= does: with something mounted on top there, the partition stays when it goes elsewhere."""
    keeper = "mount -t tmpfs none place/top && echo $$ > keeper && exec sleep 60"
    state, told, asked = card.repair(f"""cd {card.work}; mkdir -p place/top proc/1; mount --make-rshared /
        unshare --mount --propagation slave sh -c '{keeper}' > /dev/null 2>&1 &
        until [ -s keeper ]; do sleep 0.1; done
        ln -s "/proc/$(cat keeper)/mountinfo" proc/1/mountinfo
        echo 0::/system.slice/keeper.service > proc/1/cgroup; {card.error}""")
    assert state == [True, True, True]
    assert told["ok"] is True
    assert [line.split()[0] for line in asked] == ["stop", "stop", "restart", "start"]
    assert asked[1] == "stop keeper.service" and asked[3].endswith(" keeper.service")


def test_a_card_that_a_program_of_no_service_keeps_stays_unused(card: Card) -> None:
    state, told, asked = card.repair(f"""cd {card.work}; mkdir -p place/top proc/1; mount --make-rshared /
        unshare --mount --propagation slave sh -c 'mount -t tmpfs none place/top; echo $$ > keeper; exec sleep 60' \\
            > /dev/null 2>&1 &
        until [ -s keeper ]; do sleep 0.1; done
        ln -s "/proc/$(cat keeper)/mountinfo" proc/1/mountinfo; echo 0::/ > proc/1/cgroup; {card.error}""")
    os.kill(int((card.work / "keeper").read_text()), 9)
    assert state[2] is True
    assert told["ok"] is False and "keeps the card in use" in str(told["text"])
    assert [line.split()[0] for line in asked] == ["stop", "restart", "start"]


def test_a_card_in_order_is_left_alone_whoever_asks(card: Card) -> None:
    state, told, asked = card.repair("true")
    assert state == [True, True, True]
    assert told["ok"] is False and "nothing was done" in str(told["text"])
    assert asked == []
