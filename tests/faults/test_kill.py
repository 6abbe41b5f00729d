"""kill -9 of the real processes at random moments: afterwards the truth, exactly, and no request beyond the quota.

The seed of each run is printed with a failure; SUNTAP_SEED repeats it, SUNTAP_ROUNDS makes more of it.
"""
import os
import random
import time
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance import settings, store
from appliance.clock import Clock
from appliance.demo import Recorder
from appliance.simulate import pcapfile
from appliance.simulate.pvoutput import API_KEY, PvOutput
from appliance.simulate.pvoutput_site import System
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import Roof
from appliance.store import inbox
from tests.appliance.cli import suntap
from tests.appliance.processes import kill, running, wait_for

ZONE = "America/Los_Angeles"
DAY = date(2026, 5, 9)
START = int(datetime(2026, 5, 9, tzinfo=ZoneInfo(ZONE)).timestamp())
END = START + 86400
ROUNDS = int(os.environ.get("SUNTAP_ROUNDS", "20"))
SEED = int(os.environ.get("SUNTAP_SEED", random.SystemRandom().randrange(1 << 30)))
RATE = 600


@pytest.fixture(scope="module")
def roof() -> Roof:
    return Roof(5, 8, start=START, timezone=ZONE)


@pytest.fixture(scope="module")
def captures(roof, tmp_path_factory) -> list[Path]:
    """The day in 24 files, one an hour."""
    folder = tmp_path_factory.mktemp("hours")
    recorder = Recorder(START)
    pvs = Pvs(roof, recorder.exchange, START)
    made, now = [], float(START)
    for hour in range(1, 25):
        while now < START + hour * 3600 + (900 if hour == 24 else 0):
            recorder.now = now
            now = max(pvs.step(now), now + 1)
        path = folder / f"{hour:02}.pcap"
        pcapfile.write(path, recorder.take())
        made.append(path)
    return made


def configured(folder: Path, url: str) -> Path:
    config = folder / "suntap.toml"
    settings.update(config, {
        "site.timezone": ZONE, "store.data_dir": folder / "data", "pvoutput.enabled": True, "pvoutput.url": url,
        "pvoutput.api_key": API_KEY, "pvoutput.system_id": "12345"})
    return config


def check_site(server: PvOutput, roof: Roof) -> None:
    """The curve at the site is the truth's; no hour had more requests than the quota."""
    held, truth = server.site.curve(DAY), roof.curve(DAY, ZONE, until=END)
    for slot, row in held.items():
        assert abs(int(row["v1"]) - truth[slot][0] / 10) <= 1, (SEED, slot, row, truth[slot])
        assert "v3" not in row or abs(int(row["v3"]) - truth[slot][1] / 10) <= 10, (SEED, slot, row, truth[slot])
    assert len(held) >= 287, SEED
    hours: dict[int, int] = {}
    for request in server.requests:
        hours[int(request.time // 3600)] = hours.get(int(request.time // 3600), 0) + 1
    assert max(hours.values()) <= 60, (SEED, hours)


def nothing_waits(folder: Path) -> bool:
    with store.connect(folder / "data", readonly=True) as connection:
        states = dict(connection.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())
    return states.get("sent", 0) >= 287 and not states.get("waiting")


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


def bodies(data_dir: Path) -> list[bytes]:
    connection = inbox.connect(data_dir, readonly=True)
    found = sorted(upload.body for _, upload in inbox.after(connection, 0, 1 << 20))
    connection.close()
    return found
