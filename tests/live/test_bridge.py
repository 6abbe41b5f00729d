"""Live capture as it is on the box: real kernels' TCP across a real bridge, real libpcap, the real processes."""
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance import settings
from appliance.store import inbox, trust
from tests.cli.command import command, environment
from tests.cli.processes import LIMIT_S, beat, kill, wait_for
from tests.live.bridge import Bridge
from tests.live.send import bodies

pytestmark = pytest.mark.root


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    with Bridge() as made, made.answering():
        yield made


@pytest.fixture
def config(tmp_path) -> Path:
    path = tmp_path / "suntap.toml"
    settings.update(path, {"store.data_dir": tmp_path / "data", "web.host": "127.0.0.1", "web.port": 8099,
                           "capture.buffer_mib": 8})
    return path


@contextmanager
def inside(bridge: Bridge, config: Path, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """`suntap ARGUMENTS` in the box's namespace."""
    with open(config.parent / "log", "ab") as log:
        process = subprocess.Popen(["ip", "netns", "exec", bridge.box, *command(*arguments, "--config", config)],
                                   stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment())
    try:
        yield process
    finally:
        process.terminate()
        process.wait(LIMIT_S)


def listening(config: Path) -> dict:
    """The capture process's heartbeat once it has its interface."""
    return wait_for(lambda: (last := beat("capture", config.parent / "data")) and not last["problem"] and last)


def stored(config: Path) -> list[bytes]:
    """Bodies in the inbox, in order."""
    connection = inbox.connect(config.parent / "data", readonly=True)
    found = [upload.body for _, upload in inbox.after(connection, 0, 100000) if upload.complete]
    connection.close()
    return found


def counters(config: Path) -> dict[str, int]:
    return beat("capture", config.parent / "data")["counters"]


def test_every_upload_that_crosses_the_bridge_is_in_the_inbox_as_sent(bridge, config):
    with inside(bridge, config, "run", "capture"):
        listening(config)
        bridge.send(60, seed=1)
        assert wait_for(lambda: len(stored(config)) >= 60)
        assert stored(config) == bodies(60, seed=1)
        assert wait_for(lambda: counters(config)["inbox_stored"] == 60)
        assert counters(config)["dropped"] == 0 and counters(config)["holes"] == 0


@pytest.mark.parametrize(("addresses", "state"), [
    (("192.168.7.50", "203.0.113.10"), "trusted"), (("198.51.100.7", "203.0.113.10"), "unknown")],
    ids=["the answers come from outside", "so does the PVS"])
def test_a_bridge_without_an_address_trusts_the_pvs_when_it_sees_where_the_answers_enter(config, addresses, state):
    with Bridge(*addresses) as wire, wire.answering(), inside(wire, config, "run", "capture"):
        listening(config)
        wire.send(10, seed=1, seconds=3)
        assert wait_for(lambda: len(stored(config)) == 10)
        connection = inbox.connect(config.parent / "data", readonly=True)
        assert [one.state for one in trust.senders(connection)] == [state]
        connection.close()


@pytest.mark.parametrize("victim", ["capture", "supervisor", "web"])
def test_a_killed_process_is_back_before_the_next_upload_and_nothing_stored_is_lost(bridge, config, victim):
    data = config.parent / "data"
    with inside(bridge, config, "run"):
        first = {name: wait_for(lambda name=name: beat(name, data)) for name in ("capture", "supervisor", "web")}
        listening(config)
        bridge.send(10, seed=1)
        wait_for(lambda: len(stored(config)) == 10)
        kill(first[victim]["pid"])
        bridge.send(1, seed=9)  # nothing of ours is in the path: the bridge forwards all the same
        wait_for(lambda: (last := beat(victim, data)) and last["pid"] != first[victim]["pid"])
        listening(config)
        bridge.send(10, seed=2)
        wait_for(lambda: set(stored(config)) >= {*bodies(10, seed=1), *bodies(10, seed=2)})


def test_capture_goes_on_when_the_bridge_went_down_and_came_back(bridge, config):
    with inside(bridge, config, "run", "capture"):
        pid = listening(config)["pid"]
        bridge.send(5, seed=1)
        wait_for(lambda: len(stored(config)) == 5)
        bridge.ip(bridge.box, "link", "set", "br0", "down")
        wait_for(lambda: beat("capture", config.parent / "data")["problem"])
        bridge.ip(bridge.box, "link", "set", "br0", "up")
        assert listening(config)["pid"] == pid
        bridge.send(5, seed=2)
        wait_for(lambda: set(stored(config)) >= {*bodies(5, seed=1), *bodies(5, seed=2)})


def test_capture_waits_for_a_bridge_that_is_made_later(bridge, config):
    settings.update(config, {"capture.interface": "br1"})
    with inside(bridge, config, "run", "capture"):
        wait_for(lambda: (last := beat("capture", config.parent / "data")) and "br1" in last["problem"])
        bridge.ip(bridge.box, "link", "set", "br0", "down")
        bridge.ip(bridge.box, "link", "set", "br0", "name", "br1")
        bridge.ip(bridge.box, "link", "set", "br1", "up")
        listening(config)
        bridge.send(3, seed=1)
        wait_for(lambda: stored(config) == bodies(3, seed=1))


def test_a_locked_inbox_delays_uploads_and_loses_none(bridge, config):
    with inside(bridge, config, "run", "capture"):
        listening(config)
        bridge.send(2, seed=1)
        wait_for(lambda: len(stored(config)) == 2)
        blocker = inbox.connect(config.parent / "data")
        blocker.execute("BEGIN IMMEDIATE")
        bridge.send(20, seed=2)
        time.sleep(1)
        blocker.execute("ROLLBACK")
        blocker.close()
        wait_for(lambda: stored(config) == bodies(2, seed=1) + bodies(20, seed=2))


def test_sigterm_ends_the_capture_also_in_silence(bridge, config):
    with inside(bridge, config, "run", "capture") as process:
        listening(config)
        process.terminate()
        assert process.wait(LIMIT_S) == 0
