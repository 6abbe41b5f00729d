"""`./run` lists every command that it has, and says so when there is no such command."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = (ROOT / "run").read_text()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "run", *arguments], cwd="/", capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_run_alone_lists_all_commands_with_a_line_each(arguments):
    listed = re.findall(r"^  (\w+) .*\w", run(*arguments).stdout, re.M)
    cases = re.findall(r"^    (\w+)\)", SCRIPT.split("\ncase $command in\n")[1], re.M)
    assert sorted(listed) == sorted(cases) and len(listed) == 12


def test_an_unknown_command_is_an_error_that_lists_the_known_ones():
    result = run("dance")
    assert result.returncode != 0 and "unknown command: dance" in result.stderr and "demo" in result.stderr


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_the_scripts_are_sound_bash(script):
    assert subprocess.run(["bash", "-n", ROOT / script], check=False).returncode == 0


FLAKY = """
from pathlib import Path
import pytest

def test_right(): pass

@pytest.mark.parametrize("times", {times})
def test_late(times):
    tried = Path(f"tried-{{times}}")
    tried.write_text(tried.read_text() + "." if tried.exists() else ".")
    assert len(tried.read_text()) > times
"""


def side_by_side(folder: Path, times: list[int]) -> subprocess.CompletedProcess[str]:
    """`./run`'s way to run tests, with tests that fail so many times before they pass."""
    (folder / "test_flaky.py").write_text(FLAKY.format(times=times))
    lines = SCRIPT[SCRIPT.index("side_by_side() {"):]
    function = lines[:lines.index("\n}\n") + 3]
    script = f"set -eu; say() {{ echo \"$*\"; }}\n{function}\nside_by_side test_flaky.py --quiet"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                   "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True,
                          check=False)


def test_a_test_that_fails_beside_others_runs_once_more_alone_and_is_named(tmp_path):
    result = side_by_side(tmp_path, [0, 1])
    assert result.returncode == 0 and "Once more, alone" in result.stdout
    assert "PASSED test_flaky.py::test_late[1]" in result.stdout
    assert (tmp_path / "tried-0").read_text() == "."


def test_one_that_fails_twice_fails_the_run(tmp_path):
    result = side_by_side(tmp_path, [0, 1, 2])
    assert result.returncode == 1 and "FAILED test_flaky.py::test_late[2]" in result.stdout


def test_many_that_fail_are_no_matter_of_a_busy_machine(tmp_path):
    result = side_by_side(tmp_path, [1, 2, 3, 4, 5, 6])
    assert result.returncode == 1 and "Once more" not in result.stdout


def test_where_all_pass_nothing_runs_twice(tmp_path):
    result = side_by_side(tmp_path, [0])
    assert result.returncode == 0 and "Once more" not in result.stdout
