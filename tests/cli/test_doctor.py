"""`suntap doctor`: a line for each finding, what to do under those that are not in order, and an exit code."""
from pathlib import Path

import pytest

from appliance.cli import doctor as command
from appliance.health.finding import BAD, OK, Finding
from tests.cli.inside import Shell


@pytest.mark.parametrize(("state", "code", "last"), [(OK, 0, "nothing is missing"), (BAD, 1, "1 missing; ")])
def test_what_is_missing_is_counted_and_has_what_to_do(shell: Shell, monkeypatch, state: str, code: int, last) -> None:
    found = [Finding("python", OK, "3.11"), Finding("bridge", state, "there is no br0", "Make one.")]
    monkeypatch.setattr(command.doctor, "examine", lambda path, data_dir, clock: found)
    done = shell("doctor")
    lines = done.out.splitlines()
    assert done.code == code and lines[-1].startswith(last)
    assert lines[0].split() == ["ok", "python", "3.11"] and ("→ Make one." in done.out) is bool(code)


def test_it_changes_nothing_and_works_without_a_settings_file(shell: Shell, tmp_path: Path) -> None:
    done = shell("doctor", "--config", tmp_path / "none.toml", "--data-dir", tmp_path / "none")
    assert done.code in (0, 1) and len(done.out.splitlines()) > 3 and not list(tmp_path.iterdir())
