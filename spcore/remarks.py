"""What an owner should know about a capture that was read: frames cut short, none of the wanted ports, link types.

Remarks are lines for a person, not errors: what could be read was read.
"""
from __future__ import annotations

from spcore.links import LINK_NAMES

TYPE_CHECKING = False                   # typing costs more to import than this module
if TYPE_CHECKING:
    from collections.abc import Sequence

    from spcore.engine import Engine
    from spcore.source import Source

WIRELESS = "Wi-Fi in monitor mode: capture on the wired side, where the supervisor's frames pass unencrypted"
NO_NETWORK = "no network interface: `ip -brief link` lists those there are"
CURES = {
    105: WIRELESS, 119: WIRELESS, 127: WIRELESS, 163: WIRELESS, 192: WIRELESS,
    6: "Token Ring", 10: "FDDI", 177: NO_NETWORK, 187: NO_NETWORK, 189: NO_NETWORK, 201: NO_NETWORK, 220: NO_NETWORK,
    227: NO_NETWORK, 231: NO_NETWORK, 249: NO_NETWORK, 253: NO_NETWORK, 254: NO_NETWORK, 271: NO_NETWORK,
}
"""Link types that are not read and what they are, by LINKTYPE_ number (802.11, USB, Bluetooth, D-Bus, CAN, ...)."""
PORTS, HOSTS = 5, 3
"""So many ports are named, and hosts of each."""


def not_read(link_type: int) -> str:
    """One line for a link type that is not read."""
    known = "Ethernet, Linux cooked (`-i any`), raw IP, PPP, loopback"
    return f"link type {link_type} is not one suntap reads ({known}); it is {CURES[link_type]}" \
        if link_type in CURES else \
        f"link type {link_type} is not one suntap reads ({known}): capture on the Ethernet interface"


def remarks(engine: Engine, source: Source) -> list[str]:
    """Lines about what the engine was fed from a source, for the end of a capture.

    A live source's filter lets nothing but wanted packets through, so it knows nothing of others.
    """
    counters = engine.counters()
    lines = []
    if counters["packets_unreadable"]:
        links = ", ".join(map(str, sorted(source.unread_links))) or "unknown"
        lines.append(f"{counters['packets_unreadable']} packets were not read: link type {links}, "
                     f"where suntap reads {', '.join(sorted(set(LINK_NAMES.values())))}")
    if counters["packets_cut"]:
        lines.append(f"{counters['packets_cut']} packets are cut short, what they lack is lost: capture whole frames "
                     "(tcpdump -s 0, dumpcap -s 0; no packet slicing on the mirror port)")
    if source.readable and not counters["packets_wanted"]:
        lines.append(_instead(engine, counters["packets"]))
    return [f"{source.name}: {line}" for line in lines]


def _instead(engine: Engine, packets: int) -> str:
    """What a capture without a wanted packet holds."""
    ports = ", ".join(map(str, engine.ports))
    wanted = f"no TCP traffic of port {ports}" + (f" and host {engine.host}" if engine.host else "")
    if not packets:
        return f"{wanted}: the capture holds no packets"
    talks = engine.survey()
    if not talks:
        return f"{wanted}, nor of any other, in {packets} packets: is this the right interface or mirror port?"
    found: dict[int, list[tuple[str, int]]] = {}
    for port, server, client, count in talks:
        found.setdefault(port, []).append((f"{client} to {server}", count))
    chosen = sorted(found.items(), key=lambda item: -sum(count for _, count in item[1]))
    said = "; ".join(_port(port, pairs) for port, pairs in chosen[:PORTS])
    more = f"; {len(chosen) - PORTS} more ports" if len(chosen) > PORTS else ""
    return f"{wanted}; there is {said}{more} (--port and --host choose)"


def _port(port: int, pairs: Sequence[tuple[str, int]]) -> str:
    packets = sum(count for _, count in pairs)
    hosts = ", ".join(name for name, _ in pairs[:HOSTS])
    more = f" and {len(pairs) - HOSTS} more" if len(pairs) > HOSTS else ""
    return f"port {port} ({packets} packets: {hosts}{more})"
