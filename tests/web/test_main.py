"""`python -m webui`: the first password from standard input; one line and an exit code for what does not go."""
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import cli
from tests.web.conftest import PASSWORD
from webui.security.auth import Auth

ROOT = Path(__file__).parents[2]


def web(*arguments: object, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run the module as `suntap run` and the demo do."""
    return subprocess.run([sys.executable, "-m", "webui", *map(str, arguments)], cwd=ROOT, input=typed, text=True,
                          capture_output=True, timeout=60, check=False)


def test_the_first_password_is_stored_and_a_second_one_changes_nothing(config: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "new"
    for typed in (PASSWORD, "another password"):
        done = web("--first-password", "--config", config, "--data-dir", data_dir, typed=f"{typed}\n")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert Auth(data_dir).check(PASSWORD) and not Auth(data_dir).check("another password")


def test_a_first_password_that_is_none_is_one_line(config: Path, data_dir: Path) -> None:
    done = web("--first-password", "--config", config, "--data-dir", data_dir, typed="short\n")
    assert done.returncode == 2 and done.stderr == "At least 8 characters, please.\n"
    assert Auth(data_dir).stored().password is None


@pytest.mark.parametrize("wrong", ["--nothing", "--config", "more"])
def test_options_that_are_none_are_one_line(wrong: str) -> None:
    done = web(wrong)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and wrong.strip("-") in done.stderr


@pytest.mark.parametrize(("content", "word"), [("web = 3\n", "web must be a section"), ("[", "not valid TOML")])
def test_settings_that_are_none_are_one_line(tmp_path: Path, content: str, word: str) -> None:
    (tmp_path / "suntap.toml").write_text(content)
    done = web("--config", tmp_path / "suntap.toml", "--data-dir", tmp_path)
    assert done.returncode == 2 and word in done.stderr and done.stderr.count("\n") == 1


def test_a_data_directory_that_cannot_be_is_one_line(config: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = web("--config", config, "--data-dir", tmp_path / "file")
    assert done.returncode == 1 and str(tmp_path / "file") in done.stderr and done.stderr.count("\n") == 1


def test_suntap_run_web_becomes_this_module(monkeypatch: pytest.MonkeyPatch, config: Path, data_dir: Path) -> None:
    """By exec: the pid stays, and with it what systemd handed over."""
    called: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda program, arguments: called.append([program, *arguments[1:]]))
    cli.main(["run", "web", "--config", str(config), "--data-dir", str(data_dir)])
    assert called == [[sys.executable, "-m", "webui", "--config", str(config), "--data-dir", str(data_dir)]]
