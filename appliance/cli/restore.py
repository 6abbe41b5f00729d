"""Check a backup and put it back.

History and settings become those of the backup; its uploads are added to the inbox, so nothing that was captured since
is lost. Nothing is changed when the file is not in order. Stop the supervisor process first.
"""
import argparse
from datetime import UTC, datetime
from pathlib import Path

from appliance import backup, supervisor
from appliance.cli import DONE, USAGE, Failed
from appliance.cli.common import data_dir_of, settings_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a file that `suntap backup` wrote")


def run(args: argparse.Namespace) -> int:
    settings, path = settings_of(args)
    data_dir = data_dir_of(settings)
    with supervisor.lock(data_dir) as alone:
        if not alone:
            raise Failed(f"{data_dir}: suntap is running: stop it first (systemctl stop 'suntap-*')")
        try:
            done = backup.restore(args.file, path, data_dir)
        except backup.BackupError as error:
            raise Failed(str(error), USAGE) from error
    made = datetime.fromtimestamp(done["created"], UTC)
    print(f"restored the backup of {made:%Y-%m-%d %H:%M} UTC: {done['uploads']} uploads added to the inbox")
    if done["note"]:
        raise Failed(done["note"])
    return DONE
