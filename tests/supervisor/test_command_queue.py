"""A command waits until it is carried out, and its result is asked for by its number."""
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.supervisor import command_queue
from appliance.system.clock import Clock
from tests.cli.command import ROOT, environment


def test_a_command_waits_until_it_has_a_result(tmp_path: Path) -> None:
    with closing(store.connect(tmp_path)) as opened:
        assert not command_queue.waits(opened, "retry")
        number = command_queue.submit(opened, Clock(), "retry", {"time": 1})
        assert command_queue.waits(opened, "retry") and not command_queue.waits(opened, "skip")
        assert command_queue.result(opened, number) is None
        opened.execute("UPDATE command SET finished = 1, result = '{\"done\": true}'")
        assert command_queue.result(opened, number) == {"done": True} and not command_queue.waits(opened, "retry")


def test_nobody_waits_for_a_command_that_is_not_there(tmp_path: Path) -> None:
    with closing(store.connect(tmp_path)) as opened, pytest.raises(KeyError):
        command_queue.result(opened, 7)


def test_who_asks_loads_nothing_of_what_carries_it_out() -> None:
    code = ("import sys, webui.server; print([name for name in sys.modules if name in ('appliance.supervisor.commands',"
            " 'appliance.supervisor.pipeline', 'appliance.pvoutput.poster', 'appliance.pvoutput.plan')])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
                          env=environment())
    assert done.stdout == "[]\n"
