"""A box and a clock for the tests of health."""

import pytest

from appliance import store
from appliance.settings import Settings
from appliance.store import inbox
from appliance.system.clock import Clock
from appliance.system.heartbeat import Heartbeat
from tests.health.support import NOW


@pytest.fixture(autouse=True)
def no_runtime_directory(monkeypatch):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0, NOW, 0.0)


@pytest.fixture
def box(tmp_path) -> Settings:
    """A box whose three processes are alive and which has heard nothing yet."""
    for name in ("capture", "supervisor", "web"):
        Heartbeat(name, tmp_path).beat(interface="br0")
    inbox.connect(tmp_path).close()
    store.connect(tmp_path).close()
    return Settings().with_data_dir(tmp_path)
