"""The linters find nothing: what `./run lint` runs, as tests, so that a run of all tests counts them."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize("command", [
    ["ruff", "check", "--quiet", "--output-format=concise", "."], ["mypy"],
    ["cython-lint", "--max-line-length", "120", "spcore"], ["lint-imports", "--no-cache"],
], ids=lambda command: command[0])
def test_it_finds_nothing(command):
    if not (TOOLS / command[0]).exists():
        pytest.skip(f"needs {command[0]}: ./run lint installs it")
    done = subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"})
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"
