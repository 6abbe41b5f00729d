"""Add the uploads of capture files to the history.

All uploads in a file count, because you vouch for it; --source takes only the uploads of one PVS. Importing a file
again changes nothing. Several files are one capture, in any order; the next file of a ring may also be imported later.
A damaged file is imported up to the damage.
If the recorder runs on the same data directory, it works the history out from the new uploads; otherwise this command
does.
"""
import argparse
import sqlite3
from itertools import chain

from appliance import store
from appliance.cli import import_ring, say
from appliance.cli.capture_options import add_host, engine_of
from appliance.cli.common import Complaints, Progress, data_dir_of, settings_of
from appliance.store import inbox, integrity, trust
from appliance.supervisor import pipeline
from appliance.supervisor import process as supervisor
from appliance.system.clock import from_environment
from appliance.system.files import adopt_owner
from spcore.engine import Engine
from spcore.remarks import remarks
from spcore.source import FileSource, open_files


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="capture file (pcap or pcapng, also gzip)")
    parser.add_argument("--source", metavar="WHO",
                        help="only uploads of this IP or hardware address, or of the PVS with this serial number")
    add_host(parser)


def run(args: argparse.Namespace) -> int:
    settings, _ = settings_of(args)
    engine, complaints = engine_of(settings.capture.ports, args.host), Complaints()
    with open_files(args.file) as source:  # raises for a mistyped name before anything is written
        data_dir = data_dir_of(settings)
        clock = from_environment()
        integrity.check_inbox(data_dir, clock)
        database = inbox.connect(data_dir)
        if earlier := import_ring.before(data_dir, args.file, source.first_us()):
            source.add(earlier)
            print(f"continues {earlier}, which was imported before")
        progress = Progress("uploads")
        seen, new = _take_in(source, engine, database, args.source, complaints, progress)
        progress.close()
        last_us, name = source.last
        import_ring.remember(data_dir, name, last_us)
        for line in remarks(engine, source):
            say(line)
    print(f"{seen} uploads, {new} new")
    with supervisor.lock(data_dir) as alone:
        if not alone:
            print("the running recorder works the history out from them")
            return complaints.code
        integrity.check_store(data_dir, clock)
        derived = store.connect(data_dir)
        reading = Progress("uploads worked out")
        done = pipeline.derive(database, derived, settings, clock.time(), reading)
        reading.close()
        print(f"{done.readings} readings, {len(done.days)} days changed")
    for path in (data_dir / inbox.FILE, data_dir / store.FILE):
        adopt_owner(path)
    return complaints.code


def _take_in(source: FileSource, engine: Engine, database: sqlite3.Connection, sender: str | None,
             complaints: Complaints, progress: Progress) -> tuple[int, int]:
    """Put every upload of the files into the inbox. Returns (uploads seen, uploads that are new)."""
    seen = new = 0
    for uploads in chain(source.run(engine, complain=complaints), map(Engine.finish, [engine])):
        wanted = [upload for upload in uploads if trust.is_from(upload, sender)]
        new += inbox.append(database, wanted)
        seen += len(wanted)
        progress(seen, 0)
    return seen, new
