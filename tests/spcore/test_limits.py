"""Every limit is a named constant that can be passed, is documented with its counter, and was reached by a test."""
from pathlib import Path

import pytest

from spcore.engine import Engine
from spcore.limits import Limits

NAMES = [name for name, value in vars(Limits).items() if not name.startswith("_") and isinstance(value, int)]


def test_limits_are_changed_by_name_and_a_wrong_name_is_refused():
    assert Limits(max_queue=5).max_queue == 5
    assert Limits().max_queue == Limits.max_queue
    with pytest.raises(TypeError, match="max_quue"):
        Limits(max_quue=5)


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_is_reached_by_a_test(name):
    here = Path(__file__)
    tests = "".join(path.read_text() for path in here.parent.glob("test_*.py") if path != here)
    reached_by_default = {"ack_grace": "holes_by_ack", "queue_age": "holes_by_age", "fragment_age": "datagrams_expired",
                          "max_clock_step": "clock_steps"}
    assert f"{name}=" in tests or f"Limits.{name}" in tests or reached_by_default.get(name, "no test") in tests


def test_every_counter_that_the_limits_name_is_counted():
    text = Path(__file__).parents[2].joinpath("spcore/limits.py").read_text()
    named = {part.split(".")[0] for part in text.split("Counter: ")[1:]}
    from spcore.lines import LineFormat
    assert named <= Engine().counters().keys() | LineFormat().counters().keys()


def test_counters_are_whole_numbers_and_begin_at_nothing():
    assert set(Engine().counters().values()) == {0}
