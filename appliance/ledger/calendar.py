"""Local days and the slots in them. Pure.

A local day is the time from the first instant of its date to the first instant of the next one's; days have 23, 24 or
25 hours (or odd ones), and every instant has exactly one day, also where a zone repeats the minutes around midnight.
Slots are counted from the day's start, so none straddles midnight, whatever the zone's offset.
"""
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

EARLIEST = 1_104_537_600        # 2005-01-01: no SunPower supervisor is older; before it a clock was never set
CLOCK_OFF_S = 120               # between two clocks (this box's, the PVS's, PVOutput's) so much is told to the owner
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class Calendar:
    """The days of one zone, with slots of `slot_seconds`."""

    def __init__(self, timezone: str, slot_seconds: int) -> None:
        self.zone = ZoneInfo(timezone)
        self.slot_seconds = slot_seconds
        self.start = lru_cache(maxsize=4096)(self._start)
        self.day = lru_cache(maxsize=8192)(self._day)

    def bounds(self, day: str) -> tuple[int, int]:
        """The local day YYYY-MM-DD as [start, end) in UTC seconds."""
        ordinal = date.fromisoformat(day).toordinal()
        return self.start(ordinal), self.start(ordinal + 1)

    def slot(self, moment: int, day_start: int) -> int:
        """The start of the slot that the record time `moment` belongs to."""
        return moment - (moment - day_start) % self.slot_seconds

    def days(self, first: int, last: int) -> list[str]:
        """All local days from that of `first` to that of `last` (UTC seconds)."""
        return [date.fromordinal(number).isoformat() for number in range(self._ordinal(first), self._ordinal(last) + 1)]

    def _day(self, moment: int) -> str:
        """The local day of a moment."""
        return date.fromordinal(self._ordinal(moment)).isoformat()

    def _ordinal(self, moment: int) -> int:
        ordinal = moment // 86400 + EPOCH_ORDINAL
        while moment < self.start(ordinal):
            ordinal -= 1
        while moment >= self.start(ordinal + 1):
            ordinal += 1
        return ordinal

    def _start(self, ordinal: int) -> int:
        return int(datetime.combine(date.fromordinal(ordinal), time(), self.zone).timestamp())
