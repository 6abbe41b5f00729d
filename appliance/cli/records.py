"""Print the record lines that a PVS sent, one per line, as sent (TABs kept).

From capture files, or live from a network interface until Ctrl-C. Several files are one capture, in any order; "-" is
stdin. If a part of an upload was not captured, its whole lines are printed too; --json marks them with
"complete": false.
"""
import argparse
import gc
import sys
from functools import partial

from appliance.cli import say
from appliance.cli.capture_options import add_host, add_ports, engine_of, ports_of
from appliance.cli.common import Complaints
from appliance.errors import USAGE, CommandError

TYPE_CHECKING = False  # typing itself costs milliseconds
if TYPE_CHECKING:
    from spcore.source import Source


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s [--host ADDR] [--port N]... [--json] [--stats] (FILE... | -i IFACE)"
    parser.add_argument("file", nargs="*", metavar="FILE", help="capture file (pcap or pcapng, also gzip)")
    parser.add_argument("-i", "--interface", metavar="IFACE", help="capture live on this interface")
    add_host(parser)
    add_ports(parser, "80, or those of the settings file")
    parser.add_argument("--json", action="store_true", help="one JSON object per record")
    parser.add_argument("--stats", action="store_true", help="counters as one JSON object on stderr at the end")


def run(args: argparse.Namespace) -> int:
    from spcore.lines import LineFormat
    from spcore.remarks import remarks
    if bool(args.file) == bool(args.interface):
        raise CommandError("records: give capture files, or -i IFACE", USAGE)
    ports = ports_of(args)
    lines = LineFormat(json=args.json, terminal=sys.stdout.isatty())
    engine = engine_of(ports, args.host)
    complaints = Complaints()
    stopped = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopped
        stopped = True

    if args.file:
        gc.disable()        # a process of a tenth of a second: looking for cycles costs a twentieth of it
    else:
        import signal
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
    write = sys.stdout.buffer.write
    with _open(args, ports, complaints) as source:
        try:
            for text in source.run(engine, partial(engine.take_lines, lines), complaints):
                if text:
                    write(text)
                    if args.interface:
                        sys.stdout.flush()
                if stopped:
                    break
        finally:                            # whole lines are printed however the loop ends
            engine.end()
            while engine.pending():
                write(engine.take_lines(lines))
        counters = engine.counters() | source.counters() | lines.counters()
        for line in remarks(engine, source):
            say(line)
    if args.stats:
        import json
        print(json.dumps(counters), file=sys.stderr)
    if args.file:
        gc.freeze()         # the end of the process looks for no cycles either: they end with it
    return complaints.code


def _open(args: argparse.Namespace, ports: tuple[int, ...], complaints: Complaints) -> "Source":
    if args.interface:
        from spcore.live import open_live
        return open_live(args.interface, ports=ports, host=args.host)
    from spcore.source import open_files
    return open_files(args.file, complaints)
