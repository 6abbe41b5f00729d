"""`suntap run`: three processes under one parent, each restarted alone, all ended together."""
import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from appliance import settings
from appliance.system import heartbeat
from tests.cli.command import CAPTURES, command, environment, refused, suntap
from tests.cli.processes import LIMIT_S, alive, beat, kill, running, wait_for
from tests.ports import free_port

NAMES = heartbeat.PROCESSES


@pytest.fixture
def box(tmp_path) -> Path:
    """A settings file with a free port; data and spool beside it."""
    config = tmp_path / "suntap.toml"
    settings.update(config, {"web.host": "127.0.0.1", "web.port": free_port(), "store.data_dir": tmp_path / "data"})
    (tmp_path / "spool").mkdir()
    return config


def family(config: Path, **more: str):
    """`suntap run` for the box, capturing from its spool."""
    return running("run", "--spool", config.parent / "spool", "--config", config, log=config.parent / "log", **more)


def data(config: Path) -> Path:
    return settings.load(config).store.data_dir


def uploads_derived(config: Path) -> int:
    facts = json.loads(suntap("status", "--json", "--config", config).out)
    return facts["store"].get("devices", {}).get("inverter", 0)


def put_capture(config: Path, name: str = "plain_day") -> None:
    spool = config.parent / "spool"
    shutil.copy(CAPTURES / f"{name}.pcap", spool / "partial")
    (spool / "partial").rename(spool / f"{name}.pcap")


def test_the_three_processes_work_together_and_end_together(box):
    with family(box) as parent:
        pids = [wait_for(lambda name=name: beat(name, data(box)))["pid"] for name in NAMES]
        put_capture(box)
        assert wait_for(lambda: uploads_derived(box))
        wait_for(lambda: not list((box.parent / "spool").iterdir()))      # once the inbox has it
        port = settings.load(box).web.port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=LIMIT_S) as answer:
            assert answer.status == 200
        parent.send_signal(signal.SIGINT)
        assert parent.wait(LIMIT_S) == 0
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("name", NAMES)
def test_a_process_that_is_killed_is_started_again_and_the_others_stay(box, name):
    with family(box):
        before = {each: wait_for(lambda each=each: beat(each, data(box)))["pid"] for each in NAMES}
        kill(before[name])
        again = wait_for(lambda: (found := beat(name, data(box))) and found["pid"] != before[name] and found)
        assert again["restarts"] == 1
        put_capture(box)
        assert wait_for(lambda: uploads_derived(box))
        for other in set(NAMES) - {name}:
            assert beat(other, data(box))["pid"] == before[other]
    assert f"{name} ended (signal 9): starting it again" in (box.parent / "log").read_text()


def test_children_of_a_parent_that_is_killed_end_too(box):
    with family(box) as parent:
        pids = [wait_for(lambda name=name: beat(name, data(box)))["pid"] for name in NAMES]
        kill(parent.pid)
        wait_for(lambda: not any(alive(pid) for pid in pids))


def test_a_busy_port_costs_the_page_and_nothing_else(box):
    with socket.create_server(("127.0.0.1", settings.load(box).web.port)), family(box):
        put_capture(box)
        assert wait_for(lambda: uploads_derived(box))
        text = wait_for(lambda: (box.parent / "log").read_text())
        assert wait_for(lambda: "in use" in (box.parent / "log").read_text()), text
    assert "Traceback" not in (box.parent / "log").read_text()


def test_an_interface_that_is_missing_is_waited_for_and_said(box):
    settings.update(box, {"capture.interface": "nope0"})
    with running("run", "capture", "--config", box, log=box.parent / "log") as process:
        found = wait_for(lambda: (last := beat("capture", data(box))) and last["problem"] and last)
        assert "nope0" in found["problem"] and process.poll() is None
        lamp = json.loads(suntap("status", "--json", "--config", box).out)["lamps"][0]
        assert lamp["state"] == "bad" and "nope0" in lamp["text"] and lamp["check"]
        process.terminate()
        assert process.wait(LIMIT_S) == 0


