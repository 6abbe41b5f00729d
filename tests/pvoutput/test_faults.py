"""A PVOutput that answers late, never, wrongly or by half; a process that is really killed."""
import itertools
import os
import random
import signal
import subprocess
import sys
import time as real_time
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.pvoutput import pauses, persisted, servertime, views
from appliance.simulate.pvoutput import Fault, PvOutput
from appliance.store import connect
from appliance.system import http
from appliance.system.clock import Clock
from tests.pvoutput.odd import odd_server
from tests.pvoutput.support import DAY_S, KEY, NOON, Box, HandClock, settings_for, sunny_day

DAY = "2026-05-09"
ROUNDS = int(os.environ.get("SUNTAP_KILL_ROUNDS", "25"))


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.HTML, Fault.HALF, Fault.CLOSE, Fault.BUSY, Fault.QUOTA,
                                   Fault.FORGET])
@pytest.mark.parametrize("service", ["getsystem", "addbatchstatus", "getstatus"])
def test_after_any_fault_the_site_holds_the_truth(box: Box, fault: Fault, service: str) -> None:
    box.put(sunny_day("2026-05-08"))
    box.server.fail(fault, times=2, service=service)
    box.run(3 * 3600)
    assert box.curve("2026-05-08") == box.truth("2026-05-08")
    assert box.states() == {"sent": 288}


def test_load_in_progress_means_the_same_batch_in_20_to_30_seconds(box: Box) -> None:
    box.put(sunny_day(DAY, last=140))
    box.server.fail(Fault.BUSY, times=2, service="addbatchstatus")
    box.run(120)
    first, second, third = box.posts()[:3]
    assert first.parameters == second.parameters == third.parameters
    assert 20 <= second.time - first.time <= 31 and 20 <= third.time - second.time <= 31


def test_trouble_on_the_way_is_waited_out_with_growing_pauses_of_at_most_15_minutes(box: Box) -> None:
    box.run(5)
    box.put(sunny_day(DAY, last=140))
    box.server.fail(Fault.ERROR, times=None)
    box.run(3 * 3600)
    times = [request.time for request in box.posts()]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert 20 <= waits[0] <= 31 and all(wait <= 901 for wait in waits)
    assert all(later >= earlier for earlier, later in itertools.pairwise(waits[:6]))
    assert waits[-1] >= 895 and len(set(waits)) > 3
    view = views.quota_view(box.store, box.settings, box.clock)
    assert view.pause_kind == "network" and "500" in view.pause
    box.server.heal()
    box.run(901)
    assert box.states() == {"sent": 140} and persisted.get(box.store, "failures") is None


def test_late_answers_and_none_at_all_lose_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUTS", (0.3, 0.3))
    box.put(sunny_day(DAY, last=140))
    box.run(1)
    box.server.fail(Fault.LATE, times=2, seconds=0.6)
    box.server.fail(Fault.NEVER, times=1)
    box.run(600)
    assert box.curve(DAY) == box.truth(DAY) and box.states() == {"sent": 140}


def test_no_server_at_all_is_waited_for(box: Box) -> None:
    good = box.settings
    with odd_server() as (url, _):
        pass
    box.settings = replace(good, pvoutput=replace(good.pvoutput, url=url))
    box.put(sunny_day(DAY, last=140))
    box.run(DAY_S / 24)
    assert box.states() == {"waiting": 140}
    box.settings = good
    box.run(1000)
    assert box.states() == {"sent": 140}


def test_a_pause_outlives_the_process(box: Box) -> None:
    box.put(sunny_day(DAY, last=140))
    box.server.fail(Fault.QUOTA, service="addbatchstatus")
    box.run(5)
    box.store.close()
    box.store = connect(box.folder)
    assert not box.step().requested
    pause = pauses.current(box.store, servertime.read(box.store, box.clock))
    assert pause is not None and pause.kind == pauses.QUOTA and pause.text == "Exceeded 60 requests per hour"


DRIVER = """
import sys
import time
from pathlib import Path
from appliance.system.clock import from_environment
from appliance.pvoutput import outbox, poster
from appliance.store import connect
from tests.pvoutput.support import settings_for
from dataclasses import replace
path, url = sys.argv[1:]
settings = settings_for(None)
settings = replace(settings, pvoutput=replace(settings.pvoutput, url=url))
store, clock = connect(Path(path)), from_environment()
print("ready", flush=True)
while outbox.waiting(store):
    time.sleep(clock.sleep_seconds(poster.step(store, settings, clock).wait_s))
"""


def test_kill_9_at_random_moments_loses_nothing_and_never_exceeds_the_quota(tmp_path: Path) -> None:
    """A real process, really killed, again and again, on a clock that runs 600 times faster."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    clock = Clock(real_time.time(), NOON, 600.0)
    with PvOutput(clock, api_key=KEY) as server:
        path = tmp_path
        box = Box(path, HandClock(), server, settings_for(server))
        days = [f"2026-05-0{day}" for day in range(3, 9)]
        for day in days:
            box.put(sunny_day(day))
        environment = {**os.environ, "SUNTAP_CLOCK": clock.to_environment()}
        for _ in range(ROUNDS):
            with subprocess.Popen([sys.executable, "-c", DRIVER, str(path), server.url], env=environment,
                                  stdout=subprocess.PIPE) as process:
                assert process.stdout is not None and process.stdout.readline() == b"ready\n"
                real_time.sleep(chance.uniform(0.0, 0.25))
                process.send_signal(signal.SIGKILL)
        with subprocess.Popen([sys.executable, "-c", DRIVER, str(path), server.url], env=environment) as process:
            assert process.wait(120) == 0
        assert box.states() == {"sent": 6 * 288}
        for day in days:
            assert box.curve(day) == box.truth(day)
        assert not [request for request in server.requests if request.status == 403]
        box.store.close()
