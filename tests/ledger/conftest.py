"""A data directory that forgets power cuts but not kills: in memory, where there is such a file system."""
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.support import Box, folder


@pytest.fixture
def quick_path() -> Iterator[Path]:
    with folder() as name:
        yield Path(name)


@pytest.fixture
def box(quick_path: Path) -> Iterator[Box]:
    box = Box(quick_path)
    yield box
    box.close()
