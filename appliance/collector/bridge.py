"""Which port of the bridge is the PVS's: the one behind which the default gateway is not.

Read with iproute2's programs, which need no right for it. Nothing is remembered: cables are swapped.
"""
import json
import os
import subprocess
from pathlib import Path
from typing import Any

SYS_NET = Path("/sys/class/net")
PLACES = "/usr/sbin:/sbin:/usr/bin"
TIMEOUT_S = 5


class NoPort(Exception):
    """The PVS's port is not known; the text says why and what to do."""


def pvs_port(bridge: str) -> str:
    """The PVS's port. Raises NoPort."""
    members = SYS_NET / bridge / "brif"
    if not (SYS_NET / bridge).exists():
        raise NoPort(f"there is no interface {bridge}")
    ports = sorted(port.name for port in members.iterdir()) if members.is_dir() else []
    if len(ports) < 2:
        raise NoPort(f"{bridge} is no bridge of two ports: only the router's DNS can bring the PVS here (direct mode)")
    if not address(bridge):
        raise NoPort(f"{bridge} has no IPv4 address: the PVS could not be answered")
    gateway = gateway_mac(bridge)
    learned = {entry["ifname"] for entry in _ask("bridge", "-j", "fdb", "show", "br", bridge)
               if entry.get("mac") == gateway and entry.get("ifname") in ports}
    others = [port for port in ports if port not in learned]
    if len(learned) != 1:
        raise NoPort("the router was not seen on any port of the bridge yet")
    if len(others) > 1:
        up = [port for port in others if has_carrier(port)]
        if len(up) != 1:
            raise NoPort(f"{', '.join(others)}: which of them is the PVS's cannot be told")
        others = up
    return others[0]


def gateway_mac(bridge: str) -> str:
    """The hardware address of the default gateway behind `bridge`. Raises NoPort."""
    routes = _ask("ip", "-j", "-4", "route", "show", "default")
    gateways = {route.get("gateway") for route in routes if route.get("dev") == bridge}
    if not gateways - {None}:
        raise NoPort(f"{bridge} has no default gateway: is the router's cable in?")
    for entry in _ask("ip", "-j", "-4", "neigh", "show", "dev", bridge):
        if entry.get("dst") in gateways and entry.get("lladdr"):
            return str(entry["lladdr"])
    raise NoPort("the router does not answer on the bridge")


def address(interface: str) -> str:
    """An IPv4 address of `interface`; "" where it has none."""
    for link in _ask("ip", "-j", "-4", "address", "show", "dev", interface):
        for one in link.get("addr_info", []):
            if one.get("scope") == "global" and one.get("local"):
                return str(one["local"])
    return ""


def mac(interface: str) -> str:
    """The hardware address of `interface`; "" where there is no such interface."""
    try:
        return (SYS_NET / interface / "address").read_text().strip()
    except OSError:
        return ""


def has_carrier(interface: str) -> bool:
    """Whether a cable with somebody at its other end is in."""
    try:
        return (SYS_NET / interface / "carrier").read_text().strip() == "1"
    except OSError:
        return False


def _ask(*command: str) -> list[dict[str, Any]]:
    """The JSON that an iproute2 program prints. Raises NoPort where it does not."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True, stdin=subprocess.DEVNULL,
                              env={**os.environ, "PATH": PLACES})
        found = json.loads(done.stdout or b"[]")
        return [entry for entry in found if isinstance(entry, dict)]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise NoPort(f"{command[0]}: cannot be asked ({type(error).__name__}): is iproute2 installed?") from error
