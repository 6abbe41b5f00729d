"""kill -9 anywhere in ingest, rebuild or a change of zone: nothing is lost, nothing is counted twice."""
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import ledger
from appliance.ledger import run
from appliance.store import inbox
from tests.ledger.kill import run_and_kill
from tests.ledger.support import LA, NOON, Box, inverter, meter, upload

ROUNDS = 24
KILLS = 4               # of one round, at most


def history(rng: random.Random):
    """Two days of four inverters and a meter in shuffled uploads."""
    counters, net, lines = [10_000_000 + rng.randrange(10**6) for _ in range(4)], 500_000, []
    for number in range(2 * 288):
        at = NOON + 300 * number
        for index in range(4):
            counters[index] += rng.randrange(250)
            lines.append(inverter(at, counters[index], f"41405000000000{index}"))
        net += rng.randrange(-900, 500)
        lines.append(meter(at, net))
    pieces = [lines[start:start + 40] for start in range(0, len(lines), 40)]
    rng.shuffle(pieces)
    return [upload(piece, NOON + 9 * 86400 + number, str(number)) for number, piece in enumerate(pieces)]


@pytest.fixture
def filled(quick_path, monkeypatch):
    """An inbox with a history, and what a ledger that nobody kills makes of it; small transactions."""
    monkeypatch.setattr(run, "CHUNK", 6)
    box = Box(quick_path / "whole")
    inbox.append(box.inbox, history(random.Random(1)))
    began = time.monotonic()
    ledger.ingest(box.inbox, box.store, LA)
    box.duration = time.monotonic() - began
    yield box
    box.close()


def finish_with_kills(folder: Path, work, rng: random.Random, duration: float) -> int:
    """Kill `work` at random times, then let it finish; how often it was killed."""
    kills = 0
    for _ in range(KILLS):
        if run_and_kill(lambda: work(folder), rng.uniform(0, duration)):
            return kills
        kills += 1
    work(folder)
    return kills


def ingest(folder: Path, site=LA) -> None:
    box = Box(folder, site)
    ledger.ingest(box.inbox, box.store, site)
    box.close()


def rebuild(folder: Path) -> None:
    box = Box(folder)
    ledger.rebuild(box.inbox, box.store, LA)
    box.close()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_killed_ingest_goes_on_where_it_was(filled, quick_path, seed):
    print("seed", seed)
    folder = quick_path / "killed"
    folder.mkdir()
    for name in filled.data_dir.glob("inbox.sqlite3*"):
        shutil.copy(name, folder)
    kills = finish_with_kills(folder, ingest, random.Random(seed), filled.duration)
    box = Box(folder)
    assert box.derived() == filled.derived(), f"after {kills} kills"
    assert ledger.changed(box.store) == ledger.changed(filled.store)
    box.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_rebuild_is_completed_by_the_next_ingest(filled, quick_path, seed):
    print("seed", seed)
    rng = random.Random(seed)
    before = filled.derived()
    filled.close()
    if not run_and_kill(lambda: rebuild(filled.data_dir), rng.uniform(0, filled.duration)):
        finish_with_kills(filled.data_dir, ingest, rng, filled.duration)
    filled.open()
    assert filled.derived() == before


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_change_of_zone_is_completed(filled, quick_path, seed):
    print("seed", seed)
    berlin = replace(LA, timezone="Europe/Berlin")
    fresh = Box(quick_path / "fresh", berlin)
    inbox.append(fresh.inbox, history(random.Random(1)))
    ledger.ingest(fresh.inbox, fresh.store, berlin)
    filled.close()
    finish_with_kills(filled.data_dir, lambda folder: ingest(folder, berlin), random.Random(seed), filled.duration / 2)
    filled.open()
    assert filled.derived() == fresh.derived()
    fresh.close()
