"""The folders of the tests: in memory where there is room, and open to another user where a test needs that."""
import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM_BYTES = 3 << 30        # a whole run is far below: a test's folder is removed when it has passed


def keep_in_memory() -> None:
    """Let this process and those it starts make their temporary folders in memory: thousands of tests make databases,
    and each transaction waits for the disk. Not where TMPDIR says otherwise, nor without room and the right to run
    files there. What is tested on a disk's own terms (power cuts, full disks, errors) brings a file system along."""
    try:
        facts = os.statvfs(MEMORY)
    except OSError:
        return
    has_room = min(facts.f_bavail * facts.f_frsize, _available_bytes()) >= ROOM_BYTES
    if "TMPDIR" not in os.environ and has_room and os.access(MEMORY, os.W_OK) and not facts.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None     # ask again


def _available_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def open_to_all(folder: Path) -> None:
    """Let every user into `folder` and those above it, as far as pytest made them: they are their maker's alone."""
    top = Path(tempfile.gettempdir()).resolve()
    for each in (folder, *folder.resolve().parents):
        if each in (top, *top.parents):
            return
        each.chmod(0o755)
