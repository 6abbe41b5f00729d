"""The simulated PVS: its rhythm, its patience, and what comes of an outage."""
import time

from appliance.simulate import uploads
from appliance.simulate.collector import Collector
from appliance.simulate.pvs import Pvs, Wire
from appliance.simulate.roof import INTERVAL, START, Roof
from appliance.simulate.truth import lines
from appliance.simulate.uploads import Post
from appliance.system.clock import Clock

MORNING = START + 16 * 3600


class Line:
    """An exchange in virtual time: answers or not, and keeps what was sent."""

    def __init__(self) -> None:
        self.up = True
        self.now = 0.0
        self.sent: list[tuple[float, Post]] = []

    def __call__(self, posts) -> int:
        self.sent += [(self.now, post) for post in posts]
        return len(posts) if self.up else 0


def live(pvs: Pvs, line: Line, start: float, end: float) -> None:
    line.now = start
    while line.now < end:
        line.now = pvs.step(line.now)


def intervals(post: Post) -> list[str]:
    return [record[1] for record in lines(post.body) if record[0] == "120"]


def test_heartbeats_come_every_two_minutes_and_measurements_every_five():
    line = Line()
    live(Pvs(Roof(1), line, MORNING), line, MORNING, MORNING + 3600)
    beats = [at for at, post in line.sent if post.path == uploads.COMMAND]
    measured = [(at, post) for at, post in line.sent if post.path == uploads.DATA]
    assert len(beats) == 30 and len(measured) == 12
    for at, post in measured:
        (interval,) = intervals(post)
        ages = [at - time for time in range(MORNING - 3600, MORNING + 3600, INTERVAL)
                if uploads.stamp(time) == interval]
        assert 300 <= ages[0] < 600
    assert len({at % 300 for at, _ in measured}) == 1


def test_what_is_not_answered_is_sent_again_to_the_byte():
    line = Line()
    pvs = Pvs(Roof(1), line, MORNING)
    line.up = False
    live(pvs, line, MORNING, MORNING + 1800)
    bodies = [post.body for _, post in line.sent if post.path == uploads.DATA]
    assert bodies.count(bodies[0]) > 10
    line.up = True
    live(pvs, line, MORNING + 1800, MORNING + 2400)
    assert pvs.waiting == 0


def test_an_outage_ends_in_large_late_repeated_bursts_out_of_order_that_miss_nothing():
    line = Line()
    pvs = Pvs(Roof(1), line, MORNING, seed=2)
    live(pvs, line, MORNING, MORNING + 3600)
    line.up = False
    live(pvs, line, MORNING + 3600, MORNING + 30 * 3600)
    assert len(pvs.flash) > 200
    line.up, line.sent = True, []
    live(pvs, line, MORNING + 30 * 3600, MORNING + 31 * 3600)
    burst = [intervals(post) for _, post in line.sent if len(intervals(post)) > 1]
    everything = [interval for found in burst for interval in found]
    assert max(map(len, burst)) >= 12
    assert everything != sorted(everything)
    assert len(everything) > len(set(everything))
    assert pvs.waiting == 0
    assert {uploads.stamp(t) for t in range(MORNING + 3600, MORNING + 30 * 3600, INTERVAL)} <= {
        interval for _, post in line.sent for interval in intervals(post)}


def test_a_burst_that_is_cut_off_is_continued():
    class Choking(Line):
        def __call__(self, posts):
            super().__call__(posts)
            self.answered = [*getattr(self, "answered", []), *posts[:2]] if self.up else []
            return min(2, len(posts)) if self.up else 0

    line = Choking()
    pvs = Pvs(Roof(1), line, MORNING, give_up_s=600)
    line.up = False
    live(pvs, line, MORNING, MORNING + 20 * 3600)
    assert len(pvs.flash) > 200
    line.up = True
    live(pvs, line, MORNING + 20 * 3600, MORNING + 22 * 3600)
    assert pvs.waiting == 0
    assert {uploads.stamp(t) for t in range(MORNING, MORNING + 21 * 3600, INTERVAL)} <= {
        interval for post in line.answered for interval in intervals(post)}


def test_a_power_cut_leaves_a_hole_whose_energy_is_in_the_counter():
    line, roof = Line(), Roof(1)
    pvs = Pvs(roof, line, MORNING, power_cuts=[(MORNING + 1800, MORNING + 5400)])
    live(pvs, line, MORNING, MORNING + 9000)
    seen = {interval for _, post in line.sent for interval in intervals(post)}
    missing = [t for t in range(MORNING, MORNING + 8400, INTERVAL) if uploads.stamp(t) not in seen]
    assert len(missing) == 12
    serial = roof.serials()[0]
    assert roof.counter(serial, missing[-1] + INTERVAL) > roof.counter(serial, missing[0] - INTERVAL)


def test_120_tells_how_many_points_wait_in_the_flash():
    line = Line()
    pvs = Pvs(Roof(1), line, MORNING, give_up_s=600)
    line.up = False
    live(pvs, line, MORNING, MORNING + 7200)
    waiting = [int(record[7]) for _, post in line.sent for record in lines(post.body) if record[0] == "120"]
    assert waiting[0] == 0 and waiting[-1] > 100


def test_an_accelerated_clock_makes_an_hour_of_seconds():
    clock = Clock(time.time(), MORNING, 3600.0)
    with Collector(clock) as collector, Pvs(Roof(1), Wire(collector.address), MORNING).running(clock):
        deadline = time.time() + 20
        while len(collector.received) < 30 and time.time() < deadline:
            time.sleep(0.05)
    assert {upload.path for upload in collector.received} == {uploads.DATA, uploads.COMMAND}
