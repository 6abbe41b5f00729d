"""Counters for programs that take every fall for a reset and every rise for energy made just now (Home Assistant's
`total_increasing`).

Theory: history here is a function of what was captured, so it may change: a late upload fills a hole, an outlier
goes, the owner turns the net meter's sign round and fifteen megawatt hours change sides. None of that may become a
spike or a false zero over there. So only the last RECENT days' changes are passed on: what older days gain or lose
is absorbed when they leave the window, and a fall within it is held until the counter has caught up, or until the
window moves on.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from appliance.history.totals import Counted

RECENT = 3                  # local days, the newest included


def window(newest: str) -> str:
    """The first day of the window that ends with the day `newest`."""
    return (date.fromisoformat(newest) - timedelta(days=RECENT - 1)).isoformat()


@dataclass(frozen=True)
class Rising:
    """One counter as it was published. `base_dwh` + the days from `since` on is what it should be."""

    since: str
    base_dwh: int
    published_dwh: int


def advance(old: Rising | None, now: Counted, since: str, days: Mapping[str, int]) -> Rising:
    """The counter with what is known now. `now`: from the day `since` on, the window's first; `days`: from the old
    window's first day on. The result never falls."""
    if old is None:
        total = now.before_dwh + sum(now.since.values())
        return Rising(since, now.before_dwh, total)
    base = old.base_dwh
    if since > old.since:
        base += sum(value for day, value in days.items() if old.since <= day < since)
    since = max(since, old.since)
    total = base + sum(value for day, value in days.items() if day >= since)
    if total < old.published_dwh and since > old.since:
        base += old.published_dwh - total
    return Rising(since, base, max(total, old.published_dwh))
