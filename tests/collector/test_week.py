"""The maker's server is away for a week and comes back: a PVS, the breaker and the stand-in in simulated time.

The wire is this test: who answers is decided by the breaker's state and by whether the maker is there. Between real
kernels the same hand-over is in test_auto.py, for hours instead of a week.
"""
import random
import re
from pathlib import Path

from appliance.collector.breaker import Breaker, Seen, State
from appliance.collector.liveness import WireView
from appliance.simulate.pvs import Pvs, Wire
from appliance.simulate.roof import INTERVAL, Roof
from appliance.simulate.uploads import Post
from appliance.store import inbox
from appliance.store.trust import CAPTURE, Arrival
from appliance.system.clock import Clock
from spcore.uploads import Upload
from tests.collector.support import MEANT_FOR, Served, serving
from tests.pvoutput.support import HandClock

HOUR, DAY, LOOK_S = 3600, 86_400, 30
MAKER = "203.0.113.5"


class House:
    """A roof whose PVS speaks with the maker, with the stand-in while the breaker is open, or with nobody."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served, self.inbox = served, inbox.connect(folder)
        self.roof = Roof()
        self.now = self.begun = self.roof.start + DAY
        self.clock = HandClock(moment=[float(self.now)])
        served.app.clock = self.clock
        self.view, self.breaker = WireView(self.now), Breaker(self.now)
        self.view.learn(MAKER)
        self.pvs = Pvs(self.roof, self.exchange, self.now)
        self.maker_is_there, self.ours, self.makers = True, 0, 0
        self.states: list[State] = []

    def exchange(self, posts: list[Post]) -> int:
        """What becomes of these uploads on the wire; how many were answered."""
        self.view._try(self.now)
        if self.breaker.state is State.OPEN:
            answered = Wire(self.served.address)(posts)
            self.ours += answered
            return answered
        if not self.maker_is_there:
            return 0
        self.view._from_collector(self.now, MAKER)
        inbox.append(self.inbox, [Upload(int(self.now * 1e6), "192.0.2.50:4000", MEANT_FOR, post.path, post.body, True)
                                  for post in posts], Arrival(CAPTURE))
        self.makers += len(posts)
        return len(posts)

    def live(self, seconds: float) -> None:
        """Let time pass."""
        end, due = self.now + seconds, self.now
        while self.now < end:
            if self.now >= due:
                due = self.pvs.step(self.now)
            if self.breaker.step(self.now, Seen.from_facts(self.view.facts(), carrier=True)):
                self.states.append(self.breaker.state)
            self.now += LOOK_S
            self.clock.pass_(LOOK_S)

    def measured(self) -> list[tuple[str, str]]:
        """(time, serial) of each line of an inverter or meter that was made meanwhile."""
        times = range(self.begun, self.now - 2 * INTERVAL, INTERVAL)
        return sorted((line[1], line[2]) for time in times for line in self.roof.records(time)
                      if line[0] in ("130", "140"))

    def stored(self) -> list[bytes]:
        found, cursor = [], 0
        while rows := inbox.after(self.inbox, cursor, 1000):
            found += [upload.body for _, upload in rows]
            cursor = rows[-1][0]
        return found


def lines(bodies: list[bytes]) -> set[tuple[str, str]]:
    return {(time.decode(), serial.decode()) for body in bodies
            for time, serial in re.findall(rb"^1[34]0\t(\d+)\t(\S+)", body, re.M)}


def test_a_maker_that_is_away_for_a_week_costs_no_upload_and_doubles_none(tmp_path: Path) -> None:
    with serving(tmp_path, Clock(rate=0.0)) as served:
        house = House(served, tmp_path)
        house.live(12 * HOUR)
        house.maker_is_there = False
        house.live(7 * DAY)
        house.maker_is_there = True
        house.live(12 * HOUR)
        tries = (len(house.states) - 1) // 2        # a few minutes more than six hours apart
        assert 7 * DAY // (6.2 * HOUR) <= tries <= 7 * DAY // (6 * HOUR) + 1
        assert house.states == [State.OPEN, *[State.HALF_OPEN, State.OPEN] * (tries - 1), State.HALF_OPEN, State.CLOSED]
        assert house.pvs.waiting == 0 and house.ours and house.makers
        bodies = house.stored()
        assert len(house.measured()) > 20_000 and set(house.measured()) <= lines(bodies)
        assert len(bodies) == len(set(bodies))


def test_a_day_of_outages_of_half_an_hour_costs_no_upload_and_moves_nothing(tmp_path: Path) -> None:
    rng = random.Random(4)
    with serving(tmp_path, Clock(rate=0.0)) as served:
        house = House(served, tmp_path)
        for _ in range(16):
            house.live(rng.randint(30, 60) * 60)
            house.maker_is_there = False
            house.live(30 * 60)
            house.maker_is_there = True
        house.live(HOUR)
        assert house.states == [] and house.ours == 0 and house.pvs.waiting == 0
        assert len(house.measured()) > 3_000 and set(house.measured()) <= lines(house.stored())
