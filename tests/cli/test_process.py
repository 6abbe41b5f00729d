"""One process of suntap: `suntap run NAME` becomes it, with nothing in memory that it never uses."""
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import settings
from tests.cli.command import refused, suntap
from tests.cli.processes import beat, running, wait_for

UNUSED = ("argparse", "tarfile")
WORK = {"capture": "appliance.capture.process", "supervisor": "appliance.supervisor.process, appliance.update.watch",
        "collector": "appliance.collector.process", "redirect": "appliance.collector.redirect"}


@pytest.mark.parametrize("name", WORK)
def test_a_process_loads_neither_parser_nor_archives(name):
    code = f"import sys, appliance.cli.process, {WORK[name]}\nprint(*(set({UNUSED!r}) & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_run_becomes_the_process_with_the_same_pid(tmp_path):
    config = tmp_path / "suntap.toml"
    settings.update(config, {"store.data_dir": tmp_path / "data"})
    with running("run", "supervisor", "--config", config, log=tmp_path / "log") as process:
        assert wait_for(lambda: beat("supervisor", tmp_path / "data"))["pid"] == process.pid
        assert b"\0appliance.cli.process\0supervisor\0" in Path(f"/proc/{process.pid}/cmdline").read_bytes()


def test_what_stops_it_is_one_line(tmp_path):
    config = tmp_path / "suntap.toml"
    settings.update(config, {"store.data_dir": tmp_path / "data"})
    with running("run", "supervisor", "--config", config, log=tmp_path / "log"):
        wait_for(lambda: beat("supervisor", tmp_path / "data"))
        refused(suntap("run", "supervisor", "--config", config), 1, "another recorder works here already")
