"""Which port of the bridge is the PVS's: the one behind which the default gateway was not heard.

Read from the kernel's tables (appliance.system.bridge), without any right. Nothing is remembered: cables are swapped.
"""
import fcntl
import socket
import struct
from pathlib import Path

from appliance.system.bridge import gateways, is_bridge, learned, port_numbers

SYS_NET = Path("/sys/class/net")
SIOCGIFADDR = 0x8915    # netdevice(7)


class NoPort(Exception):
    """The PVS's port is not known; the text says why and what to do."""


def find(bridge: str) -> str:
    """The PVS's port. Raises NoPort."""
    if not (SYS_NET / bridge).exists():
        raise NoPort(f"there is no interface {bridge}")
    numbers = port_numbers(bridge) if is_bridge(bridge) else {}
    if len(numbers) < 2:
        raise NoPort(f"{bridge} is no bridge of two ports: only the router's DNS can bring the PVS here (direct mode)")
    if not address(bridge):
        raise NoPort(f"{bridge} has no IPv4 address: the PVS could not be answered")
    heard = learned(bridge)
    routers = {heard[mac] for mac in gateways(bridge) if mac in heard}
    if not routers:
        raise NoPort("the router was not heard on any port of the bridge yet: is its cable in?")
    others = [port for port, number in numbers.items() if number not in routers]
    alive = [port for port in others if has_carrier(port)]
    if len(others) != 1 and len(alive) != 1:
        raise NoPort(f"{', '.join(others) or 'no port'}: which one is the PVS's cannot be told")
    return others[0] if len(others) == 1 else alive[0]


def address(interface: str) -> str:
    """An IPv4 address of `interface`; "" where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        try:
            answer = fcntl.ioctl(channel, SIOCGIFADDR, struct.pack("256s", interface.encode()[:15]))
        except OSError:
            return ""
    return socket.inet_ntoa(answer[20:24])


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
