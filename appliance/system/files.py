"""Files that are replaced in one step, locks that die with their holder, and folders that do not outlive their use.

Invariant: whoever opens a file written here sees all of the old content or all of the new, also after
kill -9 or a power cut.
"""
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
SCRATCH = ".suntap-scratch-"


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


def write_atomic(target: Path, data: bytes, mode: int = PRIVATE, durable: bool = True) -> None:
    """Replace `target` by a file with `data`: after a crash or power cut it is the old one or the new one.

    With durable=False the disk decides when to write (no power-cut promise, no wear): for what may be lost.
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
    """Try to be the only holder of the lock file at `path`: True inside, or False when another process holds it.

    The kernel frees the lock when the holder ends, however it ends. Raises OSError when the file cannot be made.
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


@contextmanager
def temporary_folder(place: Path) -> Iterator[Path]:
    """A private folder in the folder `place`, gone afterwards; one that a kill or a power cut left goes with the next.

    Its lock tells whether it is in use. Raises OSError (also to one that began in the instant in which another swept).
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


def adopt_owner(path: Path) -> None:
    """Root gives `path` to its folder's owner: a file made by `sudo suntap ...` stays usable for the services."""
    if os.geteuid() == 0 and path.exists():
        known = path.resolve().parent.stat()
        os.chown(path, known.st_uid, known.st_gid)


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A name for the socket `path` that fits into a Unix address (108 bytes), however deep its folder is."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
