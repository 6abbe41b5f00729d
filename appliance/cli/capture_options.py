"""The --port and --host options of the commands that read captures. Light imports only: `suntap records` needs it."""
import argparse
import os

from appliance.errors import USAGE, CommandError

TYPE_CHECKING = False  # typing itself costs milliseconds
if TYPE_CHECKING:
    from spcore.engine import Engine

DEFAULT_PORTS = (80,)


def add_ports(parser: argparse.ArgumentParser, default: str) -> None:
    """Declare --port, which may be repeated."""
    parser.add_argument("--port", metavar="N", type=_port, action="append",
                        help=f"TCP port of the collector, may be repeated (default: {default})")


def add_host(parser: argparse.ArgumentParser) -> None:
    """Declare --host."""
    parser.add_argument("--host", metavar="ADDR", help="only the PVS with this IP address")


def engine_of(ports: tuple[int, ...], host: str | None) -> "Engine":
    """Return the engine for these ports and --host. Raises CommandError if --host is no address."""
    from spcore.engine import Engine
    try:
        return Engine(ports=ports, host=host)
    except ValueError as error:
        raise CommandError(f"--host: {error}", USAGE) from None


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("must be a TCP port, 1 to 65535")
    return int(text)


def ports_of(args: argparse.Namespace) -> tuple[int, ...]:
    """Return --port, else the settings file's ports if there is a file, else 80. Raises SettingsError."""
    if args.port:
        return tuple(args.port)
    if args.config or os.environ.get("SUNTAP_CONFIG") or os.path.exists("/etc/suntap/suntap.toml"):
        from appliance.cli.common import settings_of
        return settings_of(args)[0].capture.ports
    return DEFAULT_PORTS
