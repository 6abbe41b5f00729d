"""Work the history out again from the captured uploads.

Nothing that was captured is touched, and what PVOutput already has is not sent again unless its value changed. If the
recorder runs on the same data directory, it is asked to do it.
"""
import argparse

from appliance import store
from appliance.cli.common import Progress, data_dir_of, settings_of
from appliance.errors import DONE, FAILED, CommandError
from appliance.store import inbox
from appliance.supervisor import command_queue, pipeline
from appliance.supervisor import process as supervisor
from appliance.system.clock import from_environment
from appliance.system.files import adopt_owner
from appliance.system.service import Stop

LOOK_S = 0.5    # seconds between two checks for the recorder's answer


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace) -> int:
    settings, _ = settings_of(args)
    data_dir = data_dir_of(settings)
    clock = from_environment()
    database = store.connect(data_dir)
    with supervisor.lock(data_dir) as alone:
        if alone:
            progress = Progress("uploads worked out")
            done = pipeline.rebuild(inbox.connect(data_dir, readonly=True), database, settings, clock.time(), progress)
            progress.close()
            adopt_owner(data_dir / store.FILE)
            print(f"rebuilt: {done.uploads} uploads, {done.readings} readings, {len(done.days)} days changed")
            return DONE
    number = command_queue.submit(database, clock, "rebuild")
    print("the running recorder works the history out again")
    stop = Stop()
    while (answer := command_queue.result(database, number)) is None:
        if stop.wait(LOOK_S):
            return FAILED
    if "error" in answer:
        raise CommandError(f"rebuild: {answer['error']}")
    print("rebuilt")
    return DONE
