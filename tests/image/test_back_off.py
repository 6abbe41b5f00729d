"""A unit that keeps ending waits longer before each start: the script that the units run first."""
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "image/deb/debian/back-off"
pytestmark = [pytest.mark.root, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the script writes to /run")]

Start = Callable[[int], float]


@pytest.fixture
def state() -> Iterator[Path]:
    path = Path(f"/run/suntap-back-off/test-{os.getpid()}.service")
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def start(tmp_path: Path, state: Path) -> Start:
    """Starts a unit that systemd has restarted so often; how many seconds the script waited."""
    waited = tmp_path / "waited"
    sleep = tmp_path / "sleep"
    sleep.write_text(f"#!/bin/sh\necho $1 > {waited}\n")

    def begin(restarts: int) -> float:
        systemctl = tmp_path / "systemctl"
        systemctl.write_text(f"#!/bin/sh\necho {restarts}\n")
        for program in (sleep, systemctl):
            program.chmod(0o755)
        subprocess.run([SCRIPT, state.name], check=True, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
        return float(waited.read_text())

    return begin


def test_the_first_restart_comes_at_once_and_the_next_ones_wait_twice_as_long_up_to_a_minute(start: Start) -> None:
    assert [start(restarts) for restarts in range(9)] == [0, 0, 3, 6, 12, 24, 48, 60, 60]


def test_a_start_by_hand_begins_anew(start: Start) -> None:
    for restarts in range(5):
        start(restarts)
    assert start(0) == 0
    assert [start(restarts) for restarts in (1, 2)] == [0, 3]


def test_a_run_of_five_minutes_begins_anew(start: Start, state: Path) -> None:
    for restarts in range(5):
        start(restarts)
    _, count, wait = state.read_text().split()
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    state.write_text(f"{int(uptime) - 301} {count} {wait}\n")
    assert [start(restarts) for restarts in (5, 6)] == [0, 3]


def test_each_unit_runs_it_before_it_starts_and_starts_even_where_it_fails() -> None:
    for unit in ("capture", "supervisor", "web"):
        lines = (SCRIPT.parent / f"suntap.suntap-{unit}.service").read_text().splitlines()
        assert "ExecStartPre=-+/usr/libexec/suntap/back-off %n" in lines, unit
