"""Runs a command within this process: for what does not depend on a process of its own, because a start costs."""
from dataclasses import dataclass

import pytest

from appliance.cli import main
from tests.cli.command import Result


@dataclass
class Shell:
    """`shell("status", "--config", path)` as `suntap status --config path`."""

    captured: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Result:
        self.captured.readouterr()
        code = main([str(argument) for argument in arguments])
        said = self.captured.readouterr()
        return Result(code, said.out, said.err)
