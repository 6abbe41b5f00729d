"""The trial of a new system: what is written down of it, and what a start finds and does.

Every step is durable before the next one begins (see the package's theory). The format of trial.json is an interface
between versions: the old system writes it, the new one reads it, and the old one again where the new one is given up.
"""
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from appliance.system.files import write_atomic
from appliance.update import databases
from appliance.update.bundle import UpdateError

FILE = "trial.json"


@dataclass(frozen=True)
class Trial:
    """`version` is tried in `slot`, in the place of `previous`. `ports`: of the bridge, before. `works`: it was found
    to work, and is to be kept without another look."""

    slot: str
    version: str
    previous: str
    ports: int
    works: bool = False


class Slots(Protocol):
    """The slots of the card (slots.Slots), or of a test."""

    booted: str
    other: str

    def write(self, bundle: Path, tell: Callable[[int], None], /) -> None: ...
    def try_other(self) -> None: ...
    def stay(self) -> None: ...
    def keep(self) -> None: ...
    def give_up(self) -> None: ...
    def restart(self) -> None: ...


class Services(Protocol):
    """The service processes, run by systemd or by a test."""

    def stop(self) -> None: ...
    def start(self) -> None: ...
    def healthy(self, ports: int, /) -> bool:
        """Wait, at most five minutes, until they have worked for a while and the bridge with at least `ports` ports
        forwards. Returns False if they have not."""
        ...


class Folder:
    """Root's folder: trial.json, the copies of databases, and what an installation leaves behind on its way."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def trial(self) -> Trial | None:
        """The trial that is under way or was not ended. Raises UpdateError if it cannot be read."""
        try:
            found = json.loads((self.root / FILE).read_text())
            return Trial(**{name: found[name] for name in Trial.__dataclass_fields__})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UpdateError(f"{self.root / FILE} cannot be read ({error})") from error

    def remember(self, trial: Trial) -> None:
        """Write it down, durably. Raises OSError."""
        write_atomic(self.root / FILE, json.dumps(asdict(trial)).encode())

    def forget(self) -> None:
        """Remove the trial, durably, then everything else. Raises OSError."""
        (self.root / FILE).unlink(missing_ok=True)
        self.sync()
        self.sweep()

    def sweep(self) -> None:
        """Remove what is left of an installation. Nothing while there is a trial, which needs it."""
        if (self.root / FILE).exists():
            return
        for path in self.root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Make durable which files are there. Raises OSError."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def begin(folder: Folder, data_dir: Path, slots: Slots) -> Trial | None:
    """At a start, before the services: if a trial ended by coming back here, give the databases back.

    Returns that trial, None if there was none. Where something fails the trial stays written down, and the next start
    does all of it again. Raises UpdateError, sqlite3.Error, OSError.
    """
    trial = folder.trial()
    if trial is None:
        folder.sweep()
        return None
    if trial.slot == slots.booted:
        return None
    try:
        slots.stay()        # tries may be left, where U-Boot could not count them down
    finally:
        databases.give_back(folder.root, data_dir)
    folder.forget()
    return trial


def finish(folder: Folder, slots: Slots, services: Services, tell: Callable[[str], None]) -> Trial | None:
    """After a start: keep the slot that runs if it is on trial and works; else give it up and restart.

    Returns the trial that was kept, None if there was none. `tell` gets a sentence before the look. Raises UpdateError
    if it is given up: the box is restarting then, and the slot that comes back tells the owner.
    """
    trial = folder.trial()
    if trial is None or trial.slot != slots.booted:
        return None
    if not trial.works:
        tell(f"Version {trial.version} is on trial: it has five minutes to show that it works.")
        if not services.healthy(trial.ports):
            try:
                slots.give_up()
            finally:        # without it the tries are counted down to the same end
                slots.restart()
            raise UpdateError(f"version {trial.version} does not work: the box restarts with {trial.previous}")
        folder.remember(replace(trial, works=True))
    try:
        slots.keep()
    except UpdateError:     # a further try may be able to, and the last of them ends at the kept slot
        slots.restart()
        raise
    folder.forget()
    return trial
