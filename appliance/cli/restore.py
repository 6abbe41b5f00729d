"""Check a backup and put it back.

History and settings become those of the backup; its uploads are added to those of this box, which are kept.
If the file is not valid, nothing is changed. The history, settings and password from before are kept in the data
directory, folder before-restore. Stop the recorder and the page first (systemctl stop
suntap-supervisor suntap-web).
"""
import argparse
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from appliance.cli.common import data_dir_of, settings_of, user
from appliance.errors import DONE, USAGE, CommandError
from appliance.history import backup
from appliance.settings import DATA_DIR
from appliance.supervisor import process as supervisor

NO_BACKUP = "the page was given no backup: `suntap restore FILE` takes one by hand"
PAGE_USER, CAPTURE_USER = "suntap", "suntap-capture"


def arguments(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("file", nargs="?", metavar="FILE", type=Path, help="a file that `suntap backup` wrote")
    chosen.add_argument("--uploads", action="store_true",
                        help="for the service: add the uploads of the backup that the page was given")


def run(args: argparse.Namespace) -> int:
    if args.uploads:
        return _uploads(args)
    settings, path = settings_of(args)
    data_dir = data_dir_of(settings)
    installed = data_dir == DATA_DIR
    with supervisor.lock(data_dir) as alone:
        if not alone:
            raise CommandError(f"{data_dir}: suntap is running: stop it first, and start it afterwards"
                         " (systemctl stop suntap-supervisor suntap-web)")
        try:
            with open(args.file, "rb") as source:
                done = backup.restore(source, path, data_dir, user(PAGE_USER) if installed else None,
                                      user(CAPTURE_USER) if installed else None)
        except backup.BackupError as error:
            raise CommandError(str(error), USAGE) from error
    made = datetime.fromtimestamp(done["created"], UTC)
    if done["uploads"] is None:
        raise CommandError(f"restored the backup of {made:%Y-%m-%d %H:%M} UTC without its uploads: run this as root, "
                           "because another user owns the captured uploads")
    print(f"restored the backup of {made:%Y-%m-%d %H:%M} UTC: {done['uploads']} uploads added")
    return DONE


def _uploads(args: argparse.Namespace) -> int:
    """Add the backup's uploads, for suntap-restore.service. Reads no settings: the services' data folder is fixed."""
    data_dir = Path(args.data_dir or DATA_DIR)
    pending = backup.handover(data_dir)
    try:
        with pending.claim() as source:
            pending.report(None, "suntap adds its reports.")
            added = backup.add_uploads(source, data_dir)
    except (backup.BackupError, OSError, sqlite3.Error) as error:
        reason = NO_BACKUP if isinstance(error, FileNotFoundError) else str(error)
        pending.report(False, f"the reports were not added: {reason}")
        raise CommandError(reason) from error
    else:
        pending.report(True, f"{added} reports of the backup were added")
    finally:
        pending.remove()
    print(f"{added} uploads added")
    return DONE
