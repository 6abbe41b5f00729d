"""The clock: at its rate, handed to child processes exactly, and steady when the wall clock is stepped."""
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.system import clock
from appliance.system.clock import ENVIRONMENT, MARK, Clock, from_environment, is_set

SECONDS = st.floats(0, 4e9)


@given(SECONDS, SECONDS, st.floats(0.1, 1e4))
def test_a_child_process_gets_exactly_its_parents_clock(real_start: float, start: float, rate: float) -> None:
    made = Clock(real_start, start, rate)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT, made.to_environment())
        assert from_environment() == made


def test_without_a_parents_clock_it_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert from_environment() == Clock()
    before = clock.system_seconds()
    assert before <= Clock().time() <= clock.system_seconds()


@given(st.floats(0, 1e6), st.floats(1, 1e4))
def test_an_accelerated_clock_passes_rate_seconds_in_one(passed: float, rate: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock.time, "time", lambda: 1e9 + passed)
        assert Clock(1e9, 5e8, rate).time() == pytest.approx(5e8 + passed * rate)
    assert Clock(rate=rate).sleep_seconds(passed) * rate == pytest.approx(passed)


def test_a_step_of_the_wall_clock_does_not_move_the_steady_one(monkeypatch: pytest.MonkeyPatch) -> None:
    origin, before = Clock().steady()
    monkeypatch.setattr(clock.time, "time", lambda: 0.0)
    same, after = Clock().steady()
    assert same == origin and 0 <= after - before < 3600


def test_seconds_of_clocks_with_different_rates_do_not_compare() -> None:
    assert Clock(rate=2.0).steady()[0] != Clock().steady()[0]


def test_where_there_is_a_mark_the_clock_is_a_guess_until_it_exists(monkeypatch: pytest.MonkeyPatch,
                                                                  tmp_path: Path) -> None:
    monkeypatch.delenv(MARK, raising=False)
    assert is_set()
    monkeypatch.setenv(MARK, str(tmp_path / "mark"))
    assert not is_set()
    (tmp_path / "mark").touch()
    assert is_set()
