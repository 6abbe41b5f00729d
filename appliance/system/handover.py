"""What the page may ask of a service with other rights: a file, a request, an answer, in one folder.

    <data_dir>/NAME/FILE          what the owner uploaded, put there whole
    <data_dir>/NAME/request       empty: a systemd path unit starts the other side when it appears
    <data_dir>/NAME/result.json   {"ok": null while it is under way, else true or false, "text": one line}

Theory: the page's user owns the data directory, so whoever has taken over the page may put links, pipes or other files
in any place of it. Root's side therefore opens, writes and removes here only *as that user* (acting_as): it can do
nothing there that the page could not do by itself, wherever a link leads. What the file holds is checked after it was
taken, by the handover itself. The request is removed first: what fails is not tried again by itself.
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

REQUEST, RESULT = "request", "result.json"
MAX_RESULT = 4096
CHUNK = 256 * 1024
UNHEARD_S = 30          # a request that nobody took for so long: the path unit does not run
INTERRUPTED_S = 1200    # an handover silent for longer was ended by a power cut: units end earlier by themselves
IDLE, ASKED, UNHEARD, WORKING, INTERRUPTED, DONE, FAILED = (
    "idle", "asked", "unheard", "working", "interrupted", "done", "failed")


class TooLargeError(SuntapError):
    """More was sent than the handover takes."""

    http_status = 413


@dataclass(frozen=True)
class Owner:
    """A user by numbers."""

    uid: int
    gid: int


@dataclass(frozen=True)
class State:
    """How far an handover is: one of the names above; `text` and `at` (seconds since 1970 UTC) of the last answer."""

    name: str
    text: str = ""
    at: float = 0.0

    @property
    def under_way(self) -> bool:
        """Whether more is to come by itself."""
        return self.name in (ASKED, WORKING)


@contextmanager
def acting_as(owner: Owner | None) -> Iterator[None]:
    """Root does what is inside with the rights of `owner`; anybody else (and None) as who he is."""
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
    """One handover's folder. `owner`: the page's user, for root's side."""

    def __init__(self, data_dir: Path, name: str, file: str, owner: Owner | None = None) -> None:
        self.folder, self.owner = data_dir / name, owner
        self.file = self.folder / file

    def store(self, stream: IO[bytes], limit: int) -> None:
        """The page's side: put what is uploaded in place, whole or not at all. Raises TooLargeError, OSError."""
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
        """The page's side: the file is to be acted on. Raises OSError."""
        (self.folder / RESULT).unlink(missing_ok=True)
        (self.folder / REQUEST).touch(mode=PRIVATE)

    def open(self) -> IO[bytes]:
        """The file. Raises OSError; a link or pipe in its place is an error."""
        return _regular(self.file)

    def share(self) -> None:
        """The page's side: let the folder's group read the file and answer. Raises OSError."""
        self.folder.chmod(0o770)
        self.file.chmod(0o640)

    def remove(self) -> None:
        """Remove the file. Raises OSError."""
        with acting_as(self.owner):
            self.file.unlink(missing_ok=True)

    def state(self) -> State:
        """How far it is, as the page shows it."""
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

    def claim(self) -> IO[bytes]:
        """The other side: the request is taken up; the file, opened. Raises OSError when there is none to be read."""
        with acting_as(self.owner):
            (self.folder / REQUEST).unlink(missing_ok=True)
            return self.open()

    def reject(self, reason: str) -> None:
        """The other side: the request is not taken up."""
        with acting_as(self.owner), suppress(OSError):
            (self.folder / REQUEST).unlink(missing_ok=True)
            self.file.unlink(missing_ok=True)
        self.report(False, reason)

    def report(self, ok: bool | None, text: str) -> None:
        """The other side: how far it is (None), or how it ended. What cannot be written costs the news only."""
        with acting_as(self.owner), suppress(OSError):
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
