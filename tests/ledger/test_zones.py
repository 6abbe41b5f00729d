"""Whole roofs across the days on which clocks change: slots and totals are what was made, known before any line was.

The truth here comes from the roof that is invented, not from rules about counters: each device knows what it made
between two of its readings, and which of it nobody could know (before its first reading, until a counter began anew).
Local dates come from zoneinfo, one reading at a time.
"""
import random
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance import ledger
from appliance.history import views
from appliance.settings import Site
from appliance.store import inbox
from spcore.uploads import Upload
from tests.ledger.support import Box, Line, folder, inverter, meter, upload

CHANGES = [                                                     # a moment near which the zone does something
    ("Europe/Berlin", "2026-03-29T01:00"), ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/Los_Angeles", "2026-03-08T10:00"), ("America/Los_Angeles", "2026-11-01T09:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"), ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Pacific/Apia", "2011-12-30T10:00"), ("Asia/Kolkata", "2026-03-29T01:00"),
    ("America/Havana", "2026-03-08T05:00"), ("America/Havana", "2026-11-01T05:00"), ("UTC", "2024-02-29T12:00"),
]


class Invented:
    """A roof of one to four inverters with all that happens to them, its net meter, and what each reading adds."""

    def __init__(self, rng: random.Random, change: int) -> None:
        self.rng = rng
        self.lines: list[Line] = []
        self.made: dict[int, int] = defaultdict(int)             # record time → energy that is known from it on
        self.net: dict[int, int] = defaultdict(int)
        self.net_start: int | None = None
        begin = change - change % 300 - rng.randrange(100, 500) * 300
        end = change + rng.randrange(100, 500) * 300
        offset = rng.randrange(300)                              # the PVS need not report on the full five minutes
        times = [time + offset for time in range(begin, end, 300)]
        for number in range(rng.randint(1, 4)):
            self._inverter(times, f"4140500000000{number:02}")
        if rng.random() < .7:
            self._meter(times)

    def _readings(self, times: list[int]) -> list[int]:
        """Some get lost, one by one and for hours."""
        kept = [time for time in times if self.rng.random() > .03]
        for _ in range(self.rng.randint(0, 2)):
            at = self.rng.randrange(len(kept))
            del kept[at:at + self.rng.randrange(60)]
        return kept

    def _inverter(self, times: list[int], serial: str) -> None:
        rng, counter, unseen = self.rng, self.rng.randrange(10**6, 10**8), None
        kept = self._readings(times)
        fate, moment = rng.choice(("", "reset", "replaced")), kept[rng.randrange(5, len(kept) - 5)]
        for time in times:
            step = rng.choice((0, rng.randrange(2000)))
            counter += step
            unseen = None if unseen is None else unseen + step
            if time == moment and fate:
                counter = rng.randrange(1000)
                unseen = counter if fate == "reset" else None       # it began at zero since the reading before
                serial = f"9{serial[1:]}" if fate == "replaced" else serial
            if time in kept:
                self.lines.append(inverter(time, counter, serial))
                if unseen is not None:
                    self.made[time] += unseen
                unseen = 0

    def _meter(self, times: list[int]) -> None:
        counter, shown = self.rng.randrange(-10**7, 10**7), None
        kept = self._readings(times)
        for time in times:
            counter += self.rng.randrange(-3000, 3000)
            if time in kept:
                now = int(counter / 100) * 100                   # the meter shows 10 Wh, cut off
                self.lines.append(meter(time, now))
                if shown is None:
                    self.net_start = time
                else:
                    self.net[time] += now - shown
                shown = now


def deliver(box: Box, roof: Invented, rng: random.Random, captured: int) -> None:
    """Everything, in any order, some of it twice, in any pieces, with restarts."""
    lines = roof.lines + rng.sample(roof.lines, len(roof.lines) // 10)
    if rng.random() < .7:
        rng.shuffle(lines)
    uploads: list[Upload] = []
    while lines:
        size = rng.randint(1, 400)
        uploads.append(upload(lines[:size], captured + len(uploads), str(len(uploads))))
        del lines[:size]
    uploads += rng.sample(uploads, min(2, len(uploads)))
    while uploads:
        size = rng.randint(1, 8)
        inbox.append(box.inbox, uploads[:size])
        del uploads[:size]
        if rng.random() < .6:
            ledger.ingest(box.inbox, box.store, box.site, limit=rng.choice((None, 1, 3)))
        if rng.random() < .2:
            box.reopen()
    ledger.ingest(box.inbox, box.store, box.site)


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@pytest.mark.parametrize("seed", range(3))
def test_slots_and_day_totals_are_what_the_roof_made_where_clocks_change(zone, change, seed):
    rng = random.Random(f"{zone} {change} {seed}")
    moment = int(datetime.fromisoformat(change).replace(tzinfo=UTC).timestamp())
    roof = Invented(rng, moment)
    with folder() as name:
        box = Box(Path(name), Site(timezone=zone, net_sign="+", production="inverters"))
        deliver(box, roof, rng, moment + 10 * 86400)
        compare(box, roof, ZoneInfo(zone))
        other = rng.choice(CHANGES)[0]
        box.site = Site(timezone=other, net_sign="+", production="inverters")
        box.deliver()
        compare(box, roof, ZoneInfo(other))
        box.close()


def compare(box: Box, roof: Invented, zone: ZoneInfo) -> None:
    def date(time: int) -> str:
        return datetime.fromtimestamp(time, zone).date().isoformat()

    known: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for what, energies in (("production", roof.made), ("net", roof.net)):
        for time, energy in energies.items():
            slot = time - time % 300
            known[slot, date(time)][what] = known[slot, date(time)].get(what, 0) + energy
    rows = box.store.execute("SELECT time, day, production_dwh, net_dwh, consumption_dwh, day_production_dwh,"
                             " day_consumption_dwh FROM slot ORDER BY time").fetchall()
    found = {(row[0], row[1]): (row[2], row[3]) for row in rows}
    for slot, (made, net) in found.items():
        if net is None and known[slot].get("net") == 0:     # it stood still and caught up: not known
            found[slot] = made, 0
    assert found == {key: (row.get("production"), row.get("net")) for key, row in known.items()}
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for _, day, made, _, used, day_made, day_used in rows:
        totals[day][0] += made or 0
        totals[day][1] += used or 0
        assert used is None or used >= 0
        assert day_made in (None, totals[day][0]) and day_used in (None, totals[day][1])
    shown = {day.day: [day.production_dwh or 0, day.consumption_dwh or 0] for day in views.days(box.store)}
    assert {day: shown[day] for day in totals} == totals
    assert sum(made for made, _ in totals.values()) == sum(roof.made.values())
    if roof.net_start is None:
        assert all(row[4] is None for row in rows)
    else:
        counted = sum(energy for time, energy in roof.made.items() if time // 300 > roof.net_start // 300)
        last = box.store.execute("SELECT balance_dwh FROM site_day ORDER BY day DESC LIMIT 1").fetchone()[0]
        assert sum(used for _, used in totals.values()) == counted + sum(roof.net.values()) - last
