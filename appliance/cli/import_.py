"""Take capture files into the inbox and on to slots.

Importing a file again changes nothing. Of a damaged file, what stands before the damage is taken. Where a supervisor
process works on the same data directory, it derives readings and slots from the new uploads; otherwise that is done
here.
"""
import argparse

from appliance import store
from appliance.cli import say
from appliance.cli.common import Complaints, Progress, data_dir_of, settings_of
from appliance.cli.ports import add_host, engine_of
from appliance.store import inbox, integrity
from appliance.supervisor import pipeline
from appliance.supervisor import process as supervisor
from appliance.system.clock import from_environment
from appliance.system.files import adopt_owner
from spcore.remarks import remarks
from spcore.source import open_files


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="capture file (pcap or pcapng, also gzip)")
    add_host(parser)


def run(args: argparse.Namespace) -> int:
    settings, _ = settings_of(args)
    engine, complaints = engine_of(settings.capture.ports, args.host), Complaints()
    with open_files(args.file) as source:  # a mistyped name is found before anything is written
        data_dir = data_dir_of(settings)
        clock = from_environment()
        integrity.check_inbox(data_dir, clock)
        database = inbox.connect(data_dir)
        seen = new = 0
        progress = Progress("uploads")
        for uploads in source.run(engine, complain=complaints):
            new += inbox.append(database, uploads)
            seen += len(uploads)
            progress(seen, 0)
        rest = engine.finish()
        new += inbox.append(database, rest)
        seen += len(rest)
        progress.close()
        for line in remarks(engine, source):
            say(line)
    print(f"{seen} uploads, {new} new")
    with supervisor.lock(data_dir) as alone:
        if not alone:
            print("the running supervisor process derives readings and slots from them")
            return complaints.code
        integrity.check_store(data_dir, clock)
        derived = store.connect(data_dir)
        reading = Progress("uploads derived")
        done = pipeline.derive(database, derived, settings, clock.time(), reading)
        reading.close()
        print(f"{done.readings} readings, {len(done.days)} days changed")
    for path in (data_dir / inbox.FILE, data_dir / store.FILE):
        adopt_owner(path)
    return complaints.code
