"""Save captured uploads, history, settings and the page's password to one file.

May be done while suntap runs. Keep the file private: it holds the PVOutput key.
"""
import argparse
from pathlib import Path

from appliance.cli.common import settings_of
from appliance.errors import DONE, CommandError
from appliance.history import backup
from appliance.system.clock import from_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup to write, such as suntap-backup.tar.gz")


def run(args: argparse.Namespace) -> int:
    settings, path = settings_of(args)
    if not settings.store.data_dir.is_dir():
        raise CommandError(f"{settings.store.data_dir}: no data directory: nothing to save (check --data-dir)")
    target = args.file.absolute()
    if not target.parent.is_dir():
        raise CommandError(f"{target.parent}: no such folder")
    backup.create(target, path, settings.store.data_dir, from_environment())
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB; keep it private: it holds the PVOutput key")
    return DONE
