"""Room on the disk that holds the data directory."""
import os
from dataclasses import dataclass
from pathlib import Path

LOW_BYTES = 500 << 20       # warn: about a year of one household
FULL_BYTES = 50 << 20       # bad: a database may soon not grow


@dataclass(frozen=True)
class Room:
    """Bytes of the file system, and whether this process may write there."""

    total: int
    free: int
    writable: bool


def room(data_dir: Path) -> Room | None:
    """The room at `data_dir`; None where there is no such folder."""
    try:
        facts = os.statvfs(data_dir)
    except OSError:
        return None
    read_only = bool(facts.f_flag & os.ST_RDONLY)
    return Room(facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize, not read_only)
