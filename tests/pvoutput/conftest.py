"""Fixtures: a clock that is moved by hand, a simulated PVOutput on it, and a box that posts to it."""
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.simulate.pvoutput import PvOutput
from tests.pvoutput.support import KEY, Box, HandClock, settings_for


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def server(clock: HandClock) -> Iterator[PvOutput]:
    with PvOutput(HandClock(moment=clock.moment), api_key=KEY) as running:  # its wall clock is always right
        yield running


@pytest.fixture
def box(tmp_path: Path, clock: HandClock, server: PvOutput) -> Iterator[Box]:
    made = Box(tmp_path / "suntap.sqlite3", clock, server, settings_for(server))
    yield made
    made.store.close()
