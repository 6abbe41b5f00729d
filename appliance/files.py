"""Files that are replaced in one step, and locks that die with their holder.

Invariant: whoever opens a file written here sees all of the old content or all of the new, also after
kill -9 or a power cut.
"""
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One writer at a time: a lock on the folder, which the kernel drops when its holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_atomic(target: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Replace `target` by a file with `data`: after a crash or power cut it is the old one or the new one.

    One writer at a time per target (see locked()). Root keeps the owner of the file that it replaces.
    Raises OSError; then the old file is untouched.
    """
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)  # left by a writer that was killed
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            if os.geteuid() == 0:
                known = target.stat() if target.exists() else target.parent.stat()
                os.fchown(file.fileno(), known.st_uid, known.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
