"""Which of the card's two slots U-Boot starts: read, written, and what RAUC asks of it.

Theory: the choice is text in the format of U-Boot's environment (CRC 32, then NAME=value, each ended by a zero byte) in
two copies of one sector before the first partition. U-Boot (image/boot/boot.cmd) reads the first whole one. A trial has
a number of tries; U-Boot takes one off before each start of the trial's slot, and starts the kept one when none is
left. Before the first copy changes the second is whole, and the second changes after the first: a power cut at any
instant, also two in a row, leaves the choice of before or the new one.
"""
import os
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

SECTOR = 512                            # bytes of a copy
COPIES = (2048 * SECTOR, 4096 * SECTOR)     # bytes from the start of the card
TRIES = 3
DISK = "5055aa01"                       # the card's signature (image/debian/genimage.cfg)
PARTITIONS = {"A": 2, "B": 3}
BY_PARTITION = Path("/dev/disk/by-partuuid")
SYSFS = Path("/sys/class/block")
KEPT, TRIAL, LEFT = "suntap_kept", "suntap_trial", "suntap_tries"


@dataclass(frozen=True)
class Choice:
    """`kept` is started, unless there is a `trial`, the other slot, with `tries` left. One without tries has failed."""

    kept: str = "A"
    trial: str | None = None
    tries: int = 0

    @property
    def primary(self) -> str:
        """The slot that starts next."""
        return self.trial if self.trial and self.tries else self.kept

    def is_good(self, slot: str) -> bool:
        """Whether U-Boot would start this slot when it is asked for."""
        return slot in (self.kept, self.primary)

    def start_next(self, slot: str) -> "Choice":
        """The choice that tries this slot at the next start, or goes back to the kept one."""
        return replace(self, trial=slot, tries=TRIES) if slot != self.kept else Choice(self.kept)

    def judge(self, slot: str, good: bool) -> "Choice":
        """The choice after a verdict on this slot: a trial ends by it, and a good one is kept."""
        return Choice(slot if good else self.kept) if slot == self.trial else self


def encode(choice: Choice) -> bytes:
    """One copy, as U-Boot reads it."""
    lines = [f"{KEPT}={choice.kept}"]
    if choice.trial:
        lines += [f"{TRIAL}={choice.trial}", f"{LEFT}={choice.tries}"]
    text = b"".join(line.encode() + b"\0" for line in lines).ljust(SECTOR - 4, b"\0")
    return struct.pack("<I", zlib.crc32(text)) + text


def decode(copy: bytes) -> Choice | None:
    """What a copy says; None where it is no whole one. What makes no sense in it counts as U-Boot counts it."""
    if len(copy) != SECTOR or zlib.crc32(copy[4:]) != struct.unpack_from("<I", copy)[0]:
        return None
    text = copy[4:].partition(b"\0\0")[0].decode("ascii", "replace")
    facts = dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
    kept = "B" if facts.get(KEPT) == "B" else "A"
    if facts.get(TRIAL) != ("A" if kept == "B" else "B"):
        return Choice(kept)
    tries = facts.get(LEFT, "")
    return Choice(kept, facts[TRIAL], int(tries) if tries in [str(number) for number in range(1, TRIES + 1)] else 0)


def partition(slot: str) -> Path:
    """The device file of a slot."""
    return BY_PARTITION / f"{DISK}-{PARTITIONS[slot]:02}"


def disk() -> Path:
    """The device file of the card that the slots are on. Raises OSError without slots."""
    name = partition("A").resolve(strict=True).name
    return Path("/dev") / (SYSFS / name).resolve(strict=True).parent.name


def read(device: Path) -> Choice:
    """The choice on a card; slot A where none was ever made or both copies are lost. Raises OSError."""
    with open(device, "rb") as file:
        first, second = (os.pread(file.fileno(), SECTOR, place) for place in COPIES)
    return decode(first) or decode(second) or Choice()


def write(device: Path, choice: Choice) -> None:
    """Make the choice; it is on the card when this returns. Raises OSError."""
    descriptor = os.open(device, os.O_RDWR)
    try:
        first = os.pread(descriptor, SECTOR, COPIES[0])
        steps = [(COPIES[1], first)] if decode(first) else []
        for place, copy in [*steps, *((place, encode(choice)) for place in COPIES)]:
            os.pwrite(descriptor, copy, place)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
