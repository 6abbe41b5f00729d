"""An update of the booted card, followed step by step, and the card as a power cut at an instant of it leaves it.

For a cut QEMU is stopped, the card's file is copied and QEMU goes on: the copy is what SIGKILL leaves at that instant.
So one update serves for many cuts, and comes to its own end without any.
"""
import random
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.update import requested
from tests.image.box import Box, owner
from tests.image.machine import wait_for

ROOT, PAGE = requested.ROOT, f"/var/lib/suntap/{requested.NAME}"
TOLD, STICK = "/run/test-told", "/run/stick"
STEP_S = 1500       # for a step on a busy host: sending, checking and writing take minutes
END_S = 2400        # from a start until nothing happens by itself any more: a trial of twenty minutes, and back
CHOICE = "dd if=/dev/vda bs=512 skip=2048 count=1 2> /dev/null | grep -aq suntap_"
STILL = f"""mountpoint -q {ROOT} && [ -z "$(ls -A {ROOT})" ] && [ ! -e {PAGE}/request ] &&
[ -e /run/suntap-supervisor/supervisor-status.json ] &&
! systemctl show -P ActiveState suntap-update suntap-update-begin suntap-update-trial | grep -qx activating"""


@dataclass(frozen=True)
class Step:
    """`sign`: a shell command that succeeds inside once the step has begun, after so many restarts (`boot`); `said`:
    instead of it, what is said on the serial port. `lasts_s`: about so long, emulated."""

    name: str
    boot: int
    lasts_s: float
    sign: str = "true"
    said: bytes = b""


def told(pattern: str) -> str:
    """The sign that this was told of the update."""
    return f'cat {PAGE}/result.json {TOLD} 2> /dev/null | grep -q "{pattern}"'


def steps(version: str, by_page: bool, sick: bool) -> list[Step]:
    """Those of an update to `version`, in order."""
    sent = [Step("the file comes to the page", 0, 40), Step("the page has the file", 0, 3, f"[ -e {PAGE}/bundle ]")]
    begun = [Step("the command begins", 0, 3, f"[ -s {TOLD} ]")]
    common = [
        Step("the file is copied", 0, 15, f"[ -e {ROOT}/system.raucb ]"),
        Step("RAUC checks it", 0, 20, told("Writing")),
        Step("RAUC writes", 0, 40, told("Writing.*[4-9]. %")),
        Step("services stop, databases are copied", 0, 8, told("is written")),
        Step("the trial is written down", 0, 0.5, f"[ -e {ROOT}/trial.json ]"),
        Step("the choice is made", 0, 4, f"{CHOICE}tries=3"),
        Step("U-Boot begins", 0, 1.5, said=rb"U-Boot 20"),
        Step("U-Boot has counted", 0, 2, said=rb"suntap: slot"),
        Step("the kernel starts", 0, 15, said=rb"Linux version"),
        Step("the system starts", 1, 10),
        Step("databases are migrated", 1, 8, "[ -d /run/suntap-supervisor ]"),
        Step("it is looked at", 1, 25, told("is on trial"))]
    kept = [Step("it was found to work", 1, 0.3, f"grep -q 'works.: true' {ROOT}/trial.json"),
            Step("it is kept", 1, 3, f"[ ! -e {ROOT}/trial.json ]")]
    given_up = [Step("it is given up", 1, 3, f"! {CHOICE}tries"), Step("U-Boot goes back", 1, 2, said=rb"suntap: slot"),
                Step("databases are given back", 2, 5,
                     "systemctl show -P ActiveState suntap-update-begin | grep -qx activating"),
                Step("the old system has told", 2, 3, told(f"{version}[^ ]* did not work"))]
    return (sent if by_page else begun) + common + (given_up if sick else kept)


