"""How much one sender may bring to the stand-in: a bucket of requests and a bucket of bytes for each device.

A PVS that drains years of backlog stays inside; a device of the house that floods empties its own buckets and no
other's, whatever addresses it takes.
"""
from appliance.system.token_buckets import Bucket, TokenBuckets

REQUESTS_A_SECOND, REQUESTS_AT_ONCE = 500.0, 1000.0
BYTES_A_SECOND, BYTES_AT_ONCE = 4096.0, 256.0 * (1 << 20)   # a PVS sends 10 bytes a second, 816,099 points are 90 MB
MAX_SOURCES = 32


class Bounds:
    """The buckets of all senders; times are seconds of a clock that nobody sets."""

    def __init__(self, max_sources: int = MAX_SOURCES) -> None:
        self.buckets = TokenBuckets((Bucket(REQUESTS_AT_ONCE, REQUESTS_A_SECOND),
                                     Bucket(BYTES_AT_ONCE, BYTES_A_SECOND)), max_sources)

    def admit(self, sender: str, size: int, now: float) -> bool:
        """Whether a request of `size` bytes by `sender` (hardware address, or IP address) is within bounds; then it is
        counted."""
        return self.buckets.take(sender, (1, size), now) is None
