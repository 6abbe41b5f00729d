"""How much one sender may bring: a bucket of requests and a bucket of bytes for each address.

Theory: a token bucket fills steadily up to its size, and what is taken must be in it. A PVS that drains years of
backlog stays inside; a device of the house that floods empties its own buckets and no other's. The number of
addresses is bounded too: a new one is refused while MAX_SOURCES others have been there within FORGET_S.
"""
from dataclasses import dataclass

REQUESTS_A_SECOND, REQUESTS_AT_ONCE = 500.0, 1000.0
BYTES_A_SECOND, BYTES_AT_ONCE = 4096.0, 256.0 * (1 << 20)   # a PVS sends 10 bytes a second, 816,099 points are 90 MB
MAX_SOURCES = 32
FORGET_S = 86400.0


@dataclass
class _Source:
    requests: float
    bytes: float
    seen: float


class Bounds:
    """The buckets of all senders; times are seconds of a clock that nobody sets."""

    def __init__(self, max_sources: int = MAX_SOURCES) -> None:
        self.max_sources = max_sources
        self._sources: dict[str, _Source] = {}

    def admit(self, address: str, size: int, now: float) -> bool:
        """Whether a request of `size` bytes by `address` is within bounds; then it is counted."""
        source = self._source(address, now)
        if source is None or source.requests < 1 or source.bytes < size:
            return False
        source.requests -= 1
        source.bytes -= size
        return True

    def _source(self, address: str, now: float) -> _Source | None:
        source = self._sources.get(address)
        if source is None:
            if len(self._sources) >= self.max_sources:
                self._sources = {name: one for name, one in self._sources.items() if now - one.seen < FORGET_S}
            if len(self._sources) >= self.max_sources:
                return None
            source = self._sources[address] = _Source(REQUESTS_AT_ONCE, BYTES_AT_ONCE, now)
        passed = max(0.0, now - source.seen)
        source.requests = min(REQUESTS_AT_ONCE, source.requests + passed * REQUESTS_A_SECOND)
        source.bytes = min(BYTES_AT_ONCE, source.bytes + passed * BYTES_A_SECOND)
        source.seen = now
        return source
