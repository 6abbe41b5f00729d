"""The outputs' threads: nobody waits for them, they outlive every failure, and two of one output never overlap."""
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.outputs import runner
from appliance.outputs.contract import Context, OutputError
from appliance.outputs.runner import Runner
from appliance.settings import Lines, Settings
from appliance.system.clock import Clock
from tests.cli.processes import wait_for

ON = Settings(lines=Lines("http://one.invalid"))
OTHER = Settings(lines=Lines("http://other.invalid"))


class Stub:
    """An output that does what its class says."""

    made: list["Stub"]
    behave = staticmethod(lambda stub: 0.01)

    def __init__(self, context: Context) -> None:
        self.context, self.steps, self.closed = context, 0, False
        type(self).made.append(self)

    def step(self) -> float:
        self.steps += 1
        return type(self).behave(self)

    def wait(self, seconds: float) -> None:
        self.context.stop.wait(seconds)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def kind() -> type[Stub]:
    return type("Kind", (Stub,), {"made": []})


@pytest.fixture
def outputs(tmp_path: Path, kind: type[Stub], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "BACKOFF_S", 0.01)
    found = Runner(tmp_path, Clock(), factories={"lines": kind})
    yield found
    found.close()


def test_nothing_runs_that_is_off_and_what_is_switched_off_ends(outputs, kind):
    outputs.apply(Settings())
    assert not outputs.status() and not kind.made
    outputs.apply(ON)
    wait_for(lambda: kind.made and kind.made[0].steps > 2)
    assert outputs.status()["lines"]["problem"] == "" and outputs.status()["lines"]["since"] > 0
    outputs.apply(replace(ON, web=replace(ON.web, port=81)))      # another section is no reason to start again
    assert len(kind.made) == 1
    outputs.apply(Settings())
    wait_for(lambda: kind.made[0].closed)
    assert not outputs.status()


def test_a_failure_of_any_kind_is_told_and_tried_again_ever_later(outputs, kind, caplog):
    caplog.set_level("INFO")
    errors = [OutputError("the broker is away"), ValueError("a fault of ours"), OSError(5, "I/O"), None]

    def behave(stub):
        error = errors[min(stub.steps - 1, 3)]
        if error:
            raise error
        return 0.01
    kind.behave = staticmethod(behave)
    outputs.apply(ON)
    wait_for(lambda: kind.made and kind.made[0].steps > 5)
    for words in ("the broker is away", "a fault of ours", "I/O", "works again"):
        assert words in caplog.text
    assert outputs.status()["lines"]["problem"] == ""
    assert len(kind.made) == 1


def test_a_store_that_fails_is_opened_again(outputs, kind):
    import sqlite3

    def behave(stub):
        if len(type(stub).made) < 3:
            raise sqlite3.OperationalError("database is locked")
        return 0.01
    kind.behave = staticmethod(behave)
    outputs.apply(ON)
    wait_for(lambda: len(kind.made) == 3 and kind.made[2].steps > 2)
    assert all(stub.closed for stub in kind.made[:2])


def test_an_output_that_hangs_is_waited_for_by_its_successor_and_by_nobody_else(outputs, kind):
    free = threading.Event()

    def behave(stub):
        if stub is type(stub).made[0]:
            free.wait(30)
        return 0.01
    kind.behave = staticmethod(behave)
    outputs.apply(ON)
    wait_for(lambda: kind.made and kind.made[0].steps)
    outputs.apply(OTHER)
    outputs.status()
    assert len(kind.made) == 1 and not kind.made[0].closed      # it still hangs: nobody waited for it
    free.set()
    wait_for(lambda: len(kind.made) == 2 and kind.made[1].steps)
    assert kind.made[0].closed
