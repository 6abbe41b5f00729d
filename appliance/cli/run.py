"""Run everything: the listener, the recorder, the page and the stand-in.

The processes are `capture` (the listener), `supervisor` (the recorder), `web` (the page), `collector` (the stand-in)
and, as root, `redirect` (brings the PVS's connections to the stand-in). Without a name, the command starts all of them,
starts again those that end, and ends all on Ctrl-C or SIGTERM. With a name, it runs that process in the foreground, as
the systemd units of the image and the package do.
"""
import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from appliance.cli.common import data_dir_of, settings_of
from appliance.errors import DONE, CommandError
from appliance.system.files import try_lock
from appliance.system.process_manager import ProcessManager, python_module
from appliance.system.service import Stop

LOCK = "run.lock"   # held by the parent: only one set of processes may work on a data directory


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("process", nargs="?", choices=("capture", "supervisor", "web", "collector", "redirect"),
                        help="run only this process, in the foreground")
    parser.add_argument("--spool", metavar="DIR", type=Path,
                        help="capture: read (and remove) the capture files that appear in DIR, instead of an interface")


def run(args: argparse.Namespace) -> int:
    settings, path = settings_of(args)
    data_dir = data_dir_of(settings)
    if args.process is None:
        return _family(args, data_dir)
    _become(args, path)


def _family(args: argparse.Namespace, data_dir: Path) -> int:
    options = [text for name, value in (("--config", args.config), ("--data-dir", args.data_dir)) if value
               for text in (name, value)]
    spool = ["--spool", str(args.spool)] if args.spool else []
    with try_lock(data_dir / LOCK) as alone:
        if not alone:
            raise CommandError(f"{data_dir}: suntap runs here already (`suntap status` shows how it is)")
        redirect = {"redirect": ["appliance.cli", "run", "redirect", *options]} if os.geteuid() == 0 else {}
        ProcessManager({
            "capture": ["appliance.cli", "run", "capture", *spool, *options],
            "supervisor": ["appliance.cli", "run", "supervisor", *options], "web": ["webui", *options],
            "collector": ["appliance.cli", "run", "collector", *options], **redirect,
        }, Stop(), lambda line: print(line, file=sys.stderr, flush=True)).run()
    return DONE


def _become(args: argparse.Namespace, path: Path) -> NoReturn:
    """Become the process: same pid and systemd sockets, without the parser and this module in memory."""
    name, data_dir = args.process, args.data_dir or ""
    command = (python_module("webui", "--config", str(path), *(["--data-dir", data_dir] if data_dir else []))
               if name == "web" else
               python_module("appliance.cli.process", name, str(path), data_dir, str(args.spool or "")))
    sys.stderr.flush()
    os.execv(command[0], command)
