"""`./run` lists every command that it has, and says so when there is no such command."""
import re
import subprocess
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
    assert sorted(listed) == sorted(cases) and len(listed) == 11


def test_an_unknown_command_is_an_error_that_lists_the_known_ones():
    result = run("dance")
    assert result.returncode != 0 and "unknown command: dance" in result.stderr and "demo" in result.stderr


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_the_scripts_are_sound_bash(script):
    assert subprocess.run(["bash", "-n", ROOT / script], check=False).returncode == 0
