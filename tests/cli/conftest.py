"""A shell within the test's process, without anybody's settings."""
import os

import pytest

from tests.cli.inside import Shell


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in os.environ:
        if name.startswith("SUNTAP_"):
            monkeypatch.delenv(name)
    return Shell(capsys)
