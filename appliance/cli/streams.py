"""List every TCP direction of capture files: one JSON object each with source, destination, bytes, sha256 and gaps.

Bytes outside gaps are counted and hashed in stream order; a gap is [offset, length] in the stream. Every port is
listed unless --port is given.
"""
import argparse
import json

from appliance.cli import complain
from appliance.cli.ports import add_ports
from appliance.errors import DONE


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="capture file (pcap or pcapng)")
    add_ports(parser, "every port")


def run(args: argparse.Namespace) -> int:
    from spcore.digest import streams
    from spcore.source import CaptureError, open_file
    code = DONE
    for name in args.file:
        try:
            with open_file(name) as source:
                for stream in streams(source, tuple(args.port) if args.port else None):
                    print(json.dumps(stream))
        except CaptureError as error:  # the other files' streams are listed all the same
            code = complain(error)
    return code
