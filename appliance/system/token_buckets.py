"""Token buckets by sender: how much of each kind of thing one may bring at once, and in a second after that.

Theory: a bucket fills steadily up to its size, and what is taken must be in it. Who floods empties its own buckets and
no other's. The number of senders is bounded too, and a new one is never refused for it: else a device with as many
addresses would keep the PVS out. The fullest buckets are forgotten, as that forgets least.
"""
from collections.abc import Sequence
from typing import NamedTuple


class Bucket(NamedTuple):
    """What a bucket holds, and what flows into it in a second."""

    size: float
    per_s: float


class TokenBuckets:
    """A bucket of each of `kinds` for each of at most `most` senders. Times are monotonic seconds."""

    def __init__(self, kinds: Sequence[Bucket], most: int) -> None:
        self.kinds, self.most = tuple(kinds), most
        self._senders: dict[str, tuple[list[float], float]] = {}       # (what is left of each kind, at)

    def __len__(self) -> int:
        return len(self._senders)

    def __contains__(self, sender: str) -> bool:
        return sender in self._senders

    def take(self, sender: str, amounts: Sequence[float], now: float) -> int | None:
        """None if `sender` may have `amounts`, one of each kind; then they are counted. Else the index of the first
        kind of which it has too little left."""
        left = self._left(sender, now)
        lacks = next((index for index, amount in enumerate(amounts) if amount > left[index]), None)
        if lacks is None:
            left = [have - amount for have, amount in zip(left, amounts, strict=True)]
        self._senders[sender] = left, now
        if len(self._senders) > self.most:
            del self._senders[max(self._senders, key=lambda name: self._fill(name, now))]
        return lacks

    def _left(self, sender: str, now: float) -> list[float]:
        known = self._senders.get(sender)
        if known is None:
            return [size for size, _ in self.kinds]
        had, at = known
        passed = max(0.0, now - at)
        return [min(size, have + passed * per_s) for (size, per_s), have in zip(self.kinds, had, strict=True)]

    def _fill(self, sender: str, now: float) -> float:
        """How full its emptiest bucket is, 0 to 1."""
        return min(have / size for (size, _), have in zip(self.kinds, self._left(sender, now), strict=True))
