"""Three days on the wire, with disorder, an outage and its replay, end at PVOutput as exactly the truth's curve.

The way: simulated PVS → frames with TCP mischief → capture files → `suntap import` → `suntap push` → simulated PVOutput
with its quota. Beside it: the curve that the roof's own counters give.
"""
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance import settings
from appliance.demo.surroundings import Recorder
from appliance.simulate import pcapfile
from appliance.simulate.pvoutput import API_KEY, PvOutput
from appliance.simulate.pvoutput_site import System
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import INTERVAL, Roof
from appliance.system.clock import Clock
from tests.cli.command import suntap

ZONE = "America/Los_Angeles"
DAYS = (date(2026, 5, 9), date(2026, 5, 10), date(2026, 5, 11))
START = int(datetime(2026, 5, 9, 0, 0, tzinfo=ZoneInfo(ZONE)).timestamp())
END = START + 3 * 86400
OUTAGE = (START + 33 * 3600, START + 40 * 3600)     # longer than the PVS tries: its flash fills, then it bursts
RATE = 600                                          # so that the quota's hours pass in seconds


@dataclass
class World:
    """What happened, and where it was captured."""

    roof: Roof
    captures: list[Path] = field(default_factory=list)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    """Three days of a roof with a net meter; nobody answers during OUTAGE, and nothing of it is on the wire."""
    folder = tmp_path_factory.mktemp("wire")
    made = World(Roof(5, 6, meters="net", start=START, timezone=ZONE))
    recorder = Recorder(START, seed=11)

    def exchange(posts):
        if OUTAGE[0] <= recorder.now < OUTAGE[1]:
            return 0
        return recorder.exchange(posts)

    pvs = Pvs(made.roof, exchange, START, seed=3)
    now = float(START)
    parts = [[], [], []]
    while now < END + 900:
        recorder.now = now
        due = pvs.step(now)
        parts[min(2, int((now - START) // 86400))] += recorder.take()
        now = max(due, now + 1)
    for number, frames in enumerate(parts):
        path = folder / f"day{number}.pcap"
        pcapfile.write(path, sorted(frames, key=lambda frame: frame[0]))
        made.captures.append(path)
    return made


def configure(folder: Path, url: str) -> Path:
    """A settings file for a box at this site, with the data beside it."""
    config = folder / "suntap.toml"
    settings.update(config, {
        "site.timezone": ZONE, "store.data_dir": folder / "data", "pvoutput.enabled": True, "pvoutput.url": url,
        "pvoutput.api_key": API_KEY, "pvoutput.system_id": "12345", "pvoutput.reserve": 0})
    return config


def clock() -> Clock:
    """A quarter of an hour after the last record, and quick."""
    import time
    return Clock(time.time(), END + 1800, RATE)


def check_curve(server: PvOutput, roof: Roof) -> int:
    """Every slot at the site against the truth; how many there were."""
    compared = 0
    for day in DAYS:
        held, truth = server.site.curve(day), roof.curve(day, ZONE, until=END)
        assert held, day
        for slot, row in held.items():
            production, consumption = truth[slot]
            assert abs(int(row["v1"]) - production / 10) <= 1, (day, slot, row, production)
            if "v3" in row:
                assert abs(int(row["v3"]) - consumption / 10) <= 10, (day, slot, row, consumption)
            compared += 1
        last = max(held)
        assert abs(int(held[last]["v1"]) - truth[max(truth)][0] / 10) <= 1
    return compared


def check_requests(server: PvOutput, roof: Roof) -> None:
    """No request beyond the quota, none refused, no row twice without a change."""
    assert all(request.accepted for request in server.requests), [r for r in server.requests if not r.accepted]
    hours: dict[int, int] = {}
    for request in server.requests:
        hours[int(request.time // 3600)] = hours.get(int(request.time // 3600), 0) + 1
    assert max(hours.values()) <= 60
    rows = [row for request in server.requests for row in request.rows]
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)], ids=["in order", "the last day first"])
def test_pvoutput_ends_with_exactly_the_truths_curve(world, tmp_path, order):
    time = clock()
    with PvOutput(time, System(size_w=world.roof.size_w, timezone=ZONE)) as server:
        config = configure(tmp_path, server.url)
        for number in order:
            result = suntap("import", world.captures[number], "--config", config, SUNTAP_CLOCK=time.to_environment())
            assert result.code == 0, result
        pushed = suntap("push", "--config", config, SUNTAP_CLOCK=time.to_environment())
        assert (pushed.code, pushed.out) == (0, "nothing waits\n"), pushed
        slots = check_curve(server, world.roof)
        check_requests(server, world.roof)
    assert slots >= 3 * 288 - 2 - (OUTAGE[1] - OUTAGE[0]) // INTERVAL


def test_importing_twice_changes_nothing(world, tmp_path):
    time = clock()
    with PvOutput(time, System(size_w=world.roof.size_w, timezone=ZONE)) as server:
        config = configure(tmp_path, server.url)
        environment = {"SUNTAP_CLOCK": time.to_environment()}
        suntap("import", *world.captures, "--config", config, **environment)
        exported = [suntap("export", what, "--config", config).out for what in ("readings", "slots", "days")]
        assert suntap("push", "--config", config, **environment).code == 0
        sent = sum(len(request.rows) for request in server.requests)
        again = suntap("import", *world.captures, "--config", config, **environment)
        assert again.code == 0 and ", 0 new\n0 readings, 0 days changed\n" in again.out
        assert [suntap("export", what, "--config", config).out for what in ("readings", "slots", "days")] == exported
        assert suntap("push", "--config", config, **environment).code == 0
        assert sum(len(request.rows) for request in server.requests) == sent


def test_a_rebuild_changes_nothing_and_sends_nothing_again(world, tmp_path):
    time = clock()
    with PvOutput(time, System(size_w=world.roof.size_w, timezone=ZONE)) as server:
        config = configure(tmp_path, server.url)
        environment = {"SUNTAP_CLOCK": time.to_environment()}
        suntap("import", *world.captures, "--config", config, **environment)
        assert suntap("push", "--config", config, **environment).code == 0
        before, sent = suntap("export", "slots", "--config", config).out, len(server.requests)
        rebuilt = suntap("rebuild", "--config", config, **environment)
        assert rebuilt.code == 0 and rebuilt.out.startswith("rebuilt"), rebuilt
        assert suntap("export", "slots", "--config", config).out == before
        assert suntap("push", "--config", config, **environment).code == 0
        assert sum(len(request.rows) for request in server.requests[sent:]) == 0


def test_push_gives_up_when_told_to_and_says_what_waits(world, tmp_path):
    time = clock()
    with PvOutput(time, System(size_w=world.roof.size_w, timezone=ZONE)) as server:
        server.quota = 3
        config = configure(tmp_path, server.url)
        environment = {"SUNTAP_CLOCK": time.to_environment()}
        suntap("import", *world.captures, "--config", config, **environment)
        result = suntap("push", "--max-wait", "60", "--config", config, **environment)
        assert result.code == 3 and "slots wait" in result.out, result
        assert len(server.requests) <= 4


def test_push_without_an_account_says_what_to_set(tmp_path):
    config = tmp_path / "suntap.toml"
    config.write_text(f'[store]\ndata_dir = "{tmp_path}/data"\n')
    result = suntap("push", "--config", config)
    assert result.code == 1 and "api_key" in result.err and result.err.count("\n") == 1


def test_push_with_a_refused_key_ends_at_once_and_shows_pvoutputs_words(world, tmp_path):
    time = clock()
    with PvOutput(time, System(size_w=world.roof.size_w, timezone=ZONE), api_key="another") as server:
        config = configure(tmp_path, server.url)
        environment = {"SUNTAP_CLOCK": time.to_environment()}
        suntap("import", world.captures[0], "--config", config, **environment)
        result = suntap("push", "--config", config, **environment)
        assert result.code == 3 and "key" in result.out.lower(), result
        assert API_KEY not in result.out + result.err
        assert len(server.requests) == 1
