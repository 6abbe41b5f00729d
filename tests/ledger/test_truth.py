"""The simulated PVS with its outages, bursts, repeats and replacements, against the truth of its roof."""
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from appliance.health import notices
from appliance.history import views
from appliance.settings import Site
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import NET_METER, START, Roof
from appliance.simulate.uploads import Post
from spcore.uploads import Upload
from tests.ledger.support import Box, folder

DAY = 86400
DAYS = 5
THIRD = "414050000000000003"
RESOLUTION = 100        # net meters count in 10 Wh


class Listener:
    """Stands in for wire and capture: takes the posts, answers unless it is an outage."""

    def __init__(self, outages: Sequence[tuple[float, float]]) -> None:
        self.now, self.outages, self.uploads = 0.0, outages, list[Upload]()

    def __call__(self, posts: Sequence[Post]) -> int:
        for post in posts:
            self.uploads.append(Upload(int(self.now * 1e6), "192.0.2.20:49152", "198.51.100.7:80", post.path, post.body,
                                       True))
        return 0 if any(start <= self.now < end for start, end in self.outages) else len(posts)


def send(roof: Roof, outages=(), power_cuts=()) -> list[Upload]:
    listener = Listener(outages)
    pvs = Pvs(roof, listener, roof.start, power_cuts=power_cuts)
    now = roof.start
    while now < roof.start + DAYS * DAY + 7200:
        listener.now = now
        now = pvs.step(now)
    return listener.uploads


@pytest.fixture(scope="module", params=["America/Los_Angeles", "Australia/Sydney", "Europe/Berlin"])
def life(request):
    """A box that heard five days of everything that can happen; and the roof."""
    roof = Roof(seed=7, inverters=4, timezone=request.param)
    roof.replace(1, START + DAY + 64800, "414050000000009999")
    roof.reset(THIRD, START + 2 * DAY + 68400)
    roof.reset(NET_METER, START + 3 * DAY + 7200)
    uploads = send(roof, outages=[(START + DAY + 3600, START + DAY + 36000), (START + 3 * DAY, START + 3 * DAY + 5e4)])
    with folder() as name:
        box = Box(Path(name), Site(timezone=request.param))
        for start in range(0, len(uploads), 97):
            box.deliver(*uploads[start:start + 97])
        yield box, roof
        box.close()


def test_every_day_has_the_truths_curve_of_production_exactly(life):
    box, roof = life
    for row in views.days(box.store)[:DAYS]:
        curve = roof.curve(date.fromisoformat(row.day), box.site.timezone, START + DAYS * DAY)
        found = {slot.time: slot.day_production_dwh for slot in views.day(box.store, row.day)
                 if START < slot.time <= START + DAYS * DAY}
        expected = [production for production, _ in curve.values()]
        assert list(found.values()) == expected[len(expected) - len(found):], row.day


def test_consumption_is_the_truths_within_the_meters_resolution_and_never_runs_backwards(life):
    box, roof = life
    restarts = {day for (day,) in box.store.execute("SELECT day FROM notice WHERE kind = 'restart'")}
    for row in views.days(box.store)[1:DAYS]:
        curve = roof.curve(date.fromisoformat(row.day), box.site.timezone)
        pairs = [(slot.day_consumption_dwh, used) for slot, (_, used)
                 in zip(views.day(box.store, row.day), curve.values(), strict=True)
                 if slot.day_consumption_dwh is not None]       # None: the meter began anew, or stood still
        totals = [total for total, _ in pairs]
        assert totals == sorted(totals) and len(totals) >= len(curve) - 12
        worst = max(abs(total - used) for total, used in pairs)
        assert worst <= (3 if row.day in restarts else 1) * RESOLUTION, row.day  # each beginning is rounded, too


def test_the_owner_is_told_what_happened(life):
    box, _ = life
    kinds = {(notice.kind, notice.device) for notice in notices.collect(box.store)}
    assert ("restart", THIRD) in kinds and ("restart", NET_METER) in kinds
    assert not [kind for kind, _ in kinds if kind in ("held", "outlier", "jump", "malformed")]


def test_a_power_cut_leaves_a_marked_hole_and_the_right_sum():
    roof = Roof(seed=8, inverters=3, meters="none")
    cut = (START + DAY + 64800.0, START + DAY + 72000.0)
    with folder() as name:
        box = Box(Path(name))
        box.deliver(*send(roof, power_cuts=[cut]))
        holes = [slot for slot in box.slots() if slot[8] and slot[2] > 5000]
        assert len(holes) == 1 and abs(holes[0][7] - 7200) <= 600
        last = START + DAYS * DAY
        truth = sum(interval.production for interval in roof.truth(START, last))
        assert box.store.execute("SELECT sum(production_dwh) FROM slot WHERE time <= ?", (last,)).fetchone() == (truth,)
        box.close()
