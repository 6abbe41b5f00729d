"""The programs that are measured: suntap, the peers built here from C and C++, and tools with a command line.

A peer that is not installed is left out, and the table says so. All but the tools do the same work: JSON per record
on stdout. The tools do what they have closest to it.
"""
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import exact

PEERS = Path(__file__).parent / "peers"
PVS = "192.168.1.50"
FILTER = f"host {PVS}"
TSHARK = ("tshark", "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-T", "fields", "-e", "http.file_data",
          "-Y", 'http.request.method == "POST" && http.request.uri contains "SMS2DataCollector.aspx"', "-r")


@dataclass(frozen=True)
class Program:
    """`rival`: the suntap run it is held against, with or without the filter. `rounds`: at most so many."""

    name: str
    command: tuple[str, ...]
    bodies: Callable[[Path], exact.Bodies] | None = exact.of_json_lines
    directory: Path | None = None        # where it writes, when that is not stdout
    rounds: int = 1000


def suntap(capture: Path, filtered: bool) -> Program:
    """The command as a user types it, from the environment this runs in."""
    script = Path(sys.executable).with_name("suntap")
    chosen = ("--host", PVS) if filtered else ()
    return Program("suntap", (str(script), "records", *chosen, "--json", str(capture)))


def rivals(capture: Path, build: Path, filtered: bool) -> tuple[list[Program], list[str]]:
    """The programs to hold against suntap, and what is missing."""
    chosen = (FILTER,) if filtered else ()
    found, missing = [], []
    for name, package in (("floor", "libpcap-dev"), ("nids", "libnids-dev"), ("tins", "libtins-dev")):
        if not compiled(name, build):
            missing.append(f"{name}: needs {package} and a compiler")
        elif name == "floor":
            found.append(Program("C libpcap, empty loop", (str(build / name), str(capture)), None))
        else:
            found.append(Program(f"lib{name}", (str(build / name), str(capture), *chosen)))
    if filtered:
        flows = build / "flows"
        tool = Program("tcpflow", ("tcpflow", "-q", "-X", "/dev/null", "-r", str(capture), "-o", str(flows),
                                   f"src {FILTER}"), exact.of_flow_files, flows, 3)
    else:
        tool = Program("tshark", (*TSHARK, str(capture)), exact.of_tshark, None, 1)
    if shutil.which(tool.name):
        found.append(tool)
    else:
        missing.append(f"{tool.name}: not installed")
    return found, missing


def compiled(name: str, build: Path) -> bool:
    """Build a peer where its library is installed."""
    build.mkdir(parents=True, exist_ok=True)
    if not shutil.which("make"):
        return False
    made = subprocess.run(["make", "-s", "-C", str(PEERS), f"OUT={build.resolve()}", f"{build.resolve()}/{name}"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return made.returncode == 0
