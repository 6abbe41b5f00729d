"""How much one sender may bring: a bucket of requests and a bucket of bytes for each device.

Theory: a token bucket fills steadily up to its size, and what is taken must be in it. A PVS that drains years of
backlog stays inside; a device of the house that floods empties its own buckets and no other's, whatever addresses it
takes. The number of senders is bounded too, and a new one is never refused for it: else a device with as many addresses
would keep the PVS out. The fullest buckets are forgotten, as that forgets least.
"""
from dataclasses import dataclass

REQUESTS_A_SECOND, REQUESTS_AT_ONCE = 500.0, 1000.0
BYTES_A_SECOND, BYTES_AT_ONCE = 4096.0, 256.0 * (1 << 20)   # a PVS sends 10 bytes a second, 816,099 points are 90 MB
MAX_SOURCES = 32


@dataclass
class _Source:
    requests: float
    bytes: float
    seen: float

    @property
    def fill(self) -> float:
        """How full the emptier bucket is, 0 to 1."""
        return min(self.requests / REQUESTS_AT_ONCE, self.bytes / BYTES_AT_ONCE)


class Bounds:
    """The buckets of all senders; times are seconds of a clock that nobody sets."""

    def __init__(self, max_sources: int = MAX_SOURCES) -> None:
        self.max_sources = max_sources
        self._sources: dict[str, _Source] = {}

    def admit(self, sender: str, size: int, now: float) -> bool:
        """Whether a request of `size` bytes by `sender` (hardware address, or IP address) is within bounds; then it is
        counted."""
        source = self._source(sender, now)
        allowed = source.requests >= 1 and source.bytes >= size
        if allowed:
            source.requests -= 1
            source.bytes -= size
        if len(self._sources) > self.max_sources:
            del self._sources[max(self._sources, key=lambda name: self._source(name, now).fill)]
        return allowed

    def _source(self, sender: str, now: float) -> _Source:
        """What `sender` has left now."""
        source = self._sources.setdefault(sender, _Source(REQUESTS_AT_ONCE, BYTES_AT_ONCE, now))
        passed = max(0.0, now - source.seen)
        source.requests = min(REQUESTS_AT_ONCE, source.requests + passed * REQUESTS_A_SECOND)
        source.bytes = min(BYTES_AT_ONCE, source.bytes + passed * BYTES_A_SECOND)
        source.seen = now
        return source
