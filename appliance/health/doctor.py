"""What is missing on this system for suntap to do its work, and what to do about each.

Each check looks at the real thing (opens the interface, binds the port, writes to the disk) and changes nothing.
"""
import importlib.metadata
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.health import disk
from appliance.ledger.calendar import EARLIEST
from appliance.settings import SettingsError, load
from appliance.system import heartbeat
from appliance.system.clock import Clock

SYS_NET = Path("/sys/class/net")
CAP_NET_RAW = 13
SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")


@dataclass(frozen=True)
class Finding:
    """One check: what it was about, whether it is in order, what was found, what to do."""

    name: str
    ok: bool
    text: str
    advice: str = ""


def examine(path: Path, data_dir: str | Path | None, clock: Clock) -> Iterator[Finding]:
    """All checks, for the settings file at `path`. Without valid settings only what needs none."""
    yield check_pcapy()
    try:
        settings = load(path).with_data_dir(data_dir)
    except SettingsError as error:
        yield Finding("settings", False, str(error), "correct the file, then look again")
        return
    yield check_settings_file(path)
    folder = settings.store.data_dir
    yield check_data_dir(folder)
    yield check_interface(settings.capture.interface)
    yield check_right(settings.capture.interface, folder)
    yield check_port(settings.web.host, settings.web.port, folder)
    yield check_clock(clock)
    yield check_zone(settings.site.timezone)


def check_pcapy() -> Finding:
    """Debian's python3-pcapy is another module of the same name."""
    try:
        import pcapy
    except ImportError as error:
        return Finding("pcapy-ng", False, f"cannot be loaded: {error}", "install it: pip install pcapy-ng")
    if not hasattr(pcapy, "create"):
        return Finding("pcapy-ng", False, f"{pcapy.__file__} is the old pcapy",
                       "remove Debian's package: apt remove python3-pcapy")
    try:
        version = importlib.metadata.version("pcapy-ng")
    except importlib.metadata.PackageNotFoundError:
        version = "without version"
    return Finding("pcapy-ng", True, version)


def check_settings_file(path: Path) -> Finding:
    """It holds the PVOutput key: nobody else may read it."""
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        return Finding("settings", True, f"{path} is not there: built-in defaults hold")
    if mode & 0o077:
        return Finding("settings", False, f"{path} can be read by others (mode {mode:04o})", f"chmod 600 {path}")
    return Finding("settings", True, str(path))


def check_data_dir(folder: Path) -> Finding:
    """A folder that can be written, with room."""
    room = disk.room(folder)
    if room is None:
        parent = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            return Finding("data directory", True, f"{folder} will be made at the first start")
        return Finding("data directory", False, f"{folder} is not there and cannot be made by this user",
                       f"install -d -o $USER {folder}, or choose another store.data_dir")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding("data directory", False, f"{folder} cannot be written: {error.strerror}",
                       "run this as the user who runs suntap, or check the disk")
    text = f"{folder}, {room.free / 1e9:.1f} GB free"
    if room.free < disk.LOW_BYTES:
        return Finding("data directory", False, text, "make room: a year needs about 500 MB")
    return Finding("data directory", True, text)


def check_interface(name: str) -> Finding:
    """There, up, with a carrier."""
    if not (SYS_NET / name).exists():
        known = ", ".join(sorted(entry.name for entry in SYS_NET.iterdir() if entry.name != "lo"))
        return Finding("interface", False, f"{name} does not exist",
                       f"make the bridge, or set capture.interface to one of: {known or 'none found'}")
    ports = SYS_NET / name / "brif"
    members = sorted(entry.name for entry in ports.iterdir()) if ports.exists() else []
    state = (SYS_NET / name / "operstate").read_text().strip()
    if state not in ("up", "unknown"):
        return Finding("interface", False, f"{name} is {state}", f"plug in the cables, or: ip link set {name} up")
    if ports.exists() and len(members) < 2:
        return Finding("interface", False, f"{name} is a bridge with {len(members)} port: {', '.join(members)}",
                       "a second network adapter is needed between supervisor and router")
    return Finding("interface", True, f"{name} is up" + (f", ports {', '.join(members)}" if members else ""))


def check_right(interface: str, data_dir: Path) -> Finding:
    """The capture process runs, or this user could capture."""
    last = heartbeat.read("capture", data_dir)
    if last is not None and last["alive"] and not last.get("problem"):
        return Finding("right to capture", True, f"the capture process (pid {last['pid']}) captures")
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        return Finding("right to capture", False, f"this user may not capture on {interface}",
                       "run the capture process as root or by its systemd unit, which has CAP_NET_RAW")
    except OSError as error:
        return Finding("right to capture", False, str(error.strerror), "the kernel lacks packet sockets")
    return Finding("right to capture", True, "this user may capture")


def check_port(host: str, port: int, data_dir: Path) -> Finding:
    """The page is served, or its port is free."""
    last = heartbeat.read("web", data_dir)
    if last is not None and last["alive"]:
        return Finding("page", True, f"served on port {port} (pid {last['pid']})")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(found[0], found[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except PermissionError:
        return Finding("page", False, f"this user may not listen on port {port}",
                       "the package's suntap-web.socket has it; by hand set web.port to 8080")
    except OSError as error:
        return Finding("page", False, f"{host}:{port}: {error.strerror}",
                       "stop what listens there (ss -ltnp), or set web.port")
    return Finding("page", True, f"port {port} is free")


def check_clock(clock: Clock) -> Finding:
    """Set, and kept by somebody."""
    if clock.time() < EARLIEST:
        return Finding("clock", False, "was never set", "connect to the network: the time comes by NTP")
    if Path("/run/systemd/system").exists() and not SYNCHRONIZED.exists():
        return Finding("clock", True, "set; systemd-timesyncd has not said that it is synchronized")
    return Finding("clock", True, "set")


def check_zone(name: str) -> Finding:
    """The site's zone, which decides where a day ends; the system's own does not matter."""
    return Finding("time zone", True, f"{name} (site.timezone): the site's local time decides where a day ends")
