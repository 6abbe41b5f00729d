"""Rings of capture files that are imported file by file: the last files of the last imports.

If a file ends inside an upload, the upload is whole only together with the next file. So the last files are recorded by
name, size and time of their last packet. An import that begins where one of them ended reads that file again; the inbox
stores each of its uploads only once. A file that is gone or changed is not read.
"""
import json
import os
import stat
from pathlib import Path
from typing import NamedTuple

from appliance.system.files import adopt_owner, write_atomic

FILE = "import-ends.json"
KEPT = 8                            # ends that are recorded: as many rings can be imported in turn
AFTER_US = 300 * 1_000_000          # a connection that was silent for longer is over (Limits.idle_age)
BEFORE_US = 60 * 1_000_000          # files may overlap by this much


class End(NamedTuple):
    """The last file of an import."""

    path: str
    size: int
    last_us: int


def before(data_dir: Path, names: list[str], first_us: int) -> str:
    """Return the file that ended where a capture of `names` with its first packet at `first_us` begins; "" if none."""
    given = {os.path.realpath(name) for name in names}
    for end in _ends(data_dir):
        if end.path not in given and end.last_us - BEFORE_US <= first_us <= end.last_us + AFTER_US \
                and _size(end.path) == end.size:
            return end.path
    return ""


def remember(data_dir: Path, name: str, last_us: int) -> None:
    """Record that an imported capture ended in the file `name` with a packet at `last_us`."""
    path = os.path.realpath(name)
    size = _size(path)
    if size is None:
        return
    ends = [End(path, size, last_us), *(end for end in _ends(data_dir) if end.path != path)]
    write_atomic(data_dir / FILE, json.dumps(ends[:KEPT]).encode(), durable=False)
    adopt_owner(data_dir / FILE)


def _size(path: str) -> int | None:
    """Return a file's size in bytes; None if it is no regular file."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_size if stat.S_ISREG(about.st_mode) else None


def _ends(data_dir: Path) -> list[End]:
    """Return the recorded ends, latest first; [] if the record is unreadable."""
    try:
        return [End(str(path), int(size), int(last_us))
                for path, size, last_us in json.loads((data_dir / FILE).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []
