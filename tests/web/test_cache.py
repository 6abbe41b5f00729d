"""Costly answers are made once, for as long as nothing changed, and few of them are kept."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from webui import cache
from webui.cache import MAX_AGE_S, MAX_KEPT, Kept


def test_an_answer_is_made_once_for_each_question_and_state() -> None:
    answers = Kept()
    asked = [("a", 1), ("a", 1), ("b", 1), ("a", 2), ("b", 1), ("a", 2)]
    found = [answers.get(question, state, lambda of=(question, state): f"{of}") for question, state in asked]
    assert found == [f"{one}" for one in asked] and answers.made == 3


def test_the_answer_that_was_not_asked_for_longest_goes() -> None:
    answers = Kept()
    for question in range(MAX_KEPT):
        answers.get(question, 0, str)
    answers.get(0, 0, str)
    answers.get("new", 0, str)
    before = answers.made
    answers.get(0, 0, str)
    assert answers.made == before
    answers.get(1, 0, str)
    assert answers.made == before + 1


def test_an_answer_is_made_anew_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now, answers = [1000.0], Kept()
    monkeypatch.setattr(cache.time, "monotonic", lambda: now[0])
    for later in (0.0, MAX_AGE_S - 1, MAX_AGE_S):
        now[0] = 1000.0 + later
        answers.get("a", 0, str)
    assert answers.made == 2


def test_several_that_ask_at_once_wait_for_one() -> None:
    answers, working = Kept(), threading.Event()

    def make() -> str:
        assert not working.is_set()
        working.set()
        time.sleep(0.05)
        working.clear()
        return "x"

    with ThreadPoolExecutor(6) as browsers:
        assert {one.result() for one in [browsers.submit(answers.get, "a", 0, make) for _ in range(12)]} == {"x"}
    assert answers.made == 1


def test_one_that_cannot_be_made_is_an_error_each_time_and_keeps_nobody_waiting() -> None:
    answers = Kept()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            answers.get("a", 0, lambda: str(1 // 0))
    assert answers.get("a", 0, lambda: "x") == "x"
