"""Room on the disk that holds the data directory, and whether the kernel still writes there.

Theory: after an error ext4 stops writing (errors=remount-ro). Kernels since 2024 (Linux 6.12, Debian 12's 6.1 too) no
longer call that read-only: statvfs and access say nothing. Since Linux 6.15 the options of the mount tell; before, only
an attempt to write does. It is made where ext4 has counted an error, so that a sound card is not written to.
"""
import errno
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOW_BYTES = 500 << 20       # warn: about a year of one household
FULL_BYTES = 50 << 20       # bad: a database may soon not grow
SYSFS, MOUNTS = Path("/sys"), Path("/proc/self/mountinfo")
STOPPED = frozenset({"emergency_ro", "shutdown"})   # options of ext4: the kernel writes no more, after an error
REFUSED = (errno.EROFS, errno.EIO)


@dataclass(frozen=True)
class Room:
    """Bytes of the file system, and whether it takes writes."""

    total: int
    free: int
    writable: bool


def room(data_dir: Path) -> Room | None:
    """The room at `data_dir`; None where there is no such folder."""
    try:
        facts = os.statvfs(data_dir)
        read_only = bool(facts.f_flag & os.ST_RDONLY) or stopped(data_dir)
    except OSError:
        return None
    return Room(facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize, not read_only)


def is_full(room: Room | None) -> bool:
    """Whether a database may not grow any more."""
    return room is not None and room.free < FULL_BYTES


def stopped(data_dir: Path) -> bool:
    """Whether the kernel has stopped writing to the file system of `data_dir` after an error. Raises OSError."""
    device = os.stat(data_dir).st_dev
    if not STOPPED.isdisjoint(_options(device)):
        return True
    if not numbers(SYSFS / "fs/ext4" / partition(device).name / "errors_count")[0]:
        return False
    try:
        with tempfile.TemporaryFile(dir=data_dir):
            return False
    except OSError as error:
        return error.errno in REFUSED


def _options(device: int) -> list[str]:
    """The options of the file system on this device (proc_pid_mountinfo(5)); none if it is not found."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError, IndexError):
        for line in MOUNTS.read_text(errors="replace").splitlines():
            mount, _, system = line.partition(" - ")
            if mount.split()[2] == number:
                return system.split()[2].split(",")
    return []


def partition(device: int) -> Path:
    """The folder of a block device in sysfs; one that does not exist for file systems without one."""
    return (SYSFS / f"dev/block/{os.major(device)}:{os.minor(device)}").resolve()


def numbers(path: Path) -> list[int]:
    """The numbers in a file of sysfs, decimal or with 0x; [0] if there are none."""
    try:
        return [int(word, 0) for word in path.read_text().split()] or [0]
    except (OSError, ValueError):
        return [0]
