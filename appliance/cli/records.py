"""Print the record lines that a PVS sent, one per line, as sent (TABs kept).

From capture files, or live from a network interface until Ctrl-C. Lines of an upload of which a part was never
captured are printed too, as far as they are whole; --json says so with "complete": false.
"""
import argparse
import signal
import sys
from functools import partial

from appliance.cli import complain
from appliance.cli.ports import add_host, add_ports, engine_of, ports_of
from appliance.errors import DONE, USAGE, CommandError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s [--host ADDR] [--port N]... [--json] [--stats] (FILE... | -i IFACE)"
    parser.add_argument("file", nargs="*", metavar="FILE", help="capture file (pcap or pcapng)")
    parser.add_argument("-i", "--interface", metavar="IFACE", help="capture live on this interface")
    add_host(parser)
    add_ports(parser, "80, or those of the settings file")
    parser.add_argument("--json", action="store_true", help="one JSON object per record")
    parser.add_argument("--stats", action="store_true", help="counters as one JSON object on stderr at the end")


def run(args: argparse.Namespace) -> int:
    from spcore.lines import LineFormat
    from spcore.source import CaptureError, open_file, open_live
    if bool(args.file) == bool(args.interface):
        raise CommandError("records: give capture files, or -i IFACE", USAGE)
    ports = ports_of(args)
    lines = LineFormat(json=args.json, terminal=sys.stdout.isatty())
    totals: dict[str, int] = {}
    stopped = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopped
        stopped = True

    if args.interface:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
    write = sys.stdout.buffer.write
    code = DONE
    for name in args.file or [""]:
        engine = engine_of(ports, args.host)
        try:
            with (open_live(args.interface, ports=ports, host=args.host) if args.interface
                  else open_file(name)) as source:
                try:
                    for text in source.run(engine, partial(engine.take_lines, lines)):
                        if text:
                            write(text)
                            if args.interface:
                                sys.stdout.flush()
                        if stopped:
                            break
                finally:                            # a damaged file's whole uploads are printed all the same
                    engine.end()
                    while engine.pending():
                        write(engine.take_lines(lines))
                    for key, value in (engine.counters() | source.counters()).items():
                        totals[key] = totals.get(key, 0) + value
        except CaptureError as error:               # and so are the other files'
            code = complain(error)
    if args.stats:
        import json
        print(json.dumps(totals | lines.counters()), file=sys.stderr)
    return code
