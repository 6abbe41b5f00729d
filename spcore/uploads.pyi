class Upload:
    """One HTTP POST of a PVS, with its sender and receiver."""

    captured_us: int
    """Packet time of the segment that completed it, microseconds since 1970 UTC."""
    source: str
    """Sender, "ip:port", IPv6 in brackets."""
    destination: str
    """Receiver, in the same form."""
    path: str
    """Request target; bytes that are not UTF-8 as surrogate escapes."""
    body: bytes
    """Record lines as sent."""
    complete: bool
    """False when a hole or a cut left only some whole lines."""
    source_mac: str
    """Sender's MAC in the first frame of this direction of the connection, "02:00:5e:00:53:01". On a bridge the sender
    itself, behind a router that router's. "" where the link has none (raw IP, loopback) or is not known (inbox)."""
    destination_mac: str
    """Receiver's MAC in that frame; "" also in Linux cooked captures, which do not have it."""
    vlan: tuple[int, ...]
    """802.1Q ids, outermost first; () = untagged."""
    def __init__(
        self,
        captured_us: int,
        source: str,
        destination: str,
        path: str,
        body: bytes,
        complete: bool,
        source_mac: str = "",
        destination_mac: str = "",
        vlan: tuple[int, ...] = (),
    ) -> None: ...
