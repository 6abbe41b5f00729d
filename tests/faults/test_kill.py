"""kill -9 of the real processes while they work: afterwards the truth, exactly, and no request beyond the quota.

A process is stopped at a random moment, it is looked at what it was doing, then it is killed. Only a kill that hit work
counts as a round; there is always more work until SUNTAP_ROUNDS of them are done. The end of a test run tells the seed
(SUNTAP_SEED repeats it) and what was hit.
"""
import os
import random
import shutil
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.pvoutput import outbox
from appliance.simulate.pvoutput import Fault, PvOutput
from appliance.simulate.pvoutput_site import System
from appliance.store import inbox
from appliance.supervisor import command_queue
from appliance.system.clock import Clock
from tests.cli.command import suntap
from tests.cli.processes import kill, running, wait_for
from tests.faults.support import (
    DAY,
    END,
    RATE,
    SEED,
    ZONE,
    bodies,
    check_site,
    configured,
    derived,
    doing,
    has_open,
    nothing_waits,
    report,
    stop,
)

ROUNDS = int(os.environ.get("SUNTAP_ROUNDS", "20"))
LONGEST_S = 0.06            # from the start of work to the kill: about what the day's derivation takes
LATE_S = 0.1                # how long the simulated PVOutput thinks: a request is often under way
ONE_DAY = str(DAY)


@pytest.fixture(scope="module")
def plain(captures, tmp_path_factory) -> Path:
    """The data directory of a box that nobody killed."""
    folder = tmp_path_factory.mktemp("plain") / "data"
    assert suntap("import", *captures, "--data-dir", folder).code == 0
    return folder


def hits(found: Counter[str]) -> int:
    """Kills that hit work."""
    return sum(number for what, number in found.items() if what != "nothing to do")


def test_the_supervisor_process_killed_while_it_derives_ends_with_the_truth(plain, tmp_path):
    rng, found, passes = random.Random(SEED), Counter[str](), 0
    config = configured(tmp_path, enabled=False)
    data = tmp_path / "data"
    expected = derived(plain)

    def supervisor():
        return running("run", "supervisor", "--config", config, log=tmp_path / "log")

    while hits(found) < ROUNDS:
        passes += 1
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(plain, data)
        if passes % 2:
            with closing(store.connect(data)) as connection:
                command_queue.submit(connection, Clock(), "rebuild")
        else:
            (data / store.FILE).unlink()
        work = "not begun"
        while work and hits(found) < ROUNDS:
            with supervisor() as process:
                wait_for(lambda process=process: has_open(process.pid, data / inbox.FILE))
                time.sleep(rng.uniform(0.0, LONGEST_S))
                stop(process.pid)
                work = doing(data)
                found[work or "nothing to do"] += 1
                kill(process.pid)
                process.wait()
        with supervisor():
            wait_for(lambda: not doing(data))
        assert derived(data) == expected, SEED
    report(f"supervisor process, {passes} histories", found)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_supervisor_process_killed_while_it_posts_ends_with_the_truth(roof, captures, tmp_path):
    rng, found = random.Random(SEED), Counter[str]()
    clock = Clock(time.time(), END + 1800, RATE)
    environment = {"SUNTAP_CLOCK": clock.to_environment()}
    data, again = tmp_path / "data", 0
    with PvOutput(clock, System(size_w=roof.size_w, timezone=ZONE)) as server:
        server.fail(Fault.LATE, times=None, seconds=LATE_S)
        config = configured(tmp_path, server.url)
        pending = list(captures)
        while hits(found) < ROUNDS:
            if not pending and nothing_waits(tmp_path):
                again += 1
                with closing(store.connect(data)) as connection:
                    outbox.resend_day(connection, ONE_DAY)
            with running("run", "supervisor", "--config", config, log=tmp_path / "log", **environment) as process:
                # Not before it works there: with nobody at work an import derives by itself, and keeps others out.
                wait_for(lambda process=process: has_open(process.pid, data / inbox.FILE))
                if pending:
                    assert suntap("import", *pending[:4], "--config", config, **environment).code == 0
                    del pending[:4]
                time.sleep(rng.uniform(0.0, 0.8))
                stop(process.pid)
                last = server.requests[-1].time if server.requests else 0.0
                asking = clock.time() - last < LATE_S * RATE
                waiting = "" if nothing_waits(tmp_path) else "rows waiting"
                found["a request under way" if asking else doing(data) or waiting or "nothing to do"] += 1
                kill(process.pid)
                process.wait()
        server.heal()
        if pending:
            assert suntap("import", *pending, "--config", config, **environment).code == 0
        with running("run", "supervisor", "--config", config, log=tmp_path / "log", **environment):
            wait_for(lambda: nothing_waits(tmp_path))
        check_site(server, roof)
        report(f"posting, the day sent {again + 1} times, {len(server.requests)} requests", found)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_capture_process_killed_while_it_captures_loses_and_doubles_nothing(captures, plain, tmp_path):
    rng, found, passes = random.Random(SEED), Counter[str](), 0
    spool, data = tmp_path / "spool", tmp_path / "data"
    spool.mkdir()
    config = configured(tmp_path, enabled=False)
    expected = bodies(plain)
    while hits(found) < ROUNDS:
        passes += 1
        shutil.rmtree(data, ignore_errors=True)
        for path in captures:
            shutil.copy(path, spool / path.name)
        while any(spool.iterdir()):
            with running("run", "capture", "--spool", spool, "--config", config, log=tmp_path / "log") as process:
                wait_for(lambda process=process: has_open(process.pid, data / inbox.FILE) or not any(spool.iterdir()))
                time.sleep(rng.uniform(0.0, 0.03))
                stop(process.pid)
                found["files to read" if any(spool.iterdir()) else "nothing to do"] += 1
                kill(process.pid)
                process.wait()
        assert bodies(data) == expected, SEED
    report(f"capture process, {passes} days of traffic", found)
    assert "Traceback" not in (tmp_path / "log").read_text()
