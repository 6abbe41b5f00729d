"""kill -9 of the real processes at random moments: afterwards the truth, exactly, and no request beyond the quota.

The seed of each run is printed with a failure; SUNTAP_SEED repeats it, SUNTAP_ROUNDS makes more of it.
"""
import os
import random
import time

from appliance.clock import Clock
from appliance.simulate.pvoutput import PvOutput
from appliance.simulate.pvoutput_site import System
from tests.appliance.cli import suntap
from tests.appliance.processes import kill, running, wait_for
from tests.faults.support import END, RATE, SEED, ZONE, bodies, check_site, configured, nothing_waits

ROUNDS = int(os.environ.get("SUNTAP_ROUNDS", "20"))


def test_the_supervisor_process_killed_at_random_moments_ends_with_the_truth(roof, captures, tmp_path):
    rng = random.Random(SEED)
    clock = Clock(time.time(), END + 1800, RATE)
    environment = {"SUNTAP_CLOCK": clock.to_environment()}
    with PvOutput(clock, System(size_w=roof.size_w, timezone=ZONE)) as server:
        config = configured(tmp_path, server.url)
        pending = list(captures)
        for _ in range(ROUNDS):
            with running("run", "supervisor", "--config", config, log=tmp_path / "log", **environment) as process:
                if pending:
                    assert suntap("import", *pending[:2], "--config", config, **environment).code == 0
                    del pending[:2]
                time.sleep(rng.uniform(0.1, 1.2))
                kill(process.pid)
                process.wait()
        if pending:
            assert suntap("import", *pending, "--config", config, **environment).code == 0
        with running("run", "supervisor", "--config", config, log=tmp_path / "log", **environment):
            wait_for(lambda: nothing_waits(tmp_path))
        check_site(server, roof)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_capture_process_killed_at_random_moments_loses_and_doubles_nothing(roof, captures, tmp_path):
    rng = random.Random(SEED)
    spool = tmp_path / "spool"
    spool.mkdir()
    config = configured(tmp_path, "https://pvoutput.org/service/r2/")
    for path in captures:
        (spool / path.name).write_bytes(path.read_bytes())
    rounds = 0
    while any(spool.iterdir()):
        rounds += 1
        with running("run", "capture", "--spool", spool, "--config", config, log=tmp_path / "log") as process:
            if rounds > ROUNDS:
                wait_for(lambda: not any(spool.iterdir()))
            else:
                time.sleep(rng.uniform(0.15, 0.5))
                kill(process.pid)
                process.wait()
    plain = tmp_path / "plain"
    assert suntap("import", *captures, "--data-dir", plain).code == 0
    assert bodies(tmp_path / "data") == bodies(plain), SEED
