"""Every bound of the capture core, by name.

Memory stays below `max_memory` plus the flow table for any input; data that a bound cuts off is counted under the
counter named beside it (`suntap records --stats`). Values are for one household behind a 512 MB machine, with room.
"""


class Limits:
    """Bounds of one Engine: `Limits(max_queue=4096)` changes one. Sizes in bytes, times in microseconds of packet time.

    Raises TypeError for a name that is no limit. (Not a dataclass: importing those takes longer than reading 50,000
    packets, and `suntap records` starts often.)
    """

    max_flows = 32_768
    """TCP connections remembered at once; least recently active goes first. Counter: flows_evicted."""
    max_embryonic = 8_192
    """Of these, connections that carried no data yet or have ended. Counter: embryonic_evicted."""
    max_memory = 16 << 20
    """Bytes held for reordered segments, fragments and unfinished uploads together. Counter: memory_evicted."""
    max_queue = 1 << 20
    """Bytes queued behind one hole before it is declared lost. Counter: holes_by_queue."""
    max_ranges = 1_024
    """Separate pieces queued in one stream before the first hole is declared. Counter: holes_by_queue."""
    max_ack_jump = 1 << 30
    """How far from the delivered bytes an ACK may lie: no window is larger (RFC 7323). Counter: acks_outside."""
    max_datagrams = 1_024
    """IP datagrams in reassembly at once; oldest out first. Counter: datagrams_evicted."""
    max_fragments = 128
    """Separate pieces of one datagram; an Ethernet makes 45 of the largest. Counter: fragments_bad."""
    fragment_age = 30_000_000
    """How long a datagram waits for missing fragments (RFC 791: 15 s, Linux: 30 s). Counter: datagrams_expired."""
    ack_grace = 200_000
    """How long after an ACK passed a hole its bytes may still turn up in the capture. Counter: holes_by_ack."""
    queue_age = 60_000_000
    """How long segments wait behind a hole that was not acknowledged. Counter: holes_by_age."""
    idle_age = 300_000_000
    """A connection silent for so long is finished and forgotten. Counter: flows_expired."""
    max_clock_step = 10_000_000
    """Ages grow by at most this much from one packet to the next: a clock set at boot ends nothing early."""
    max_head = 16 << 10
    """Request line and headers of one HTTP request. Counter: head_too_long."""
    max_path = 512
    """An upload's request target; every output line repeats it. A longer one is skipped. Counter: requests_skipped."""
    max_content_length = 1 << 30
    """A body, or a chunk of one, announced longer is taken for a lie. Counter: bad_length."""
    max_body_part = 256 << 10
    """A longer body is given out in parts, cut behind a line. Counter: body_parts."""
    max_line = 4 << 10
    """A record line. Counter: lines_too_long."""
    max_nesting = 8
    """Tunnels inside tunnels around one segment. Counter: nested_too_deep."""
    max_packet = 1 << 20
    """Bytes of one frame in a capture file; a record that claims more is damage, and ends the file. Its error says so.
    Linux gives out merged segments of up to 512 KiB."""
    max_interfaces = 4_096
    """Interfaces described in one section of a pcapng file; packets of further ones are not read.
    Counter: packets_unreadable."""
    max_description = 1 << 20
    """Bytes of an interface's block with all its options in a pcapng file; a longer one is damage, and ends the file.
    Its error says so."""
    max_number = 9
    """Digits of a record line's first field. Counter: lines_without_number."""
    window_slack = 256 << 10
    """How far beyond the receiver's advertised window a segment may lie (its ACK may be captured later)."""
    unknown_window = 4 << 20
    """The window taken for granted while the receiver's side was not seen."""

    batch_bytes = 64 << 10
    """Uploads or stream bytes waiting to be taken: then the loop pauses, and nothing is lost."""
    batch_events = 1 << 14
    """Streams mode: events waiting to be taken, likewise."""
    piece_bytes = 1 << 20
    """Output lines formatted at once; the rest of a batch waits for the next call."""

    def __init__(self, **changes: int) -> None:
        for name, value in changes.items():
            if name.startswith("_") or not hasattr(type(self), name):
                raise TypeError(f"{name} is not a limit")
            setattr(self, name, value)
