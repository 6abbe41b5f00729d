"""The image in QEMU: an arm64 machine with two network cables and a root console for the test.

The console is not in the image: a unit for it comes by the kernel's command line, so the image is booted bit for bit.
"""
import base64
import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.image.machine import QEMU, SLOT_A, Machine, wait_for
from tests.image.namespaces import run

NICS = ("02:00:5e:00:53:01", "02:00:5e:00:53:02")
PATIENCE_S = 600    # for devices: on a busy host emulated udev is slower than any card, and a late one costs /data
BOOT_S = 600        # the longest a boot may take in emulation on a busy machine
ANSWER_S = 120
MACHINE = "virt,gic-version=3"

CONSOLE_UNIT = r"""[Unit]
Wants=dev-hvc0.device
After=dev-hvc0.device
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'stty raw -echo; echo; echo "@ready"; cd /run; while read -r n c; do \
echo "$$c" | base64 -d > test-c; sh test-c > test-o 2>&1 < /dev/null; echo "@$$n $$? $$(base64 -w0 < test-o)"; done'
StandardInput=tty
StandardOutput=tty
TTYPath=/dev/hvc0
Restart=always
KillSignal=SIGHUP
"""
# systemd.exec(5), systemd-debug-generator(8)
CONSOLE = ("systemd.set_credential_binary=systemd.extra-unit.test-console.service:"
           + base64.b64encode(CONSOLE_UNIT.encode()).decode() + " systemd.wants=test-console.service")


def nic(number: int) -> str:
    """QEMU's device for a network card, in a slot of its own so that it can be unplugged."""
    return f"virtio-net-pci,id=nic{number},netdev=n{number},bus=slot{number},mac={NICS[number]},romfile="


def with_firmware(work: Path, qemu: list[str], board: list[str], words: str) -> list[str]:
    """Options for QEMU's machine with U-Boot as its firmware and these words where the Pi's firmware leaves those of
    cmdline.txt: in the device tree, which QEMU makes for this machine and U-Boot hands on. No delay for a key."""
    bios = ["-bios", run("sh", str(QEMU), "u-boot").strip()]
    tree = work / "machine.dtb"
    run(*qemu, "-M", f"{MACHINE},dumpdtb={tree}", *board, *bios, "-nographic", "-nodefaults")
    run("fdtput", str(tree), "/chosen", "bootargs", words, "-t", "s")
    run("fdtput", "-p", str(tree), "/config", "bootdelay", "0", "-t", "i")
    return ["-M", MACHINE, "-dtb", str(tree), *bios]


class Hung(TimeoutError):
    """The emulated processor makes no progress, as seen with QEMU 7.2 on a quiet host: no fault of the image."""


