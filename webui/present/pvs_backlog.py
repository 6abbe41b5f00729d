"""How far a PVS is with sending what it kept (120.f7): done, left, and how long it takes at the pace of late."""
from collections.abc import Sequence
from dataclasses import dataclass

PACE_S = 3 * 3600       # the pace is that of so long, at most


@dataclass(frozen=True)
class Draining:
    """Of `top` points `done` were sent; `left_s` until the rest is, None while it does not get less."""

    top: int
    done: int
    left_s: float | None

    @property
    def percent(self) -> int:
        return 100 * self.done // self.top if self.top else 100


def draining(points: Sequence[tuple[int, int]]) -> Draining | None:
    """From (UTC seconds, points kept), ascending; None where nothing is kept, or never was."""
    if not points or not points[-1][1]:
        return None
    peak = max(range(len(points)), key=lambda number: (points[number][1], number))
    (last, now), top = points[-1], points[peak][1]
    since = next(number for number in range(len(points)) if number >= peak and points[number][0] >= last - PACE_S)
    begun, before = points[since]
    pace = (before - now) / (last - begun) if last > begun else 0.0
    return Draining(top, top - now, now / pace if pace > 0 else None)
