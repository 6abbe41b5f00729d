"""The roof of the fault tests and its day on the wire."""
from pathlib import Path

import pytest

from appliance.demo.surroundings import Recorder
from appliance.simulate import pcapfile
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import Roof
from tests.faults.support import START, ZONE


@pytest.fixture(scope="session")
def roof() -> Roof:
    return Roof(5, 8, start=START, timezone=ZONE)


@pytest.fixture(scope="session")
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
