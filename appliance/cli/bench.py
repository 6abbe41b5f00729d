"""Measure the capture core on a capture file, beside the floor: the same reader with an empty loop, in one run.

All figures are medians over the runs. Times are for reading the file and extracting every record line from it,
without start-up and without printing them; the file is read into the page cache first.
"""
import argparse

from appliance.cli.capture_options import add_host, add_ports, engine_of, ports_of
from appliance.errors import DONE

REPEAT = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="capture file (pcap or pcapng)")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    parser.add_argument("--repeat", metavar="N", type=_positive, default=REPEAT, help=f"runs (default: {REPEAT})")
    add_host(parser)
    add_ports(parser, "80, or those of the settings file")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number, 1 or more")
    return int(text)


def run(args: argparse.Namespace) -> int:
    from spcore.bench import bench
    ports = ports_of(args)
    engine_of(ports, args.host)  # raises for a wrong --host before the measurement starts
    figures = bench(args.file, args.repeat, ports, args.host)
    if args.json:
        import json
        print(json.dumps(figures))
        return DONE
    print(f"{figures['packets']:,} packets, {figures['bytes'] / 1e6:,.1f} MB: {figures['uploads']:,} uploads, "
          f"{figures['records']:,} records in {figures['seconds']:.3f} s")
    print(f"{figures['ns_per_packet']:.0f} ns per packet; an empty loop takes {figures['floor_ns_per_packet']:.0f} ns "
          f"(ratio {figures['ratio_to_floor']:.2f}); median of {args.repeat}")
    return DONE
