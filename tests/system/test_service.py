"""What long-running commands share, in processes of their own: a signal asks for the end, the log is one line an event,
and nobody outlives the parent."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.system.process_manager import PARENT
from tests.cli.command import ROOT
from tests.cli.processes import alive, wait_for

WAITS = """
from appliance.system.service import Stop, begin_log
import logging
begin_log("capture")
stop = Stop()
logging.getLogger("x").info("ready")
print(stop.wait(60), flush=True)
"""


def python(code: str, **more: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if name != PARENT}
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**kept, "PYTHONPATH": str(ROOT), **more})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_signal_that_asks_for_the_end_sets_the_event_and_ends_nothing_by_force(number: int) -> None:
    with python(WAITS) as process:
        assert process.stderr is not None and process.stdout is not None
        assert process.stderr.readline() == "capture: ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "True\n" and process.wait(30) == 0


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    child = ("import time; from appliance.system.service import end_with_parent; end_with_parent();"
             " print('here', flush=True); time.sleep(600)")
    parent = (f"import os, subprocess, sys, time\n"
              f"child = subprocess.Popen([sys.executable, '-c', {child!r}], env=dict(os.environ,"
              f" {PARENT}=str(os.getpid())))\nprint(child.pid, flush=True)\ntime.sleep(600)")
    with python(parent) as process:
        assert process.stdout is not None
        said = {process.stdout.readline().strip() for _ in range(2)}
        (pid,) = (int(word) for word in said if word.isdigit())
        assert "here" in said and alive(pid)
        process.kill()
        process.wait(30)
    wait_for(lambda: not alive(pid))


def test_a_child_whose_parent_died_before_ends_at_once() -> None:
    code = "from appliance.system.service import end_with_parent; end_with_parent(); print('goes on')"
    with python(code, **{PARENT: "1"}) as process:
        assert process.communicate(timeout=30)[0] == "" and process.returncode == 0


@pytest.mark.parametrize("parent", ["", "no number"])
def test_without_a_parent_it_goes_on(parent: str) -> None:
    code = "from appliance.system.service import end_with_parent; end_with_parent(); print('goes on')"
    with python(code, **{PARENT: parent}) as process:
        assert process.communicate(timeout=30)[0] == "goes on\n"
