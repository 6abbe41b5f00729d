"""What a device counts for the site, from what it calls itself (protocol.md).

PVS5 meters: suffix `c` is the net meter at the main panel, `p` the production meter. A meter without such a suffix (the
older WattNode kit) is a net meter.
"""

INVERTER, PRODUCTION, NET = "inverter", "production", "net"


def role(kind: str, serial: str, model: str) -> str:
    """inverter, production or net; "" for a device that counts no energy. The model decides before the serial."""
    if kind == "inverter":
        return INVERTER
    if kind != "meter":
        return ""
    for name in (model, serial):
        suffix = name[-1:].lower()
        if name[:3].upper() == "PVS" and suffix in ("c", "p"):
            return PRODUCTION if suffix == "p" else NET
    return NET
