"""The collector process: it follows the setting, proves that it works, and loses nothing that it answered."""
import os
import signal
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance import settings
from appliance.collector import PEER, STAND_IN_PORTS
from appliance.collector.process import free_names_port
from appliance.simulate import uploads
from appliance.store import inbox
from appliance.system import heartbeat
from tests.cli.processes import beat, kill, running, wait_for
from tests.collector.home import Place
from tests.collector.support import on_page_socket
from tests.ports import free_port


@pytest.fixture
def config(tmp_path) -> Path:
    path = tmp_path / "suntap.toml"
    settings.update(path, {"store.data_dir": tmp_path / "data", "collector.stand_in": "on"})
    return path


def process(config: Path, **more: Any):
    return running("run", "collector", "--config", config, log=config.parent / "log", **more)


def data(config: Path) -> Path:
    return config.parent / "data"


def serving(config: Path) -> dict:
    return wait_for(lambda: (last := beat("collector", data(config))) and last["serving"] and last)


def upload(config: Path, body: bytes) -> bytes:
    request = uploads.post(body, extra_headers=[f"{PEER}: 192.0.2.50:4000"]).wire
    return on_page_socket(data(config) / "collector.sock", request)


def stored(config: Path) -> set[bytes]:
    with closing(inbox.connect(data(config))) as connection:
        return {one.body for _, one in inbox.after(connection, 0, 100_000)}


def test_it_listens_only_while_the_owner_wants_a_stand_in(config):
    with process(config):
        assert serving(config)["port"] in STAND_IN_PORTS
        assert b"1002\t" in upload(config, b"100\n")
        settings.update(config, {"collector.stand_in": "off"})
        wait_for(lambda: not beat("collector", data(config))["serving"])
        assert not (data(config) / "collector.sock").exists()
        settings.update(config, {"collector.stand_in": "auto"})
        serving(config)
        assert b"1002\t" in upload(config, b"100\n1\n")
    assert stored(config) == {b"100\n", b"100\n1\n"}


def test_a_stand_in_that_hangs_is_one_whose_heartbeat_gets_old(config):
    with process(config):
        pid = serving(config)["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for(lambda: heartbeat.read("collector", data(config))["age_s"] > 8)
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: heartbeat.read("collector", data(config))["age_s"] < 4)


def test_kill_9_right_after_an_answer_loses_nothing(config):
    answered: set[bytes] = set()
    for number in range(5):
        with process(config) as running_one:
            serving(config)
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                body = b"100\tSPMS\n%d-%d\n" % (number, len(answered))
                if b"1002\t" in upload(config, body):
                    answered.add(body)
            kill(running_one.pid)
            running_one.wait()
            (data(config) / "collector.sock").unlink(missing_ok=True)
    assert len(answered) > 20 and answered <= stored(config)


def test_nothing_is_answered_before_the_clock_is_set(config, tmp_path):
    mark = tmp_path / "synchronized"
    with process(config, SUNTAP_CLOCK_MARK=str(mark)):
        assert serving(config)["clock_is_set"] is False
        assert upload(config, b"100\n").split()[1] == b"503"
        mark.touch()
        assert b"1002\t" in upload(config, b"100\n")


@pytest.mark.root
def test_ports_that_are_all_in_use_are_said_and_tried_again(config):
    house = Place("suntap-ports")       # a network of its own: other tests use these ports beside this one
    try:
        taken = house.inside(lambda: [socket.create_server(("0.0.0.0", port)) for port in STAND_IN_PORTS])
        with process(config, prefix=("ip", "netns", "exec", house.name)):
            assert "18080 to 18089" in wait_for(lambda: (last := beat("collector", data(config))) and last["problem"])
            for one in taken:
                one.close()
            serving(config)
    finally:
        house.close()


def test_the_name_servers_port_is_one_that_is_free_over_both_udp_and_tcp():
    ports = [free_port() for _ in range(3)]
    with socket.create_server(("0.0.0.0", ports[0])), socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("0.0.0.0", ports[1]))
        assert free_names_port(ports) == ports[2]
        assert free_names_port(ports[:2]) == ports[0]   # all taken: the first, and dnsmasq says why it cannot
