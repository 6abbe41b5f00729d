"""Install an update file (signed by the maker of this image) beside the running version, try it, keep it or go back.

Prints the version that runs afterwards. On Debian and Raspberry Pi OS outside the image, apt or dpkg installs updates.
--check: install nothing, and print which security fixes of Debian this system lacks, by the list in an update file or
by an index of the release page (suntap-ARCH.index).
"""
import argparse
import subprocess
from pathlib import Path

from appliance import __version__
from appliance.cli.common import settings_or_defaults, user
from appliance.errors import DONE, FAILED, USAGE, CommandError
from appliance.settings import DATA_DIR
from appliance.system.clock import from_environment

PAGE_USER = "suntap"


def arguments(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("file", nargs="?", metavar="FILE", type=Path, help="the update file")
    chosen.add_argument("--check", metavar="FILE", type=Path, help="print the security fixes that are missing here")
    chosen.add_argument("--requested", action="store_true",
                        help="for the service: take the file that the page was given")
    chosen.add_argument("--finish", action="store_true",
                        help="for the service: end a trial that a power cut interrupted")


def run(args: argparse.Namespace) -> int:
    if args.check is not None:
        return _check(args)
    from appliance.system.handover import INTERRUPTED, WORKING
    from appliance.update import requested
    from appliance.update.bundle import UpdateError
    from appliance.update.releases import Releases
    from appliance.update.services import Systemd
    page = requested.handover(DATA_DIR, user(PAGE_USER))
    if not requested.ROOT.is_mount():
        reason = "this is no suntap image with a data partition: install the new .deb with apt instead"
        if args.requested:
            page.reject(reason)
        raise CommandError(reason, USAGE)
    # Root takes no folder from the settings, because the page may write them.
    releases = Releases(requested.ROOT, DATA_DIR, Systemd(settings_or_defaults(args).web))
    if args.finish:
        kept = releases.finish()
        if page.state().name in (WORKING, INTERRUPTED):
            page.report(kept, "the new version works and is kept" if kept
                        else "the new version did not work: taken back")
        return DONE if kept else FAILED
    try:
        version = (requested.carry_out(page, releases, requested.KEY, __version__, _architecture()) if args.requested
                   else releases.install(args.file, requested.KEY, __version__, _architecture()))
    except UpdateError as error:
        raise CommandError(str(error)) from error
    print(f"suntap {version} is installed and runs")
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


def _architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
