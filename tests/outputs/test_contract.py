"""What the runner and an output agree on: counters of a status, and an error that may ask for time."""
import inspect
from threading import Event

import pytest

from appliance.errors import FAILED
from appliance.outputs.contract import Context, Facts, Output, OutputError
from appliance.outputs.lines import LinesOutput
from appliance.outputs.mqtt import MqttOutput
from appliance.outputs.notify import NotifyOutput
from tests.outputs.support import House


def test_a_counter_begins_at_nothing_and_adds_up(house: House) -> None:
    context = Context(house.store, house.settings(), house.clock, Facts, Event())
    context.count("rows")
    context.count("rows", 41)
    context.count("refused", 0)
    assert context.status == {"rows": 42, "refused": 0}
    assert Context(house.store, house.settings(), house.clock, Facts, Event()).status == {}


def test_an_error_says_how_long_the_other_side_wants_to_be_left_alone() -> None:
    assert OutputError("no").wait_s == 0 and OutputError("busy", 120.0).wait_s == 120
    assert (OutputError("no").exit_code, OutputError("no").http_status) == (FAILED, 502)


@pytest.mark.parametrize("kind", [LinesOutput, MqttOutput, NotifyOutput])
def test_every_output_does_what_the_runner_asks_for(kind: type) -> None:
    for name in ("step", "wait", "close"):
        wanted = list(inspect.signature(getattr(Output, name)).parameters)
        assert list(inspect.signature(getattr(kind, name)).parameters) == wanted
