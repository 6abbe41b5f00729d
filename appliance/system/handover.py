"""A request from the page to a service with other rights: a file, a request and an answer in one folder.

    <data_dir>/NAME/FILE          the file from the owner's browser, written whole
    <data_dir>/NAME/request       empty: a systemd path unit starts the other side when it appears
    <data_dir>/NAME/result.json   {"ok": null while it is under way, else true or false, "text": one line}

Theory: the page's user owns the data directory, so an attacker who controls the page can put links, pipes or other
files anywhere in it. Root's side therefore opens, writes and removes here only *as that user* (acting_as): it can do
nothing there that the page could not do itself, wherever a link leads. The service checks the content of the file
after it has taken the file. The request is removed first, so a request that fails is not repeated.
"""
import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from appliance.errors import SuntapError
from appliance.system import clock
from appliance.system.files import PRIVATE, write_atomic
from appliance.system.plain_tar import Readable

REQUEST, RESULT = "request", "result.json"
MAX_RESULT = 4096
CHUNK = 256 * 1024
UNHEARD_S = 30          # a request that waits longer: the path unit does not run
INTERRUPTED_S = 1200    # a handover silent for longer was ended by a power cut: the units' own time-outs are shorter
IDLE, ASKED, UNHEARD, WORKING, INTERRUPTED, DONE, FAILED = (
    "idle", "asked", "unheard", "working", "interrupted", "done", "failed")


class TooLargeError(SuntapError):
    """The file is larger than the handover accepts."""

    http_status = 413


@dataclass(frozen=True)
class Owner:
    """A user's numeric ids."""

    uid: int
    gid: int


@dataclass(frozen=True)
class State:
    """The state of a handover: one of the names above; `text` and `at` (seconds since 1970 UTC) of the last answer."""

    name: str
    text: str = ""
    at: float = 0.0

    @property
    def under_way(self) -> bool:
        """True if the state will still change by itself."""
        return self.name in (ASKED, WORKING)


@contextmanager
def acting_as(owner: Owner | None) -> Iterator[None]:
    """Run the block with the rights of `owner` if this process is root; else, or if None, with its own rights."""
    if owner is None or os.geteuid() != 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([owner.gid])
    os.setegid(owner.gid)
    os.seteuid(owner.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


class Handover:
    """The folder of one handover. `owner`: the page's user, given on root's side."""

    def __init__(self, data_dir: Path, name: str, file: str, owner: Owner | None = None) -> None:
        self.folder, self.owner = data_dir / name, owner
        self.file = self.folder / file

    def store(self, stream: Readable, limit: int) -> None:
        """The page's side: write `stream` (at most `limit` bytes) to the file, all or nothing.

        Raises TooLargeError, OSError.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        part, size = self.file.with_suffix(".part"), 0
        try:
            with open(part, "wb", opener=_private) as file:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise TooLargeError("more was sent than is taken")
                    file.write(chunk)
            os.replace(part, self.file)
        finally:
            part.unlink(missing_ok=True)

    def submit(self) -> None:
        """The page's side: ask the service to act on the file. Raises OSError."""
        (self.folder / RESULT).unlink(missing_ok=True)
        (self.folder / REQUEST).touch(mode=PRIVATE)

    def open(self) -> IO[bytes]:
        """Open the file for reading. Raises OSError, also if a link or pipe is in its place."""
        return _regular(self.file)

    def share(self) -> None:
        """The page's side: allow the folder's group to read the file and to answer. Raises OSError."""
        self.folder.chmod(0o770)
        self.file.chmod(0o640)

    def remove(self) -> None:
        """Remove the file. Raises OSError."""
        with acting_as(self.owner):
            self.file.unlink(missing_ok=True)

    def state(self) -> State:
        """Return the state that the page shows; IDLE if there is no readable answer."""
        now = clock.system_seconds()
        with acting_as(self.owner):
            with suppress(OSError):
                asked = (self.folder / REQUEST).stat().st_mtime
                return State(UNHEARD if now - asked > UNHEARD_S else ASKED, at=asked)
            try:
                with _regular(self.folder / RESULT) as file:
                    at, found = os.fstat(file.fileno()).st_mtime, json.loads(file.read(MAX_RESULT))
                ok, text = found["ok"], str(found["text"])
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                return State(IDLE)
        if ok is None:
            return State(INTERRUPTED if now - at > INTERRUPTED_S else WORKING, text, at)
        return State(DONE if ok else FAILED, text, at)

    def sweep(self) -> None:
        """The service's side, before the page runs: remove what a power cut left of a file that nobody asked to take.
        """
        with acting_as(self.owner), suppress(OSError):
            self.file.with_suffix(".part").unlink(missing_ok=True)
            if not (self.folder / REQUEST).exists():
                self.file.unlink(missing_ok=True)

    def take(self) -> None:
        """The service's side, where there is no file: remove the request. Raises OSError."""
        with acting_as(self.owner):
            (self.folder / REQUEST).unlink(missing_ok=True)

    def claim(self) -> IO[bytes]:
        """The service's side: remove the request and open the file. Raises OSError if it cannot be read."""
        self.take()
        with acting_as(self.owner):
            return self.open()

    def reject(self, reason: str) -> None:
        """The service's side: refuse the request, remove the file and report `reason`."""
        with acting_as(self.owner), suppress(OSError):
            (self.folder / REQUEST).unlink(missing_ok=True)
            self.file.unlink(missing_ok=True)
        self.report(False, reason)

    def report(self, ok: bool | None, text: str) -> None:
        """The service's side: write the progress (`ok` None) or the outcome, also of what the page was never asked for
        (an update from a stick). If that fails, only the report is lost."""
        with acting_as(self.owner), suppress(OSError):
            self.folder.mkdir(mode=0o700, exist_ok=True)
            write_atomic(self.folder / RESULT, json.dumps({"ok": ok, "text": text}).encode(), mode=0o644,
                         durable=ok is not None)


def _regular(path: Path) -> IO[bytes]:
    file = open(path, "rb", opener=_no_link)  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is not a file", str(path))
    return file


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_TRUNC, PRIVATE)
