"""Install an update file (signed by the maker of this image) beside the running version, try it, keep it or go back.

Prints the version that runs afterwards. On Debian and Raspberry Pi OS outside the image, apt or dpkg installs updates.
--requested: take the file that the page received. --finish: end a trial that a power cut interrupted (at boot).
"""
import argparse
import json
import subprocess
from pathlib import Path

from appliance import __version__
from appliance.cli import DONE, FAILED, USAGE, Failed
from appliance.cli.common import settings_of
from appliance.files import write_atomic

ROOT = Path("/var/lib/suntap-releases")
KEY = Path("/usr/share/suntap/update-key.pem")
INBOX = "update"                # folder in the data directory where the page leaves a file
FILE, REQUEST, RESULT = "bundle", "request", "result.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("file", nargs="?", metavar="FILE", type=Path, help="the update file")
    chosen.add_argument("--requested", action="store_true", help=argparse.SUPPRESS)
    chosen.add_argument("--finish", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    from appliance.update.bundle import UpdateError
    from appliance.update.releases import Releases
    from appliance.update.services import Systemd
    settings, _ = settings_of(args)
    if not ROOT.is_mount():
        raise Failed("this is no suntap image with a data partition: install the new .deb with apt instead", USAGE)
    data_dir = settings.store.data_dir
    releases = Releases(ROOT, data_dir, Systemd(settings.web.port))
    if args.finish:
        return DONE if releases.finish() else FAILED
    folder = data_dir / INBOX
    try:
        file = _private_copy(folder) if args.requested else args.file
        version = releases.install(file, KEY, __version__, _architecture())
    except UpdateError as error:
        _answer(args, folder, {"ok": False, "text": str(error)})
        raise Failed(str(error)) from error
    _answer(args, folder, {"ok": True, "text": f"version {version} runs"})
    print(f"suntap {version} is installed and runs")
    return DONE


def _private_copy(folder: Path) -> Path:
    """The page's file where nobody else can change it while it is checked; the request is done with."""
    from appliance.update.bundle import MAX_PACKAGE, UpdateError
    (folder / REQUEST).unlink(missing_ok=True)
    target = ROOT / "bundle.part"
    try:
        with open(folder / FILE, "rb") as source, open(target, "wb") as copy:
            copy.write(source.read(MAX_PACKAGE + (1 << 20)))
        (folder / FILE).unlink()
    except OSError as error:
        raise UpdateError(f"{error.filename}: {error.strerror}") from error
    return target


def _answer(args: argparse.Namespace, folder: Path, result: dict[str, object]) -> None:
    if args.requested:
        write_atomic(folder / RESULT, json.dumps(result).encode(), mode=0o644)


def _architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
