"""What is missing on this system for suntap to do its work, and what to do about each.

Each check looks at the real thing (opens the interface, binds the port, writes to the disk) and changes nothing.
"""
import importlib.metadata
import importlib.util
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from appliance.collector import NAME, OFF, name_server, pvs_port, redirect
from appliance.health import disk, system_age
from appliance.health.finding import BAD, OK, WARN, Finding
from appliance.ledger.calendar import EARLIEST
from appliance.settings import Settings, SettingsError, load, unknown_keys, value
from appliance.system import bridge, heartbeat
from appliance.system.clock import Clock

SYS_NET = Path("/sys/class/net")
CAP_NET_RAW = 13
SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")


def examine(path: Path, data_dir: str | Path | None, clock: Clock) -> Iterator[Finding]:
    """All checks, for the settings file at `path`. Without valid settings only what needs none."""
    yield check_pcapy()
    try:
        settings = load(path).with_data_dir(data_dir)
    except SettingsError as error:
        yield Finding("settings", BAD, str(error), "correct the file, then look again")
        return
    yield check_settings_file(path)
    for line in unknown_keys(settings):
        yield Finding("settings", WARN, line, "correct its name, or update suntap if a newer version wrote it")
    folder = settings.store.data_dir
    yield check_data_dir(folder)
    yield check_spool(folder) or check_interface(settings.capture.interface)
    yield check_right(settings.capture.interface, folder)
    yield check_port(settings.web.host, settings.web.port, folder)
    if settings.collector.stand_in != OFF:
        yield from check_stand_in(settings.capture.interface)
    yield check_clock(clock)
    if system := system_age.read():
        yield system_age.finding(system, clock.time())
    yield check_zone(settings.site.timezone)
    yield from check_outputs(settings)


def check_outputs(settings: Settings) -> Iterator[Finding]:
    """The outputs that are on have what they need here. Whether the other side answers, Test on the page says."""
    if settings.mqtt.url and importlib.util.find_spec("paho") is None:
        yield Finding("outputs", BAD, "MQTT is on, but its library is not installed",
                      "apt install python3-paho-mqtt, or pip install paho-mqtt")
    on = [name for name in ("mqtt", "lines", "notify") if value(settings, f"{name}.url")]
    if on:
        yield Finding("outputs", OK, f"switched on: {', '.join(on)}; `suntap status` shows whether they get through")


def check_pcapy() -> Finding:
    """Debian's python3-pcapy is another module of the same name."""
    try:
        import pcapy
    except ImportError as error:
        return Finding("pcapy-ng", BAD, f"cannot be loaded: {error}", "install it: pip install pcapy-ng")
    if not hasattr(pcapy, "create"):
        return Finding("pcapy-ng", BAD, f"{pcapy.__file__} is the old pcapy",
                       "remove Debian's package: apt remove python3-pcapy")
    try:
        version = importlib.metadata.version("pcapy-ng")
    except importlib.metadata.PackageNotFoundError:
        version = "without version"
    return Finding("pcapy-ng", OK, version)


def check_settings_file(path: Path) -> Finding:
    """It holds the PVOutput key: nobody else may read it."""
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        return Finding("settings", OK, f"{path} is not there: built-in defaults hold")
    if mode & 0o077:
        return Finding("settings", BAD, f"{path} can be read by others (mode {mode:04o})", f"chmod 600 {path}")
    return Finding("settings", OK, str(path))


def check_data_dir(folder: Path) -> Finding:
    """A folder that can be written, with room."""
    room = disk.room(folder)
    if room is None:
        parent = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            return Finding("data directory", OK, f"{folder} will be made at the first start")
        return Finding("data directory", BAD, f"{folder} is not there and cannot be made by this user",
                       f"install -d -o $USER {folder}, or choose another store.data_dir")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding("data directory", BAD, f"{folder} cannot be written: {error.strerror}",
                       "run this as the user who runs suntap, or check the disk")
    text = f"{folder}, {room.free / 1e9:.1f} GB free"
    if room.free < disk.LOW_BYTES:
        return Finding("data directory", BAD, text, "make room: a year needs about 500 MB")
    return Finding("data directory", OK, text)


