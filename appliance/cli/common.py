"""Shared by several commands: settings, data directory, progress."""
import argparse
import os
import sys

from appliance.cli import complain
from appliance.errors import DONE, USAGE, CommandError

TYPE_CHECKING = False  # typing itself costs milliseconds
if TYPE_CHECKING:
    from pathlib import Path

    from appliance.settings import Settings
    from appliance.system.handover import Owner


def settings_of(args: argparse.Namespace) -> "tuple[Settings, Path]":
    """Return the settings for --config and --data-dir, and the path of their file, which may be missing.

    Raises SettingsError, and CommandError if --config or $SUNTAP_CONFIG names no file.
    """
    from appliance import settings
    path = settings.find(args.config)
    named = "--config" if args.config else "$SUNTAP_CONFIG" if os.environ.get(settings.ENVIRONMENT) else ""
    if named and not path.exists():
        raise CommandError(f"{path}: no such settings file: check {named}", USAGE)
    return settings.load(path).with_data_dir(args.data_dir), path


def settings_or_defaults(args: argparse.Namespace) -> "Settings":
    """Return the settings, or the built-in ones if the file is not usable: for commands that must work all the same."""
    from appliance import settings
    try:
        return settings.load(settings.find(args.config)).with_data_dir(args.data_dir)
    except settings.SettingsError:
        return settings.Settings()


def user(name: str) -> "Owner | None":
    """Return a user of the installed services; None if there is no such user."""
    import pwd

    from appliance.system.handover import Owner
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return Owner(found.pw_uid, found.pw_gid)


def data_dir_of(loaded: "Settings") -> "Path":
    """Return the data directory; make it if it is missing. Raises CommandError if it cannot be used."""
    path = loaded.store.data_dir
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"{path}: cannot be the data directory ({error.strerror})"
        raise CommandError(f"{what}: choose one with --data-dir") from error
    return path


class Progress:
    """Shows progress as one line at a terminal that is written over; nothing if stderr is a file or a pipe."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._wide = 0
        self._shown = sys.stderr.isatty()

    def __call__(self, done: int, total: int = 0) -> None:
        """Show `done` of `total` (0: not known)."""
        if not self._shown:
            return
        share = f" {100 * done // total} %" if total else ""
        text = f"{self.what}: {done}{share}"
        self._wide = max(self._wide, len(text))
        print(f"\r{text:<{self._wide}}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Clear the line for the next output."""
        if self._wide:
            print("\r" + " " * self._wide + "\r", end="", file=sys.stderr, flush=True)


class Complaints:
    """Prints errors that end only a part of the work as they occur; `code` is the exit code of the last one."""

    def __init__(self) -> None:
        self.code = DONE

    def __call__(self, error: Exception) -> None:
        self.code = complain(error)