class Vm(Machine):
    """A virtual machine with a root console."""

    def __init__(self, image: Path, work: Path, memory_mb: int = 512) -> None:
        super().__init__(image, work)
        self.memory_mb = memory_mb
        self._number = 0
        self._pending = b""

    def start(self, cables: list[int], patience_s: int = PATIENCE_S, *, cards: int = 2, chip: str = "utc",
              append: str = "", firmware: bool = False) -> None:
        """Power on, with a card for each of the first `cards` cables (file descriptors of taps); the others' may be
        plugged in later, by USB as well. A device may take `patience_s` to appear; `chip`: what the clock chip says;
        `append`: to the kernel's command line. QEMU loads slot A's kernel itself and ends where the machine restarts;
        `firmware`: U-Boot chooses and loads, at each restart anew (see restarted())."""
        for name in ("console.sock", "qmp.sock"):
            (self.work / name).unlink(missing_ok=True)
        # nokaslr: else the kernel keeps page tables of its own, which emulation pays for with half of its speed.
        # pcie_port_pm=off: a port of QEMU's that sleeps, as newer kernels let an empty one, is woken by no card.
        words = (f"console=ttyAMA0 nokaslr pcie_port_pm=off systemd.getty_auto=0 {CONSOLE} "
                 f"systemd.default_device_timeout_sec={patience_s} "
                 + re.sub(r"\bconsole=\S+|\bquiet\b", "", self.cmdline) + f" {append}")
        command = [
            *self.qemu, *self._board(words, firmware), "-accel", "tcg,thread=multi", "-nographic", "-nodefaults",
            # unsafe: the host does not sync. It survives a power cut of the guest, so what QEMU was given is kept.
            "-drive", f"if=none,id=d0,format=qcow2,cache=unsafe,file={self.disk}", "-device", "virtio-blk-pci,drive=d0",
            "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=c0,path={self.work}/console.sock,server=on,wait=off",
            "-device", "virtconsole,chardev=c0", "-serial", f"file:{self.work}/serial.log",
            "-qmp", f"unix:{self.work}/qmp.sock,server=on,wait=off",
            # Armed by systemd like the Pi's, but without consequence: a busy host starves the machine for longer.
            "-device", "i6300esb", "-action", "watchdog=none",
            "-rtc", f"base={chip}", "-device", "qemu-xhci",
        ]
        for number, cable in enumerate(cables):
            command += ["-netdev", f"tap,id=n{number},fd={cable}"]
            if number < cards:
                command += ["-device", f"pcie-root-port,id=slot{number},chassis={number + 1}", "-device", nic(number)]
        self.process = subprocess.Popen(command, pass_fds=cables, stdin=subprocess.DEVNULL)
        self.console = socket.socket(socket.AF_UNIX)
        wait_for("QEMU", lambda: self.console.connect_ex(str(self.work / "console.sock")) == 0, 60, 0.1)
        self._pending = b""
        self._until(rb"@ready", BOOT_S)

    def _board(self, words: str, firmware: bool) -> list[str]:
        """Options for the machine, and for what starts with these words on the kernel's command line."""
        board = ["-cpu", "cortex-a53", "-smp", "2", "-m", str(self.memory_mb)]
        if not firmware:
            return ["-M", MACHINE, *board, "-no-reboot", "-kernel", str(self.kernel), "-initrd", str(self.initrd),
                    "-append", f"{words} {SLOT_A}"]
        return [*board, *with_firmware(self.work, self.qemu, board, words)]

    def restarted(self, seconds: float = BOOT_S) -> None:
        """Wait for the console after the guest has restarted by itself."""
        self._pending = b""
        self._until(rb"@ready", seconds)

    def unless_hung(self, check: Callable[[], object]) -> Callable[[], object]:
        """`check`, for wait_for(), which raises Hung once the guest's kernel says that a processor hangs."""
        def checked() -> object:
            if "soft lockup" in (self.work / "serial.log").read_text(errors="replace"):
                raise Hung("the emulated processor hangs")
            return check()
        return checked

    def _until(self, mark: bytes, seconds: float) -> bytes:
        """The rest of the console's line from `mark` (a regular expression) on; what comes before is dropped."""
        until = time.monotonic() + seconds
        while True:
            found = re.search(rb"(?:%b)[^\n]*\n" % mark, self._pending)
            if found:
                self._pending = self._pending[found.end():]
                return found[0]
            self.console.settimeout(max(0.1, until - time.monotonic()))
            try:
                data = self.console.recv(65536)
            except TimeoutError:
                data = None
            if data == b"" and self.process is not None and self.process.poll() is not None:
                raise TimeoutError(f"the machine ended by itself ({self.process.returncode})")
            if data == b"" or time.monotonic() > until:
                raise TimeoutError(f"console: no {mark.decode()} within {seconds:.0f} s; the serial console ends:\n"
                                   + (self.work / "serial.log").read_text(errors="replace")[-3000:])
            self._pending += data or b""

    def run(self, command: str, check: bool = True, seconds: float = ANSWER_S) -> str:
        """Run a shell command as root inside; its output. Raises RuntimeError when it fails and `check`."""
        answer = self._until(rb"@%d " % self._ask(command), seconds).decode().split()
        output = base64.b64decode(answer[2]).decode(errors="replace") if len(answer) > 2 else ""
        if check and answer[1] != "0":
            raise RuntimeError(f"{command}: {answer[1]}: {output}")
        return output

    def ended(self, command: str, seconds: float) -> bool:
        """Run a shell command inside, which may wait there: True once it has ended, False if the guest restarts before
        that. Raises TimeoutError."""
        return self._until(rb"@(?:ready|%d )" % self._ask(command), seconds)[:6] != b"@ready"

    def _ask(self, command: str) -> int:
        """Send a command to the console; its number."""
        self._number += 1
        self.console.sendall(f"{self._number} {base64.b64encode(command.encode()).decode()}\n".encode())
        return self._number

    def qmp(self, command: str, **arguments: object) -> None:
        """One command to QEMU itself, such as set_link."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.work / "qmp.sock"))
            stream = control.makefile("rw")
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                while True:
                    reply = json.loads(stream.readline())
                    if "error" in reply:
                        raise RuntimeError(f"{command}: {reply['error']}")
                    if "return" in reply:
                        break

    def cut_power(self) -> None:
        super().cut_power()
        self.console.close()
