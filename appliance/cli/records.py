"""Print the record lines that a supervisor sent, one per line, as sent (TABs kept).

From capture files, or live from a network interface until Ctrl-C. Lines of an upload of which a part was never
captured are printed too, as far as they are whole; --json says so with "complete": false.
"""
import argparse
import json
import signal
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from appliance.cli import DONE, USAGE, Failed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_PORTS = (80,)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s [--host ADDR] [--port N]... [--json] [--stats] (FILE... | -i IFACE)"
    parser.add_argument("file", nargs="*", metavar="FILE", help="capture file (pcap or pcapng)")
    parser.add_argument("-i", "--interface", metavar="IFACE", help="capture live on this interface")
    parser.add_argument("--host", metavar="ADDR", help="only the supervisor with this address")
    parser.add_argument("--port", metavar="N", type=port, action="append",
                        help="TCP port of the collector, may be repeated (default: 80, or those of --config)")
    parser.add_argument("--json", action="store_true", help="one JSON object per record")
    parser.add_argument("--stats", action="store_true", help="counters as one JSON object on stderr at the end")


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("must be a TCP port, 1 to 65535")
    return int(text)


def ports_of(args: argparse.Namespace) -> tuple[int, ...]:
    """--port, else the ports in --config, else 80. No other settings file is read: a capture file needs none."""
    if args.port:
        return tuple(args.port)
    if args.config:
        from appliance.cli.common import settings_of
        return settings_of(args)[0].capture.ports
    return DEFAULT_PORTS


def run(args: argparse.Namespace) -> int:
    from spcore.engine import Engine
    from spcore.source import open_file, open_live
    if bool(args.file) == bool(args.interface):
        raise Failed("records: give capture files, or -i IFACE", USAGE)
    ports = ports_of(args)
    write = write_json if args.json else write_lines
    counters: dict[str, int] = {}
    stopped = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopped
        stopped = True

    if args.interface:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
    for name in args.file or [None]:
        engine = Engine(ports=ports, host=args.host)
        with open_file(name) if name else open_live(args.interface, 64, ports) as source:
            for uploads in source.run(engine):
                write(uploads)
                if args.interface:
                    sys.stdout.flush()
                if stopped:
                    break
            write(engine.finish())
            for key, value in (engine.counters() | source.counters()).items():
                counters[key] = counters.get(key, 0) + value
    if args.stats:
        print(json.dumps(counters), file=sys.stderr)
    return DONE


def write_lines(uploads: Iterable) -> None:
    """The records of `uploads` as sent. Bytes that are no UTF-8 leave as they came."""
    from spcore.lines import records
    out = sys.stdout.buffer
    for upload in uploads:
        for fields in records(upload.body):
            out.write("\t".join(fields).encode("utf-8", "surrogateescape") + b"\n")


def write_json(uploads: Iterable) -> None:
    """The records of `uploads` as JSON objects, one per line."""
    from spcore.lines import records
    for upload in uploads:
        captured = (EPOCH + timedelta(microseconds=upload.captured_us)).isoformat(timespec="microseconds")
        common = {"captured": captured.replace("+00:00", "Z"), "source": upload.source,
                  "destination": upload.destination, "path": upload.path}
        for fields in records(upload.body):
            print(json.dumps({**common, "record": fields, "complete": upload.complete}))
