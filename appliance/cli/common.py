"""What several commands need: settings, data directory, progress."""
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
    """The settings for --config and --data-dir, and the file they are in (or would be in).

    Raises SettingsError, and CommandError when --config or $SUNTAP_CONFIG names no file.
    """
    from appliance import settings
    path = settings.find(args.config)
    named = "--config" if args.config else "$SUNTAP_CONFIG" if os.environ.get(settings.ENVIRONMENT) else ""
    if named and not path.exists():
        raise CommandError(f"{path}: no such settings file: check {named}", USAGE)
    return settings.load(path).with_data_dir(args.data_dir), path


def settings_or_defaults(args: argparse.Namespace) -> "Settings":
    """The settings, or the built-in ones where the file cannot be used: for what must work in spite of it."""
    from appliance import settings
    try:
        return settings.load(settings.find(args.config)).with_data_dir(args.data_dir)
    except settings.SettingsError:
        return settings.Settings()


def user(name: str) -> "Owner | None":
    """A user of the installed services; None where there is no such user."""
    import pwd

    from appliance.system.handover import Owner
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return Owner(found.pw_uid, found.pw_gid)


def data_dir_of(loaded: "Settings") -> "Path":
    """The data directory, made if it is missing. Raises CommandError when it cannot be used."""
    path = loaded.store.data_dir
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"{path}: cannot be the data directory ({error.strerror})"
        raise CommandError(f"{what}: choose one with --data-dir") from error
    return path


class Progress:
    """One line at a terminal that is written over; nothing where stderr is a file or a pipe."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._wide = 0
        self._shown = sys.stderr.isatty()

    def __call__(self, done: int, total: int = 0) -> None:
        """Show `done` of `total` (0 = not known)."""
        if not self._shown:
            return
        share = f" {100 * done // total} %" if total else ""
        text = f"{self.what}: {done}{share}"
        self._wide = max(self._wide, len(text))
        print(f"\r{text:<{self._wide}}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Make room for what is printed next."""
        if self._wide:
            print("\r" + " " * self._wide + "\r", end="", file=sys.stderr, flush=True)


class Complaints:
    """Errors that end only a part of the work: each is said when it comes; `code` is the last one's exit code."""

    def __init__(self) -> None:
        self.code = DONE

    def __call__(self, error: Exception) -> None:
        self.code = complain(error)