def check_spool(data_dir: Path) -> Finding | None:
    """The capture process reads a folder in place of an interface, as in the demo; None if it does not."""
    last = heartbeat.read("capture", data_dir)
    source = str(last.get("interface", "")) if last is not None and last["alive"] else ""
    if not source.startswith("/"):
        return None
    return Finding("interface", OK, f"none is needed: the capture process reads the folder {source}")


def check_interface(name: str) -> Finding:
    """There, up, with a carrier."""
    if name == bridge.ANY:
        joins = bridge.joining_cards()
        return Finding("interface", BAD, f'"any" does not tell the two sides of the bridge {joins} apart',
                       f'set capture.interface to "{joins}"') if joins else Finding("interface", OK, "every interface")
    if not (SYS_NET / name).exists():
        known = ", ".join(sorted(entry.name for entry in SYS_NET.iterdir() if entry.name != "lo"))
        return Finding("interface", BAD, f"{name} does not exist",
                       f"make the bridge, or set capture.interface to one of: {known or 'none found'}")
    ports = SYS_NET / name / "brif"
    members = sorted(entry.name for entry in ports.iterdir()) if ports.exists() else []
    state = (SYS_NET / name / "operstate").read_text().strip()
    if state not in ("up", "unknown"):
        return Finding("interface", BAD, f"{name} is {state}", f"plug in the cables, or: ip link set {name} up")
    if ports.exists() and len(members) < 2:
        return Finding("interface", BAD, f"{name} is a bridge with {len(members)} port: {', '.join(members)}",
                       "plug in a second network adapter: one goes to your SunPower box, one to the router")
    return Finding("interface", OK, f"{name} is up" + (f", ports {', '.join(members)}" if members else ""))


def check_right(interface: str, data_dir: Path) -> Finding:
    """The capture process runs, or this user could capture."""
    last = heartbeat.read("capture", data_dir)
    if last is not None and last["alive"] and not last.get("problem"):
        return Finding("right to capture", OK, f"the capture process (pid {last['pid']}) captures")
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        return Finding("right to capture", BAD, f"this user may not capture on {interface}",
                       "run the capture process as root or by its systemd unit, which has CAP_NET_RAW")
    except OSError as error:
        return Finding("right to capture", BAD, str(error.strerror), "the kernel lacks packet sockets")
    return Finding("right to capture", OK, "this user may capture")


def check_port(host: str, port: int, data_dir: Path) -> Finding:
    """The page is served, or its port is free."""
    last = heartbeat.read("web", data_dir)
    if last is not None and last["alive"]:
        return Finding("page", OK, f"served on port {port} (pid {last['pid']})")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(found[0], found[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except PermissionError:
        return Finding("page", BAD, f"this user may not listen on port {port}",
                       "the package's suntap-web.socket has it; by hand set web.port to 8080")
    except OSError as error:
        return Finding("page", BAD, f"{host}:{port}: {error.strerror}",
                       "stop what listens there (ss -ltnp), or set web.port")
    return Finding("page", OK, f"port {port} is free")


def check_stand_in(interface: str) -> Iterator[Finding]:
    """What the stand-in for SunPower's server needs: two programs, and a bridge whose PVS side is known."""
    for name, path, why in (("dnsmasq", name_server.program(), "the collector's name cannot be answered"),
                            ("nft", redirect.program(), "the PVS's connections cannot be brought here")):
        yield Finding(name, OK, path) if path else Finding(
            name, BAD, f"not installed: {why}", f"apt install {'dnsmasq-base' if name == 'dnsmasq' else 'nftables'}")
    try:
        yield Finding("the PVS's port", OK, pvs_port.find(interface))
    except pvs_port.NoPort as error:
        yield Finding("the PVS's port", WARN, str(error),
                      f"or let the router's DNS answer {NAME} with this machine's address (direct mode)")


def check_clock(clock: Clock) -> Finding:
    """Set, and kept by somebody."""
    if clock.time() < EARLIEST:
        return Finding("clock", BAD, "was never set", "connect to the network: the time comes by NTP")
    if Path("/run/systemd/system").exists() and not SYNCHRONIZED.exists():
        return Finding("clock", OK, "set; systemd-timesyncd has not said that it is synchronized")
    return Finding("clock", OK, "set")


def check_zone(name: str) -> Finding:
    """The site's zone, which decides where a day ends; the system's own does not matter."""
    return Finding("time zone", OK, f"{name} (site.timezone): the site's local time decides where a day ends")
