"""Temporary folders that a kill or a power cut does not leave behind for ever.

Apart from module files, because few need them and what they stand on takes 0.7 MB of a process.
"""
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SCRATCH = ".suntap-scratch-"


@contextmanager
def temporary_folder(place: Path) -> Iterator[Path]:
    """Make a private folder in `place` and remove it after the block.

    A call also removes folders that a kill or a power cut left: a folder in use is locked, a leftover is not.
    Raises OSError, also if another process removed the new folder before it was locked.
    """
    for left in place.glob(f"{SCRATCH}*"):
        with suppress(OSError), _held(left, fcntl.LOCK_NB):  # in use, or another user's
            shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=place) as name, _held(Path(name)):
        yield Path(name)


@contextmanager
def _held(folder: Path, how: int = 0) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(descriptor)
