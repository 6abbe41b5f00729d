"""Whatever order, repeats, faults, kills, reboots and clock steps come: the site ends with exactly the truth.

The truth is computed from the slots the slow way (support.Box.truth). The simulated PVOutput counts requests.
"""
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from appliance.pvoutput import client, outbox_rows
from appliance.simulate.pvoutput import Fault, PvOutput
from appliance.store import connect
from tests.pvoutput.support import DAY_S, KEY, NOON, Box, HandClock, midnight, settings_for, sunny_day

DAYS = ("2026-05-07", "2026-05-08", "2026-05-09")
FIRST = midnight(DAYS[1]) + 96 * 300
EXAMPLES = int(os.environ.get("SUNTAP_EXAMPLES", "30"))
SLOW = {Fault.LATE, Fault.NEVER}   # wait for real seconds; test_faults.py has them


class Killed(BaseException):
    """kill -9 at this very point: nothing of the process runs on."""


def slots() -> st.SearchStrategy[dict[int, tuple[int, int]]]:
    """Some slots of the days before noon of the last one: {time: (production, consumption)}."""
    times = [midnight(day) + at * 300 for day in DAYS for at in range(96, 228)]
    possible = [time for time in times if time + 600 < NOON]
    energy = st.tuples(st.integers(0, 3000), st.integers(0, 2000))
    return st.dictionaries(st.sampled_from(possible), energy, min_size=1, max_size=60)


events = st.one_of(
    st.tuples(st.just("put"), slots()),
    st.tuples(st.just("fault"), st.tuples(
        st.sampled_from(sorted(set(Fault) - SLOW, key=lambda f: f.name)),
        st.sampled_from([None, "addstatus", "addbatchstatus", "getstatus"]))),
    st.tuples(st.just("kill"), st.sampled_from(["before", "after"])),
    st.tuples(st.just("clock"), st.sampled_from([-366 * DAY_S, 366 * DAY_S, -3600, 3600, 400])),
    st.tuples(st.just("reboot"), st.integers(1, 900)),
    st.tuples(st.just("others"), st.integers(1, 30)),
    st.tuples(st.just("run"), st.integers(1, 1500)),
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=slots(), story=st.lists(events, max_size=10), again=st.integers(0, 3))
def test_any_story_ends_with_the_truth_and_within_the_quota(first: dict, story: list, again: int) -> None:
    clock = HandClock(moment=[NOON])
    real_call = client.Client._call
    plan: list[str] = []

    def call(self: client.Client, service: str, form: dict[str, str]) -> client.Reply:
        kill = plan.pop() if plan else ""
        if kill == "before":
            raise Killed
        reply = real_call(self, service, form)
        if kill == "after":
            raise Killed
        return reply

    def run(box: Box, seconds: float) -> None:
        try:
            box.run(seconds)
        except Killed:
            box.store.close()
            box.store = connect(box.folder)

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, \
            PvOutput(HandClock(moment=clock.moment), api_key=KEY) as server:
        patch.setattr(client.Client, "_call", call)
        box = Box(Path(folder), clock, server, settings_for(server))
        box.put(first)
        for what, value in story:
            match what:
                case "put":
                    box.put(value)
                    for _ in range(again):
                        box.put(value)
                case "fault":
                    server.fail(value[0], service=value[1])
                case "kill":
                    plan.append(value)
                case "clock":
                    clock.step(value)
                case "reboot":
                    clock.reboot(value)
                case "others":
                    server.spend(value)
                case "run":
                    run(box, value)
        server.heal()
        plan.clear()
        run(box, midnight("2026-05-10") + 2 * 3600 - clock.moment[0])  # past midnight: every day is checked
        box.push()
        run(box, 3600)
        note(f"{box.states()} {box.reasons()} {box.services()}")
        assert box.states() == {"sent": box.store.execute("SELECT COUNT(*) FROM slot").fetchone()[0]}
        for day in DAYS:
            assert box.curve(day) == box.truth(day)
        exceeded = [r for r in server.requests if "Exceeded" in r.reply and r.fault is None]
        assert len(exceeded) <= sum(what == "others" for what, _ in story)  # each can surprise us once
        box.store.close()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=st.lists(slots(), min_size=1, max_size=5), faults=st.lists(st.sampled_from(
    [Fault.CLOSE, Fault.HALF, Fault.ERROR, Fault.BUSY]), max_size=4), pause=st.integers(1, 900))
@example(parts=[{FIRST: (0, 0), FIRST + 300: (0, 0)},                           # arrives, and the reply is lost;
                {FIRST - 86400: (0, 0), FIRST - 86100: (0, 15), FIRST: (0, 5)},     # then energy of the day before
                {FIRST: (0, 0)}], faults=[Fault.BUSY, Fault.BUSY, Fault.CLOSE], pause=1)
def test_lifetime_counters_end_as_the_day_curve_whatever_order_the_slots_come_in(
        parts: list[dict], faults: list[Fault], pause: int) -> None:
    """All but a day's first status, which is the site's zero; within 1 Wh, since counters are rounded on their own."""
    clock, left = HandClock(moment=[NOON]), list(faults)
    with tempfile.TemporaryDirectory() as folder, PvOutput(HandClock(moment=clock.moment), api_key=KEY) as server:
        box = Box(Path(folder), clock, server, settings_for(server, energy="lifetime"))
        for part in parts:
            box.put(part)
            if left:
                server.fail(left.pop(), service="addbatchstatus")
            box.run(pause)
        server.heal()
        box.push()
        assert set(box.states()) == {"sent"}
        for day in DAYS:
            curve, truth = box.curve(day), box.truth(day)
            assert curve.keys() == truth.keys()
            for at in sorted(truth)[1:]:
                assert abs(curve[at]["v1"] - truth[at]["v1"]) <= 1 and abs(curve[at]["v3"] - truth[at]["v3"]) <= 1
                assert (curve[at]["v2"], curve[at]["v4"]) == (truth[at]["v2"], truth[at]["v4"])
        box.store.close()


def test_nothing_is_sent_twice_without_a_change(box: Box) -> None:
    for day in DAYS[:2]:
        box.put(sunny_day(day))
    box.push()
    seen = [row for request in box.posts() for row in request.rows]
    assert len(seen) == len(set(seen)) == 2 * 288
    before = len(box.posts())
    for day in DAYS[:2]:
        assert outbox_rows.refresh(box.store, box.settings, [day], box.clock.time()) == 0
        assert box.put(sunny_day(day)) == 0
    box.run(7200)
    assert len(box.posts()) == before