@pytest.mark.root
def test_an_interface_named_in_the_settings_later_is_taken_without_a_restart(box):
    settings.update(box, {"capture.interface": "nope0"})
    with running("run", "capture", "--config", box, log=box.parent / "log"):
        first = wait_for(lambda: (last := beat("capture", data(box))) and last["problem"] and last)
        settings.update(box, {"capture.interface": "lo"})
        later = wait_for(lambda: (last := beat("capture", data(box))) and not last["problem"] and last)
        assert later["pid"] == first["pid"] and later["interface"] == "lo"


def test_settings_that_became_wrong_change_nothing_but_the_status(box):
    folder = data(box)
    with running("run", "supervisor", "--config", box, log=box.parent / "log") as process:
        wait_for(lambda: beat("supervisor", folder))
        before = box.read_text()
        box.write_text("[web]\nport = 'eighty'\n")
        found = wait_for(lambda: (last := beat("supervisor", folder)) and last["problem"] and last)
        assert "web.port" in found["problem"] and process.poll() is None
        box.write_text(before)
        wait_for(lambda: (last := beat("supervisor", folder)) and not last["problem"])
    log = (box.parent / "log").read_text()
    assert log.index("web.port must be") < log.index(f"{box}: right again")


def test_a_second_supervisor_process_refuses_to_work_on_the_same_data(box):
    with running("run", "supervisor", "--config", box, log=box.parent / "log"):
        wait_for(lambda: beat("supervisor", data(box)))
        result = suntap("run", "supervisor", "--config", box)
        assert result.code == 1 and "another recorder" in result.err and result.err.count("\n") == 1


def test_a_second_run_on_the_same_data_is_refused_and_the_first_is_not_disturbed(box):
    with family(box) as parent:
        pids = [wait_for(lambda name=name: beat(name, data(box)))["pid"] for name in NAMES]
        refused(suntap("run", "--config", box), 1, str(data(box)), "runs here already")
        assert parent.poll() is None and all(alive(pid) for pid in pids)
        kill(parent.pid)
    with family(box):       # a parent that was killed leaves nothing in the way
        wait_for(lambda: all((last := beat(name, data(box))) and last["pid"] not in pids for name in NAMES))


def test_import_leaves_the_derivation_to_the_running_supervisor_process(box):
    with running("run", "supervisor", "--config", box, log=box.parent / "log"):
        wait_for(lambda: beat("supervisor", data(box)))
        result = suntap("import", CAPTURES / "plain_day.pcap", "--config", box)
        assert result.code == 0 and "running recorder" in result.out
        assert wait_for(lambda: uploads_derived(box))
        assert suntap("rebuild", "--config", box).out.endswith("rebuilt\n")
        assert uploads_derived(box)


def test_systemd_is_told_ready_and_that_work_is_done(box, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        with running("run", "supervisor", "--config", box, log=box.parent / "log",
                     NOTIFY_SOCKET=str(tmp_path / "notify")):
            heard = {systemd.recv(100).decode() for _ in range(3)}
    assert heard == {"READY=1", "WATCHDOG=1"}


def test_the_runtime_directory_is_used_where_systemd_gives_one(box, tmp_path):
    (tmp_path / "runtime").mkdir()
    with running("run", "supervisor", "--config", box, log=box.parent / "log",
                 RUNTIME_DIRECTORY=str(tmp_path / "runtime")):
        wait_for(lambda: list((tmp_path / "runtime").iterdir()))
        assert not list(data(box).glob("*-status.json"))


def test_nothing_is_left_running_when_the_terminal_goes_away(box):
    process = subprocess.Popen(command("run", "--spool", box.parent / "spool", "--config", box), env=environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    pids = [wait_for(lambda name=name: beat(name, data(box)))["pid"] for name in NAMES]
    os.kill(process.pid, signal.SIGHUP)
    process.wait(LIMIT_S)
    wait_for(lambda: not any(alive(pid) for pid in pids))
