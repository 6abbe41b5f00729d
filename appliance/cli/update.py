"""Install an update file (signed by the maker of this image) beside the running version, try it, keep it or go back.

Prints the version that runs afterwards. On Debian and Raspberry Pi OS outside the image, apt or dpkg installs updates.
--requested: take the file that the page received. --finish: end a trial that a power cut interrupted (at boot).
"""
import argparse
import subprocess
from pathlib import Path

from appliance import __version__
from appliance.cli.common import settings_or_defaults, user
from appliance.errors import DONE, FAILED, USAGE, CommandError
from appliance.settings import DATA_DIR

KEY = Path("/usr/share/suntap/update-key.pem")
PAGE_USER = "suntap"


def arguments(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("file", nargs="?", metavar="FILE", type=Path, help="the update file")
    chosen.add_argument("--requested", action="store_true", help=argparse.SUPPRESS)
    chosen.add_argument("--finish", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
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
        version = (requested.carry_out(page, releases, KEY, __version__, _architecture()) if args.requested
                   else releases.install(args.file, KEY, __version__, _architecture()))
    except UpdateError as error:
        raise CommandError(str(error)) from error
    print(f"suntap {version} is installed and runs")
    return DONE


def _architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
