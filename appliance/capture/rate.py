"""How much one sender may have stored: a bucket of bytes each.

A PVS that delivers the backlog of years sends a few hundred MB, so the bucket is large; what lies beyond it is a flood.
"""
from collections import OrderedDict

BURST_BYTES = 64 << 20          # at once
BYTES_PER_S = 512 << 10         # after that
MAX_SENDERS = 64                # buckets; the one unused for longest is forgotten


class Rate:
    """Buckets by sender. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()    # bytes left, at

    def take(self, sender: str, size: int, now: float) -> bool:
        """Whether `sender` may have `size` bytes stored now; then they are counted."""
        left, at = self._buckets.pop(sender, (BURST_BYTES, now))
        left = min(BURST_BYTES, left + (now - at) * BYTES_PER_S)
        allowed = size <= left
        self._buckets[sender] = (left - size if allowed else left, now)
        while len(self._buckets) > MAX_SENDERS:
            self._buckets.popitem(last=False)
        return allowed
