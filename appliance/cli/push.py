"""Post to PVOutput what waits, within its quota.

Ends when nothing waits, when PVOutput refuses the settings, or after --max-wait seconds. If the recorder runs on
the same data directory, it posts and this command waits for it. Exit code 0: nothing waits; 3: something still does.
"""
import argparse
from dataclasses import replace

from appliance import store
from appliance.cli.common import Progress, data_dir_of, settings_of
from appliance.errors import DONE, WAITING, CommandError
from appliance.pvoutput import outbox, poster, views
from appliance.settings import Settings
from appliance.store import inbox
from appliance.supervisor import pipeline
from appliance.supervisor import process as supervisor
from appliance.system.clock import from_environment
from appliance.system.service import Stop

LOOK_S = 1.0    # real seconds between two checks of another process's posts


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-wait", metavar="S", type=seconds, default=float("inf"),
                        help="give up after S seconds (default: as long as the quota needs)")


def seconds(text: str) -> float:
    """Parse a time to wait, in seconds. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError("must be a number of seconds, 0 or more")
    return float(text)


def run(args: argparse.Namespace) -> int:
    settings, path = settings_of(args)
    if not settings.pvoutput.api_key or not settings.pvoutput.system_id:
        raise CommandError(f"push: no PVOutput account: set api_key and system_id of [pvoutput] in {path}, "
                           "or on the page")
    data_dir = data_dir_of(settings)
    clock, stop, progress = from_environment(), Stop(), Progress("slots that wait")
    database = store.connect(data_dir)
    why = ""
    with supervisor.lock(data_dir) as alone:
        if alone:
            pipeline.derive(inbox.connect(data_dir), database, settings, clock.time())
        end = clock.steady()[1] + args.max_wait
        while (left := outbox.waiting(database)) and not stop.is_set():
            progress(left)
            wait = LOOK_S
            if alone:
                step = poster.step(database, enabled(settings), clock)
                why, wait = step.what, clock.sleep_seconds(step.wait_s)
            remaining = clock.sleep_seconds(end - clock.steady()[1])
            if wait > remaining or (wait > 0 and views.trouble(database, settings)):
                break
            stop.wait(wait)
    progress.close()
    if left:
        print(f"{left} slots wait{f': {why}' if why else ''}")
        return WAITING
    print("nothing waits")
    return DONE


def enabled(settings: Settings) -> Settings:
    """Return the settings with posting switched on, because `push` asks for it."""
    return replace(settings, pvoutput=replace(settings.pvoutput, enabled=True))
