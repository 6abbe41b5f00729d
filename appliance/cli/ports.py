"""The --port option of the commands that read captures. Imports nothing heavy: `suntap records` starts with it."""
import argparse
import os

DEFAULT_PORTS = (80,)


def add_ports(parser: argparse.ArgumentParser, default: str) -> None:
    """Declares --port, which may be repeated."""
    parser.add_argument("--port", metavar="N", type=_port, action="append",
                        help=f"TCP port of the collector, may be repeated (default: {default})")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("must be a TCP port, 1 to 65535")
    return int(text)


def ports_of(args: argparse.Namespace) -> tuple[int, ...]:
    """--port, else the settings file's where there is one, else 80. Raises SettingsError."""
    if args.port:
        return tuple(args.port)
    if args.config or os.environ.get("SUNTAP_CONFIG") or os.path.exists("/etc/suntap/suntap.toml"):
        from appliance.cli.common import settings_of
        return settings_of(args)[0].capture.ports
    return DEFAULT_PORTS
