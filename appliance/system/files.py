"""Atomic file replacement, and locks that the kernel releases with their holder.

Invariant: a reader of a file written here sees all of the old content or all of the new, also after kill -9 or a
power cut.
"""
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold an exclusive lock on `folder` inside the block; waits for it. The kernel drops it when the holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_atomic(target: Path, data: bytes, mode: int = PRIVATE, durable: bool = True) -> None:
    """Replace `target` by a file with `data`. After a crash or power cut it is the old file or the new one.

    With durable=False the kernel decides when to write: less wear, but a power cut may lose the file. One writer at a
    time per target (see locked()). Root keeps the owner of the file that it replaces. Raises OSError; then the old
    file is untouched.
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
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if not durable:
        return
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Try to lock the file at `path`: True inside the block, or False if another process holds the lock.

    The kernel frees the lock when the holder ends, however it ends. Raises OSError if the file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def adopt_owner(path: Path) -> None:
    """Give `path` to the owner of its folder, as root: the services can use a file made by `sudo suntap ...`."""
    if os.geteuid() == 0 and path.exists():
        known = path.resolve().parent.stat()
        os.chown(path, known.st_uid, known.st_gid)


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Give a name of the socket `path` that fits into a Unix address (108 bytes), however deep its folder is."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
