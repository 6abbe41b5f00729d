"""A short fuzzing run and the core's tests under sanitizers, through the same commands a person uses. They share
one build; `./run fuzz SECONDS` fuzzes longer."""
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("clang"), reason="needs clang and its runtimes")
TESTS = Path(__file__).parents[1]
FUZZ_S = "10"
SANITIZED = ("assembler", "buffer", "connections", "defrag", "delivery", "endpoints", "engine", "escape", "events",
             "flows", "headers", "holes", "http", "http_syntax", "lines", "streams", "uploads")


def test_a_short_fuzzing_run_finds_nothing():
    done = subprocess.run([TESTS / "fuzz/run", FUZZ_S], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "stat::number_of_executed_units" in done.stderr


def test_the_cores_tests_pass_under_sanitizers():
    done = subprocess.run([TESTS / "sanitize", *(f"tests/spcore/test_{name}.py" for name in SANITIZED)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
