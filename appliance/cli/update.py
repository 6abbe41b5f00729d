"""Install an update file (signed by the maker of this image) beside the running system, restart, try it, keep it or go
back.

Prints its steps on stderr and, before the restart, the version. On Debian and Raspberry Pi OS outside the image, apt or
dpkg installs updates. --check: install nothing, and print which security fixes of Debian this system lacks, by the list
in an update file or by an index of the release page (suntap-ARCH.index).
"""
import argparse
import sys
from pathlib import Path

from appliance.cli.common import settings_or_defaults, user
from appliance.errors import DONE, FAILED, USAGE, CommandError
from appliance.settings import DATA_DIR
from appliance.system.clock import from_environment

TYPE_CHECKING = False  # typing itself costs milliseconds
if TYPE_CHECKING:
    from appliance.system.handover import Handover
    from appliance.update.install import Installer

PAGE_USER = "suntap"
NO_IMAGE = "this is no suntap image with a data partition: install the new .deb with apt instead"
EARLIER_CARD = ("this card was written before suntap could renew the whole system: save a backup, write the new image "
                "to a card, and restore the backup")
NO_DATA = "the data partition of the card cannot be used: nothing can be installed"


def arguments(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("file", nargs="?", metavar="FILE", type=Path, help="the update file")
    chosen.add_argument("--check", metavar="FILE", type=Path, help="print the security fixes that are missing here")
    chosen.add_argument("--requested", action="store_true",
                        help="for the service: take the file that the page was given")
    chosen.add_argument("--begin", action="store_true",
                        help="for the service, before the others: give databases back after a trial that did not work")
    chosen.add_argument("--finish", action="store_true",
                        help="for the service: keep the system that is on trial, or give it up and restart")


def run(args: argparse.Namespace) -> int:
    if args.check is not None:
        return _check(args)
    from appliance.update import requested
    page = requested.handover(DATA_DIR, user(PAGE_USER))
    if reason := _why_not():
        if args.requested:
            page.reject(reason)
        raise CommandError(reason, USAGE)
    if args.begin:
        return _begin(page)
    if args.finish:
        return _finish(args, page)
    return _install(args, page)


def _why_not() -> str:
    """Why this system installs no update files; "" where it does."""
    from appliance.update import requested, slots
    if not slots.booted():
        return EARLIER_CARD if requested.EARLIER.is_mount() else NO_IMAGE
    return "" if requested.ROOT.is_mount() else NO_DATA


def _install(args: argparse.Namespace, page: "Handover") -> int:
    from appliance.health import system_age
    from appliance.update import fixes, requested
    from appliance.update.bundle import UpdateError
    facts = requested.KEY, system_age.version(), fixes.architecture()
    try:
        if args.requested:
            version = requested.carry_out(page, _installer(args), *facts)
        else:
            with open(args.file, "rb") as source:
                version = _installer(args).install(source, *facts, lambda text: print(text, file=sys.stderr))
    except UpdateError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename or args.file}: {error.strerror}") from error
    print(f"suntap {version} is written: the box restarts and tries it")
    return DONE


def _installer(args: argparse.Namespace) -> "Installer":
    from appliance.update import requested, services
    from appliance.update.install import Installer
    from appliance.update.slots import Slots
    from appliance.update.trial import Folder
    # Root takes no folder from the settings, because the page may write them.
    return Installer(Folder(requested.ROOT), DATA_DIR, Slots(), services.Systemd(settings_or_defaults(args).web),
                     services.ports)


def _begin(page: "Handover") -> int:
    from appliance.system.handover import INTERRUPTED, WORKING
    from appliance.update import requested, trial
    from appliance.update.slots import Slots
    folder = trial.Folder(requested.ROOT)
    page.sweep()
    under_way, ended = folder.trial() is not None, trial.begin(folder, DATA_DIR, Slots())
    if ended is not None:
        text = f"version {ended.version} did not work: back to {ended.previous}"
        page.report(False, text)
        print(text)
        return FAILED
    if not under_way and page.state().name in (WORKING, INTERRUPTED):
        page.report(False, "the box was restarted before the update was written: nothing was changed")
    return DONE


def _finish(args: argparse.Namespace, page: "Handover") -> int:
    from appliance.update import requested, trial
    from appliance.update.bundle import UpdateError
    from appliance.update.services import Systemd
    from appliance.update.slots import Slots
    try:
        kept = trial.finish(trial.Folder(requested.ROOT), Slots(), Systemd(settings_or_defaults(args).web),
                            lambda text: page.report(None, text))
    except UpdateError as error:
        page.report(None, str(error))
        raise CommandError(str(error)) from error
    if kept is not None:
        text = f"version {kept.version} works and is kept"
        page.report(True, text)
        print(text)
    return DONE


def _check(args: argparse.Namespace) -> int:
    """Print what is missing, every fix of it. Nothing is kept: the page does that with a file that it is given."""
    from appliance.health import news, system_age
    from appliance.update import look, requested
    from appliance.update.bundle import UpdateError
    clock = from_environment()
    try:
        found = look.from_file(args.check, requested.KEY, news.News(), clock)
    except UpdateError as error:
        raise CommandError(str(error)) from error
    if system := system_age.read():
        print(system_age.sentence(system, clock.time()))
    print(news.sentence(found, named=news.SHOWN))
    if found.offered:
        print(f"There is a newer suntap: {found.offered}.")
    return DONE
