"""Show who sends uploads, and decide whose uploads count.

The first sender on the PVS's side is trusted automatically; every other sender is set aside until you decide. If you
set something aside, its uploads leave the history and the days are worked out again. If you trust or restore it, they
come back from its first upload on. Posts to PVOutput follow. Without an option, the command lists the senders and
everything that is set aside.
"""
import argparse
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from appliance import store
from appliance.cli.common import Progress, data_dir_of, settings_of
from appliance.errors import DONE, CommandError
from appliance.history import senders as listed
from appliance.ledger import senders
from appliance.store import inbox
from appliance.store.trust import ASIDE, TRUSTED
from appliance.supervisor import command_queue, commands, pipeline
from appliance.supervisor import process as supervisor
from appliance.system.clock import from_environment
from appliance.system.files import adopt_owner
from appliance.system.service import Stop

LOOK_S = 0.5    # seconds between two checks for the recorder's answer

Wish = tuple[str, dict[str, Any]]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "suntap senders [one of the options below]"
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--trust", metavar="N", type=int, help="count what sender N sent")
    which.add_argument("--set-aside", metavar="N", type=int, help="count nothing of sender N")
    which.add_argument("--set-device-aside", metavar="SERIAL", help="leave a device out of the history")
    which.add_argument("--restore-device", metavar="SERIAL", help="take a device in again")
    which.add_argument("--uploads", metavar="COUNT", type=int, help="list the newest uploads with their ids")
    which.add_argument("--set-upload-aside", metavar="ID", type=int, help="leave one upload out of the history")
    which.add_argument("--restore-upload", metavar="ID", type=int, help="take one upload in again")


def run(args: argparse.Namespace) -> int:
    settings, path = settings_of(args)
    data_dir = data_dir_of(settings)
    clock = from_environment()
    with closing(store.connect(data_dir)) as database, closing(inbox.connect(data_dir, readonly=True)) as received:
        if args.uploads is not None:
            _list_uploads(received, args.uploads)
            return DONE
        for name, argument in _wishes(args, database):
            with supervisor.lock(data_dir) as alone:
                if alone:
                    progress = Progress("uploads worked out")
                    work = commands.Work(database, received, settings, path, clock, progress)
                    commands.COMMANDS[name](work, argument)
                    done = pipeline.derive(received, database, settings, clock.time(), progress)
                    progress.close()
                    adopt_owner(data_dir / store.FILE)
                    print(f"{len(done.days)} days changed")
                else:
                    _wait_for(database, command_queue.submit(database, clock, name, argument))
                    print("the running recorder works the days out again")
        _list(received, database)
    return DONE


def _wishes(args: argparse.Namespace, database: sqlite3.Connection) -> list[Wish]:
    """Return the commands of the option, with their arguments. Raises CommandError if no device has the serial."""
    for number, name, what in (
            (args.trust, "sender", {"decision": TRUSTED}), (args.set_aside, "sender", {"decision": ASIDE}),
            (args.set_upload_aside, "upload", {"aside": True}), (args.restore_upload, "upload", {"aside": False})):
        if number is not None:
            return [(name, {"id": number, **what})]
    for serial, aside in ((args.set_device_aside, True), (args.restore_device, False)):
        if serial is not None:
            devices = senders.devices_named(database, serial)
            if not devices:
                raise CommandError(f"no device has the serial number {serial}: the page and `suntap export readings`"
                                   " show them")
            return [("device", {"id": device, "aside": aside}) for device in devices]
    return []


def _wait_for(database: sqlite3.Connection, number: int) -> None:
    stop = Stop()
    while (answer := command_queue.result(database, number)) is None:
        if stop.wait(LOOK_S):
            raise CommandError("stopped waiting: the recorder carries it out all the same")
    if "error" in answer:
        raise CommandError(str(answer["error"]))


def _list(received: sqlite3.Connection, database: sqlite3.Connection) -> None:
    found = listed.listing(received, database)
    print(f"{'N':>4}  {'state':<8} {'why':<8} {'hardware address':<18} {'PVS':<22} {'uploads':>8}"
          "  first and last (UTC)")
    for one in found:
        side = "  from the router's side" if one.from_router else ""
        print(f"{one.id:>4}  {one.state:<8} {one.how:<8} {_shown(one.mac):<18} {_shown(one.serial):<22}"
              f" {one.uploads:>8}  {_time(one.first)}  {_time(one.last)}{side}")
    for title, rows in (("devices set aside", listed.devices_aside(database)),
                        ("uploads set aside", listed.uploads_aside(received, database))):
        if rows:
            print(f"\n{title}")
            for row in rows:
                print(f"{row.id:>9}  {_shown(row.text)}{f' ({_shown(row.reason)})' if row.reason else ''}")


def _list_uploads(received: sqlite3.Connection, count: int) -> None:
    for number, upload in inbox.newest(received, max(0, count)):
        print(f"{number:>9}  {_time(upload.captured_us // 1_000_000)}  {upload.source:<22} {len(upload.body):>8} bytes"
              f"  {_shown(upload.path)[:60]}")


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _shown(text: str) -> str:
    """Return text from the wire without control characters for a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text) or "-"
