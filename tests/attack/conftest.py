"""A box that has just been plugged in."""
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.support import Box, folder


@pytest.fixture
def box() -> Iterator[Box]:
    with folder() as name:
        box = Box(Path(name))
        yield box
        box.close()
