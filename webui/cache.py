"""What is costly to make from the store and asked for often: kept while the store, the settings and the question stay.

A roof of thousands of (invented) inverters costs seconds of a small board; browsers ask for it again and again, and a
crawler does in parallel. One thread makes at a time, the others wait for it and take what it made.
"""
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MAX_KEPT = 4            # answers; with 2,000 inverters one is 2 MB
MAX_AGE_S = 60.0        # a change that left the file's size and time as they were is seen after that


class Kept:
    """A few answers. `made` counts how many were made, for tests and for whoever wonders."""

    def __init__(self) -> None:
        self.made = 0
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[object, float, str]] = OrderedDict()

    def get(self, question: Hashable, state: object, make: Callable[[], str]) -> str:
        """The answer to `question` as of `state`, from `make` unless it is kept."""
        with self._lock:
            of, until, answer = self._answers.pop(question, (None, 0.0, ""))
            if of != state or time.monotonic() >= until:
                answer = make()
                self.made += 1
                of, until = state, time.monotonic() + MAX_AGE_S
            self._answers[question] = of, until, answer
            while len(self._answers) > MAX_KEPT:
                self._answers.popitem(last=False)
            return answer
