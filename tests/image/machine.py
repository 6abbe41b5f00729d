"""A machine with a card freshly written with the image: what is loaded from it, and what power and a PC do to it.

Writes go to a copy-on-write file; the image is never changed. A power cut is SIGKILL.
"""
import signal
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.image.namespaces import run

BLOCK, GROUP_DESCRIPTOR = 4096, 64      # bytes, in the image's file systems
DATA_PARTITION = 4
SLOT_A = "root=PARTUUID=5055aa01-02 rauc.slot=A panic=30"      # what U-Boot adds for it (image/boot/boot.cmd)


QEMU = Path(__file__).with_name("qemu.sh")


def wait_for(what: str, check: Callable[[], object], seconds: float, pause: float = 1.0) -> object:
    """Poll `check` until it gives something true; that. Raises TimeoutError naming `what`."""
    until = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)


def firmware_partition(image: Path) -> str:
    """mtools' name for the FAT partition inside the image."""
    with open(image, "rb") as file:
        start = struct.unpack_from("<I", file.read(512), 446 + 8)[0]
    return f"{image}@@{start * 512}"


class Machine:
    """One disk made from the image, and the machine that may be running on it."""

    def __init__(self, image: Path, work: Path, size: str = "4G") -> None:
        self.image, self.work = image, work
        self.qemu = run("sh", str(QEMU)).split()
        self.disk = work / "disk.qcow2"
        self.process: subprocess.Popen | None = None
        run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(image), "-F", "raw", str(self.disk), size)
        self.cmdline = self.firmware("cmdline.txt").read_text().strip()
        self.kernel, self.initrd = self.slot("vmlinuz"), self.slot("initrd.img")

    def firmware(self, name: str) -> Path:
        """A copy of a file of the image's firmware partition."""
        run("mcopy", "-n", "-i", firmware_partition(self.image), f"::{name}", str(self.work))
        return self.work / name

    def slot(self, name: str) -> Path:
        """A copy of a file of /boot in the image's slot A, as U-Boot would load it."""
        run("debugfs", "-R", f"dump /boot/{name} {self.work / name}", str(self.image.with_name("root.ext4")))
        return self.work / name

    def put(self, name: str, text: str) -> None:
        """Write a file to the firmware partition of the powered-off disk, as the owner's PC would."""
        start, length = self.partition(1)
        part, source = self.work / "fat", self.work / "put"
        run("qemu-img", "dd", "-O", "raw", "bs=1M", f"count={(start + length) >> 20}", f"if={self.disk}", f"of={part}")
        source.write_bytes(text.encode())
        run("mcopy", "-n", "-o", "-i", f"{part}@@{start}", str(source), f"::{name}")
        self.overwrite(start, part.read_bytes()[start:])

    def overwrite(self, offset: int, data: bytes) -> None:
        """Write bytes to the powered-off disk."""
        source = self.work / "overwrite"
        source.write_bytes(data)
        run("qemu-io", "-c", f"write -q -s {source} {offset} {len(data)}", str(self.disk))

    def read(self, block: int, size: int = 512) -> bytes:
        """One block of the powered-off disk, counted in blocks of that size."""
        raw = self.work / "block"
        run("qemu-img", "dd", "-O", "raw", f"bs={size}", f"skip={block}",
            f"count={block + 1}",   # of which it skips the first ones
            f"if={self.disk}", f"of={raw}")
        return raw.read_bytes()[:size]

    def partition(self, number: int) -> tuple[int, int]:
        """Start and length in bytes of a partition of the powered-off disk."""
        start, length = struct.unpack_from("<II", self.read(0), 446 + 16 * (number - 1) + 8)
        return start * 512, length * 512

    def lie(self, number: int) -> None:
        """Take back what an ext4 partition knows of the blocks in use in its last group, as a card does that loses what
        it had accepted: the journal has nothing of a part that is not written to, and cannot put it right."""
        start = self.partition(number)[0] // BLOCK
        blocks, per_group = struct.unpack_from("<I24xI", self.read(start, BLOCK), 1024 + 4)
        last = (blocks - 1) // per_group * GROUP_DESCRIPTOR
        bitmap, = struct.unpack_from("<I", self.read(start + 1 + last // BLOCK, BLOCK), last % BLOCK)
        self.overwrite((start + bitmap) * BLOCK, bytes(BLOCK))

    def cut_power(self) -> None:
        """The plug is pulled."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.cut_power()
