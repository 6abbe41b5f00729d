"""Write readings, slots, days, inverters or changes to standard output as CSV or JSON.

Times are ISO 8601 with the site's offset; energy is in Wh with one decimal, power in W; an empty field (JSON: null)
means: not known. `inverters` has a row per inverter and day, `changes` the days that the newest update of suntap counts
otherwise. --from and --to are local dates (YYYY-MM-DD), both included.
"""
import argparse
import sys
from datetime import date
from zoneinfo import ZoneInfo

from appliance import store
from appliance.cli.common import settings_of
from appliance.errors import DONE, USAGE, CommandError
from appliance.history import export

FORMATS = {"csv": export.as_csv, "json": export.as_json}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(export.COLUMNS))
    parser.add_argument("--format", choices=("csv", "json"), default="csv", help="default: csv")
    parser.add_argument("--from", dest="first", metavar="D", type=day, help="first local date")
    parser.add_argument("--to", dest="last", metavar="D", type=day, help="last local date")


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("must be a date such as 2026-05-09") from error


def run(args: argparse.Namespace) -> int:
    if args.first and args.last and args.first > args.last:
        raise CommandError(f"--from {args.first} is after --to {args.last}: give the earlier date first", USAGE)
    settings, _ = settings_of(args)
    columns, form = export.COLUMNS[args.what], FORMATS[args.format]
    if not settings.store.data_dir.is_dir():
        raise CommandError(f"{settings.store.data_dir}: no data directory: nothing to export (check --data-dir)")
    database = store.connect(settings.store.data_dir, readonly=True)
    found = export.rows(database, args.what, ZoneInfo(settings.site.timezone), args.first, args.last)
    for piece in form(columns, found):
        sys.stdout.buffer.write(piece.encode("utf-8", "surrogateescape"))
    return DONE
