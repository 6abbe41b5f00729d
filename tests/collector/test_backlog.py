"""Years of backlog in bursts, through the redirection, into the history: how long it takes and how much memory."""
import random
import time
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.simulate import uploads
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import INTERVAL, PVS_SERIAL, Roof
from appliance.store import inbox
from appliance.system.clock import Clock
from tests.cli.processes import beat, wait_for
from tests.collector.home import Home, make_config, redirecting

POINTS = 100_000
PEAK_MIB = 64
LIMIT_S = 300


def peak_mib(pid: int) -> int:
    """The most memory a process ever had in use."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def intervals_of(roof: Roof, begin: int, points: int) -> range:
    """The times of as many intervals from `begin` on as hold `points` record lines: some hold one more than others."""
    end = begin
    while points > 0:
        points -= len(roof.records(end))
        end += INTERVAL
    return range(begin, end, INTERVAL)


def test_a_backlog_has_the_points_it_is_made_for_at_whatever_hour_it_begins():
    roof = Roof(3, 12)
    for begin in range(roof.start + INTERVAL, roof.start + INTERVAL + 86400, 7 * INTERVAL):
        pvs = Pvs(roof, lambda _: 0, float(begin), seed=3)
        times = intervals_of(roof, begin, 400)
        assert 400 <= pvs.fill_flash(times.start, times.stop) < 400 + 40, begin


@pytest.mark.root
def test_100_000_points_in_bursts_are_all_in_the_history_once(tmp_path):
    with Home() as home:
        config, data = make_config(tmp_path, "on"), tmp_path / "data"
        with home.suntap(config, "run"):
            redirecting(config)
            now = Clock().time()
            roof = Roof(3, 12, start=int(now) // INTERVAL * INTERVAL - 30 * 86400)
            pvs = Pvs(roof, home.wire(timeout_s=20), now, seed=3)
            times = intervals_of(roof, roof.start + INTERVAL, POINTS)
            points = pvs.fill_flash(times.start, times.stop)
            assert points >= POINTS
            truth = {(time_, line[0], line[2]) for time_ in times for line in roof.records(time_)
                     if line[0] in ("130", "140")}
            began = time.monotonic()
            while pvs.flash and time.monotonic() - began < LIMIT_S:
                pvs._burst(now)
            delivered = time.monotonic() - began
            assert not pvs.flash
            peak = peak_mib(beat("collector", data)["pid"])

            def derived() -> int:
                with closing(store.connect(data, readonly=True)) as connection:
                    return connection.execute("SELECT count(*) FROM reading WHERE number IN (130, 140)").fetchone()[0]

            wait_for(lambda: derived() == len(truth), LIMIT_S)
            print(f"{points} points delivered in {delivered:.1f} s, in the history after "
                  f"{time.monotonic() - began:.1f} s; stand-in at most {peak} MiB")
            counters = beat("collector", data)["counters"]
            assert counters["refused_rate"] == counters["not_stored"] == 0
        assert peak < PEAK_MIB


@pytest.mark.root
def test_a_thousand_uploads_and_the_time_of_one_answer(tmp_path):
    """Figures for the record; the asserts are generous, as the machine is shared."""
    with Home() as home:
        config = make_config(tmp_path, "on")
        with home.suntap(config, "run"):
            redirecting(config)
            roof, rng = Roof(4, 24), random.Random(4)
            start = roof.start + 19 * 3600
            posts = [uploads.post(uploads.body(roof.records(start + n * INTERVAL), PVS_SERIAL, start, rng))
                     for n in range(1000)]
            wire = home.wire(timeout_s=20)
            began = time.monotonic()
            assert sum(wire(posts[at:at + 8]) for at in range(0, 1000, 8)) == 1000
            rate = 1000 / (time.monotonic() - began)
            single = []
            for number in range(100):
                body = uploads.body(roof.records(start + number * INTERVAL), PVS_SERIAL, start + 9, rng)
                began = time.monotonic()
                assert wire([uploads.post(body)]) == 1
                single.append(time.monotonic() - began)
            single.sort()
            print(f"{rate:.0f} uploads a second; one of {len(body)} bytes, connection included: median "
                  f"{1000 * single[50]:.1f} ms, 95 % {1000 * single[95]:.1f} ms")
            wait_for(lambda: beat("collector", tmp_path / "data")["counters"]["answered"] == 1100)
            with closing(inbox.connect(tmp_path / "data", readonly=True)) as connection:
                assert inbox.last_id(connection) >= 1100
            assert rate > 5
