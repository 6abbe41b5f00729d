"""What several commands share: which settings hold, a data directory that can be used, progress at a terminal only."""
import argparse
import sys
from pathlib import Path

import pytest

from appliance import settings
from appliance.cli import common
from appliance.cli.common import Complaints, Progress, data_dir_of, settings_of, settings_or_defaults, user
from appliance.errors import DONE, FAILED, USAGE, CommandError


def options(config: Path | None = None, data_dir: Path | None = None) -> argparse.Namespace:
    return argparse.Namespace(config=config, data_dir=data_dir)


@pytest.fixture(autouse=True)
def nobodys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings file of this machine's."""
    monkeypatch.delenv(settings.ENVIRONMENT, raising=False)
    monkeypatch.setattr(settings.file, "DEFAULT_PATH", tmp_path / "etc.toml")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    settings.update(tmp_path / "mine.toml", {"web.port": 8080, "store.data_dir": tmp_path / "data"})
    return tmp_path / "mine.toml"


def test_a_named_file_holds_and_the_data_directory_of_the_command_line_stands_above_it(config: Path, tmp_path) -> None:
    found, path = settings_of(options(config, tmp_path / "other"))
    assert (found.web.port, found.store.data_dir, path) == (8080, tmp_path / "other", config)


def test_without_a_file_the_defaults_hold_but_a_named_one_must_be_there(tmp_path: Path, monkeypatch) -> None:
    assert settings_of(options())[0] == settings.Settings()
    with pytest.raises(CommandError, match="check --config") as caught:
        settings_of(options(tmp_path / "none.toml"))
    assert caught.value.exit_code == USAGE
    monkeypatch.setenv(settings.ENVIRONMENT, str(tmp_path / "none.toml"))
    with pytest.raises(CommandError, match=r"check \$SUNTAP_CONFIG"):
        settings_of(options())


def test_a_command_that_must_work_all_the_same_goes_on_with_the_defaults(config: Path) -> None:
    assert settings_or_defaults(options(config)).web.port == 8080
    config.write_text("[web]\nport = 'eighty'\n")
    assert settings_or_defaults(options(config)) == settings.Settings()


def test_a_data_directory_is_made_or_told_with_what_to_do(config: Path, tmp_path: Path) -> None:
    assert data_dir_of(settings.load(config)).is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="--data-dir"):
        data_dir_of(settings.Settings().with_data_dir(tmp_path / "file" / "data"))


def test_users_are_those_of_the_machine() -> None:
    root = user("root")
    assert root is not None and (root.uid, root.gid) == (0, 0) and user("nobody-has-this-name") is None


class Terminal:
    """A stderr that is one, or not."""

    def __init__(self, is_one: bool) -> None:
        self.is_one, self.said = is_one, ""

    def isatty(self) -> bool:
        return self.is_one

    def write(self, text: str) -> None:
        self.said += text

    def flush(self) -> None:
        """Nothing waits."""


def test_progress_writes_over_one_line_and_leaves_it_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(True)
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress("uploads")
    progress(100, 200)
    progress(7)
    progress.close()
    lines = terminal.said.split("\r")
    assert lines[1] == "uploads: 100 50 %" and lines[2].rstrip() == "uploads: 7" and len(lines[2]) == len(lines[1])
    assert lines[3].strip() == "" and terminal.said.endswith("\r") and "\n" not in terminal.said


def test_progress_says_nothing_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", file := Terminal(False))
    progress = Progress("uploads")
    progress(1, 2)
    progress.close()
    assert file.said == ""


def test_complaints_are_said_as_they_come_and_the_last_ones_code_stays(capsys, monkeypatch) -> None:
    monkeypatch.delenv("SUNTAP_TRACEBACK", raising=False)
    complaints = Complaints()
    assert complaints.code == DONE
    complaints(CommandError("one is no capture", USAGE))
    complaints(OSError(5, "Input/output error", "x"))
    assert complaints.code == FAILED == common.complain(CommandError("again"))
    assert capsys.readouterr().err.count("suntap: ") == 3
