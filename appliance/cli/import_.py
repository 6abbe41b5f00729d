"""Take capture files into the inbox and on to slots.

What is in a file counts, because you vouch for it; --source takes only what one PVS sent. Importing a file again
changes nothing. Of a damaged file, what stands before the damage is taken. Where a supervisor process works on the same
data directory, it derives readings and slots from the new uploads; otherwise that is done here.
"""
import argparse

from appliance import store
from appliance.cli import complain
from appliance.cli.common import Progress, data_dir_of, settings_of
from appliance.cli.ports import add_host, engine_of
from appliance.errors import DONE
from appliance.store import inbox, integrity, senders
from appliance.supervisor import pipeline
from appliance.supervisor import process as supervisor
from appliance.system.clock import from_environment
from appliance.system.files import adopt_owner
from spcore.source import CaptureError, open_file


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="capture file (pcap or pcapng)")
    parser.add_argument("--source", metavar="WHO",
                        help="only uploads of this IP or hardware address, or of the supervisor with this serial")
    add_host(parser)


def run(args: argparse.Namespace) -> int:
    settings, _ = settings_of(args)
    ports, code = settings.capture.ports, DONE
    engine_of(ports, args.host)
    for name in args.file:  # a mistyped name is found before anything is written
        with open_file(name):
            pass
    data_dir = data_dir_of(settings)
    clock = from_environment()
    integrity.check_inbox(data_dir, clock)
    database = inbox.connect(data_dir)
    seen = new = 0
    progress = Progress("uploads")
    for name in args.file:
        engine = engine_of(ports, args.host)
        try:
            with open_file(name) as source:
                for uploads in source.run(engine):
                    wanted = [upload for upload in uploads if senders.is_from(upload, args.source)]
                    new += inbox.append(database, wanted)
                    seen += len(wanted)
                    progress(seen, 0)
        except CaptureError as error:  # what was whole before the damage, and the other files, count all the same
            progress.close()
            code = complain(error)
        rest = [upload for upload in engine.finish() if senders.is_from(upload, args.source)]
        new += inbox.append(database, rest)
        seen += len(rest)
    progress.close()
    print(f"{seen} uploads, {new} new")
    with supervisor.lock(data_dir) as alone:
        if not alone:
            print("the running supervisor process derives readings and slots from them")
            return code
        integrity.check_store(data_dir, clock)
        derived = store.connect(data_dir)
        reading = Progress("uploads derived")
        done = pipeline.derive(database, derived, settings, clock.time(), reading)
        reading.close()
        print(f"{done.readings} readings, {len(done.days)} days changed")
    for path in (data_dir / inbox.FILE, data_dir / store.FILE):
        adopt_owner(path)
    return code