class Story:
    """One update of the box that runs."""

    def __init__(self, box: Box, rng: random.Random) -> None:
        self.box, self.rng, self.boots = box, rng, 0
        self.sending: threading.Thread | None = None
        self._next_boot()

    def begin(self, bundle: Path, by_page: bool) -> None:
        """Give the box the file: to its page, or on a stick to `suntap update`."""
        if by_page:
            browser, content = owner(self.box), bundle.read_bytes()
            self.sending = threading.Thread(target=browser.upload, args=("/settings", "/settings/update", content),
                                            daemon=True)
            self.sending.start()
        else:
            plug_in(self.box, bundle)
            self.box.vm.run(f"systemd-run --quiet --no-block --unit=test-update -p StandardError=file:{TOLD} "
                            f"suntap update {STICK}/new.suntap-update")

    def cuts(self, chosen: list[Step]) -> Iterator[tuple[Step, float, Path]]:
        """A step, how long after its beginning, and the card as a cut leaves it then. Without steps that were over
        before their sign was seen."""
        for number, step in enumerate(chosen):
            if self._reached(step):
                after = self.rng.uniform(0, step.lasts_s)
                time.sleep(after)
                yield step, after, self._frozen(number)

    def end(self, boots: int = 0) -> int:
        """Wait until nothing happens by itself any more, after at least so many restarts; how many there were."""
        while not self._ended("false" if self.boots < boots else STILL, END_S):
            self._next_boot(1)
        if self.sending is not None:
            self.sending.join()
        return self.boots

    def _reached(self, step: Step) -> bool:
        until = time.monotonic() + STEP_S
        while self.boots < step.boot:
            self._ended("false", STEP_S)
            self._next_boot(1)
        if step.said:
            while self.boots == step.boot:
                if re.search(step.said, self._serial()[self.mark:]):
                    return True
                if time.monotonic() > until:
                    raise TimeoutError(f"{step.name}: not within {STEP_S} s")
                time.sleep(0.02)
        elif self.boots == step.boot:
            if self._ended(step.sign, STEP_S):
                return True
            self._next_boot(1)
        return False

    def _ended(self, sign: str, seconds: float) -> bool:
        """Wait for the sign; False if the guest restarted before. A question to a system that is gone must not wait in
        the one that comes after."""
        return self.box.vm.ended(f'[ "$(cat /proc/sys/kernel/random/boot_id)" = "{self.boot_id}" ] || exit\n'
                                 f"until {{ {sign}; }}; do sleep 0.2; done", seconds)

    def _next_boot(self, more: int = 0) -> None:
        self.boots += more
        self.boot_id = self.box.vm.run("cat /proc/sys/kernel/random/boot_id").strip()
        self.mark = len(self._serial())

    def _serial(self) -> bytes:
        return (self.box.vm.work / "serial.log").read_bytes()

    def _frozen(self, number: int) -> Path:
        vm = self.box.vm
        target = vm.work / f"cut-{number}.qcow2"
        vm.process.send_signal(signal.SIGSTOP)
        try:
            subprocess.run(["cp", "--sparse=always", vm.disk, target], check=True)
        finally:
            vm.process.send_signal(signal.SIGCONT)
        return target


def plug_in(box: Box, bundle: Path) -> None:
    """A USB stick with the file in it, mounted inside."""
    stick = box.vm.work / "stick.img"
    size_mb = (bundle.stat().st_size >> 20) + 64
    stick.unlink(missing_ok=True)
    subprocess.run(["truncate", "-s", f"{size_mb}M", str(stick)], check=True)
    subprocess.run(["mkfs.vfat", str(stick)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["mcopy", "-i", str(stick), str(bundle), "::new.suntap-update"], check=True)
    box.vm.qmp("blockdev-add", **{"driver": "raw", "node-name": "stick", "read-only": True,
                                  "file": {"driver": "file", "filename": str(stick), "read-only": True}})
    box.vm.qmp("device_add", driver="usb-storage", drive="stick")
    wait_for("the stick", lambda: box.vm.run("ls /dev/sda", check=False).startswith("/dev/sda"), 120)
    box.vm.run(f"mkdir -p {STICK} && mount -o ro /dev/sda {STICK}")
