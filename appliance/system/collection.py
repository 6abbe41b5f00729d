"""Python's search for circles of objects, put off where many objects are made and none of them is in a circle."""
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """No search meanwhile: with a million readings it takes an eighth of the time. Objects go as ever when the last
    name of them does."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
