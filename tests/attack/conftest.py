"""A box that has just been plugged in, the page of a box with a history, and its port."""
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.ledger.support import Box, folder
from tests.web import conftest as web
from webui.server import listen

# The page's fixtures, as tests/web has them.
app, cheap_password, clock, config, data_dir = web.app, web.cheap_password, web.clock, web.config, web.data_dir
filled, fresh, guest, owner, roof = web.filled, web.fresh, web.guest, web.owner, web.roof


@pytest.fixture
def box() -> Iterator[Box]:
    with folder() as name:
        box = Box(Path(name))
        yield box
        box.close()


@pytest.fixture
def served(app: Flask) -> Iterator[tuple[str, int]]:
    """The application behind a real socket: its host and port."""
    server = listen(app, "127.0.0.1", 0)
    with web.running(server):
        yield "127.0.0.1", int(server.effective_port)
