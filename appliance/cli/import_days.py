"""Take days of before suntap from a file: PVOutput's daily outputs, or a CSV of days such as SunPower's export.

They are shown beside what suntap measured, marked as imported, and are part of nothing else: they are not posted, not
compared and in no sum of measured days. A day that is imported again is replaced. --forget removes all of them.
"""
import argparse
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance import store
from appliance.cli.common import data_dir_of, settings_of
from appliance.errors import DONE, USAGE, CommandError
from appliance.history import earlier
from appliance.system.clock import from_environment
from appliance.system.files import adopt_owner


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="CSV of days, or PVOutput's daily outputs")
    parser.add_argument("--source", metavar="NAME", help="where the days are from (default: the file's name)")
    parser.add_argument("--forget", action="store_true", help="remove all imported days")


def run(args: argparse.Namespace) -> int:
    settings, _ = settings_of(args)
    if bool(args.file) == args.forget:
        raise CommandError("import-days: give a FILE, or --forget", USAGE)
    if args.forget:
        database = store.connect(data_dir_of(settings))
        print(f"{earlier.forget(database)} imported days removed")
        return DONE
    today = datetime.fromtimestamp(from_environment().time(), ZoneInfo(settings.site.timezone)).date()
    with open(args.file, "rb") as file:
        data = file.read(earlier.MAX_BYTES + 1)
    try:
        found = earlier.parse(data, today)
    except earlier.EarlierError as error:
        raise CommandError(f"{args.file}: {error}", USAGE) from error
    data_dir = data_dir_of(settings)
    total = earlier.keep(store.connect(data_dir), found, args.source or Path(args.file).name)
    adopt_owner(data_dir / store.FILE)
    print(f"{len(found)} days from {found[0].day} to {found[-1].day}, {total} imported days in all")
    return DONE
