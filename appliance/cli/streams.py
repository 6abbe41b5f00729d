"""List every TCP direction of capture files: one JSON object each with source, destination, bytes, sha256 and gaps.

Bytes outside gaps are counted and hashed in stream order; a gap is [offset, length] in the stream. Every port is
listed unless --port is given. Several files are one capture, in any order.
"""
import argparse
import json

from appliance.cli.capture_options import add_ports
from appliance.cli.common import Complaints


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="capture file (pcap or pcapng, also gzip)")
    add_ports(parser, "every port")


def run(args: argparse.Namespace) -> int:
    from spcore.digest import streams
    from spcore.source import open_files
    complaints = Complaints()
    with open_files(args.file, complaints) as source:
        for stream in streams(source, tuple(args.port) if args.port else None, complain=complaints):
            print(json.dumps(stream))
    return complaints.code
