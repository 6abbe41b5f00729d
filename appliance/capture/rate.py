"""How much one sender may have stored: a bucket of bytes and one of lines each.

A PVS that delivers the backlog of years sends a few hundred MB, millions of lines of 130 bytes, so the buckets are
large; what lies beyond them is a flood. Lines have a bucket of their own, because each becomes a row of the history,
which is kept for good, while bytes leave the inbox: the largest house makes three lines a second.
"""
BURST_BYTES = 64 << 20          # at once
BYTES_PER_S = 512 << 10         # after that
BURST_LINES = 4_000_000         # 28 inverters for a year and a half
LINES_PER_S = 50
MAX_SENDERS = 64                # buckets; the fullest is forgotten, as that forgets least


class Rate:
    """Buckets by sender. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float, float]] = {}     # bytes left, lines left, at

    def take(self, sender: str, size: int, lines: int, now: float) -> str:
        """"" if `sender` may have `size` bytes of `lines` lines stored now; then they are counted. Else the counter of
        what it has too much of."""
        room, rows = self._left(sender, now)
        refused = "over_rate" if size > room else "over_lines" if lines > rows else ""
        self._buckets[sender] = (room, rows, now) if refused else (room - size, rows - lines, now)
        if len(self._buckets) > MAX_SENDERS:
            del self._buckets[max(self._buckets, key=lambda name: self._left(name, now))]
        return refused

    def _left(self, sender: str, now: float) -> tuple[float, float]:
        """(bytes, lines) that it may have stored now."""
        room, rows, at = self._buckets.get(sender, (BURST_BYTES, BURST_LINES, now))
        return min(BURST_BYTES, room + (now - at) * BYTES_PER_S), min(BURST_LINES, rows + (now - at) * LINES_PER_S)
