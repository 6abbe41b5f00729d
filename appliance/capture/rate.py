"""How much one sender may have stored: a bucket of bytes and one of lines each.

A PVS that delivers the backlog of years sends a few hundred MB, millions of lines of 130 bytes, so the buckets are
large; what lies beyond them is a flood. Lines have a bucket of their own, because each becomes a row of the history,
which is kept for good, while bytes leave the inbox: the largest house makes three lines a second.
"""
from appliance.system.token_buckets import Bucket, TokenBuckets

BURST_BYTES = 64 << 20          # at once
BYTES_PER_S = 512 << 10         # after that
BURST_LINES = 4_000_000         # 28 inverters for a year and a half
LINES_PER_S = 50
MAX_SENDERS = 64                # buckets
COUNTERS = ("over_rate", "over_lines")
BYTES, LINES = Bucket(BURST_BYTES, BYTES_PER_S), Bucket(BURST_LINES, LINES_PER_S)


class Rate:
    """Buckets by sender. Times are monotonic seconds."""

    def __init__(self, of_bytes: Bucket = BYTES, of_lines: Bucket = LINES) -> None:
        self.buckets = TokenBuckets((of_bytes, of_lines), MAX_SENDERS)

    def take(self, sender: str, size: int, lines: int, now: float) -> str:
        """"" if `sender` may have `size` bytes of `lines` lines stored now; then they are counted. Else the counter of
        what it has too much of."""
        refused = self.buckets.take(sender, (size, lines), now)
        return "" if refused is None else COUNTERS[refused]
