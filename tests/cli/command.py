"""Runs suntap's commands as their user does: a process of its own, its exit code, its output."""
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "tests" / "captures"
LIMIT_S = 60


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


def command(*arguments: object) -> list[str]:
    """The command line of `suntap ARGUMENTS`."""
    return [sys.executable, "-m", "appliance.cli", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without anybody's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SUNTAP_", "NOTIFY_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def suntap(*arguments: object, stdin: str | None = None, prefix: Sequence[str] = (), **more: str) -> Result:
    """Run `suntap ARGUMENTS` to its end; `more` are environment variables."""
    done = subprocess.run([*prefix, *command(*arguments)], capture_output=True, timeout=LIMIT_S, cwd="/", check=False,
                          input=stdin.encode() if stdin is not None else b"", env=environment(**more))
    return Result(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def refused(result: Result, code: int, *words: str) -> None:
    """It ended with `code` and one line on stderr that holds `words`; no traceback."""
    assert result.code == code, result
    assert result.err.count("\n") == 1 and result.err.startswith("suntap: "), result
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err, (word, result.err)
