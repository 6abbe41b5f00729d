"""A day, a month, a year beside the same one a year before, and today beside the last weeks: a number gets its meaning.

What is compared is measured on both sides: an unfinished month is held against the same days of the year before, and
today so far against what other days had made by the same time of day.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median_low

from appliance.history import views
from webui.data import Box
from webui.present import energy, localtime
from webui.present.energy import Totals
from webui.present.reader_locale import NARROW
from webui.present.units import MINUS

RECENT_DAYS = 30
LEAST_DAYS = 5      # of them with energy by this time, else there is no middle to speak of


@dataclass(frozen=True)
class Change:
    """Production then and now in 0.1 Wh; `since` is the first day of what it is compared with."""

    now_dwh: int
    then_dwh: int
    since: date

    @property
    def percent(self) -> str:
        """+4 %, with its sign."""
        change = self.now_dwh - self.then_dwh
        whole = (abs(change) * 200 + self.then_dwh) // (2 * self.then_dwh)
        return f"{MINUS if change < 0 and whole else '+'}{whole}{NARROW}%"


@dataclass(frozen=True)
class Recent:
    """What the last days had made by the time of day of `until` (UTC seconds), in 0.1 Wh: the middle one and the best
    one, of `days`."""

    middle_dwh: int
    best_dwh: int
    best: date
    days: int
    until: int


def year_before(day: date) -> date:
    """The same day a year earlier; 28 February for the 29th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def day(box: Box, when: date, made_dwh: int | None) -> Change | None:
    """A whole day beside the same one a year before; None where one of them is not known."""
    then = year_before(when)
    before = energy.days(box, then, then).get(then)
    return _change(made_dwh, before.production_dwh if before else None, then)


def span(box: Box, first: date, last: date, today: date) -> Change | None:
    """The finished days `first` to `last` beside the same ones a year before: as many days on both sides, or None."""
    last = min(last, today - timedelta(days=1))
    if last < first:
        return None
    now = _made(energy.days(box, first, last).values())
    then = _made(energy.days(box, year_before(first), year_before(last)).values())
    pairs = [(made, then[year_before(when)]) for when, made in now.items() if year_before(when) in then]
    if not pairs:
        return None
    return _change(sum(made for made, _ in pairs), sum(made for _, made in pairs), year_before(first))


def recent(box: Box, today: date, until: int) -> Recent | None:
    """The last RECENT_DAYS days by the time of day of the slot that begins at `until`; None while there are too few."""
    zone = box.zone()
    here = localtime.local(until, zone)
    found: list[tuple[int, date]] = []
    for number in range(1, RECENT_DAYS + 1):
        when = today - timedelta(days=number)
        at = datetime.combine(when, time(here.hour, here.minute), zone).timestamp()
        made = views.made_by(box.store(), when.isoformat(), int(at))
        if made is not None:
            found.append((made, when))
    if len(found) < LEAST_DAYS:
        return None
    best = max(found)
    return Recent(median_low([made for made, _ in found]), best[0], best[1], len(found), until + box.slot_seconds())


def ghost(box: Box, when: date, times: list[int]) -> list[int | None] | None:
    """Production in W a year before, at the same times of day as `times` of `when`; None where nothing is known."""
    then, zone = year_before(when), box.zone()
    slots = energy.slots(box, then)
    if not any(slot.production_w for slot in slots):
        return None
    powers = {(here.hour, here.minute): slot.production_w for slot in slots if not slot.hole
              for here in (localtime.local(slot.time, zone),)}
    return [powers.get((here.hour, here.minute)) for here in (localtime.local(at, zone) for at in times)]


def _made(days: Iterable[Totals]) -> dict[date, int]:
    return {found.day: found.production_dwh for found in days if found.production_dwh is not None}


def _change(now: int | None, then: int | None, since: date) -> Change | None:
    return None if now is None or not then else Change(now, then, since)
