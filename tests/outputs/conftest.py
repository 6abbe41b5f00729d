"""A receiver of requests, and a house with a made-up history."""
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outputs.hook import serving
from tests.outputs.support import House


@pytest.fixture
def hook() -> Iterator[Any]:
    with serving() as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data")
