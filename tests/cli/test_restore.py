"""`suntap restore`: refused while suntap runs, and its exit codes; the rules of a restore are held in tests/history."""
from pathlib import Path

import pytest

from appliance import settings, store
from appliance.history import backup
from appliance.store import inbox
from appliance.supervisor import process as supervisor
from appliance.system.clock import Clock
from tests.cli.command import refused
from tests.cli.inside import Shell
from tests.ledger.support import NOON, Box, run_of


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A backup of a box that took one upload in."""
    box = Box(tmp_path / "old")
    box.lines(*run_of(NOON, 3, 1000, 100))
    box.close()
    settings.update(tmp_path / "old.toml", {"site.name": "old"})
    backup.create(tmp_path / "b.tar.gz", tmp_path / "old.toml", tmp_path / "old", Clock(0.0, NOON, 0.0))
    return tmp_path / "b.tar.gz"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings of a new box."""
    settings.update(tmp_path / "new.toml", {"store.data_dir": tmp_path / "new"})
    (tmp_path / "new").mkdir()
    return tmp_path / "new.toml"


def test_history_settings_and_uploads_are_there_afterwards(shell: Shell, saved: Path, config: Path) -> None:
    done = shell("restore", saved, "--config", config)
    assert done.code == 0 and done.out == "restored the backup of 2026-05-09 19:00 UTC: 1 uploads added\n", done
    assert settings.load(config).site.name == "old"


def test_a_restore_while_suntap_runs_is_refused_with_what_to_do(shell: Shell, saved: Path, config: Path) -> None:
    with supervisor.lock(config.parent / "new") as alone:
        assert alone
        refused(shell("restore", saved, "--config", config), 1, "running", "systemctl stop")
    assert settings.load(config).site.name == "home"


def test_what_is_no_backup_is_one_line_and_changes_nothing(shell: Shell, config: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no backup")
    refused(shell("restore", tmp_path / "x", "--config", config), 2, "x")
    refused(shell("restore", tmp_path / "none", "--config", config), 1, "none")
    assert not (tmp_path / "new" / store.FILE).exists() and not (tmp_path / "new" / inbox.FILE).exists()


def test_the_uploads_that_the_page_handed_over_are_added_and_the_file_goes(shell: Shell, saved: Path, config) -> None:
    data = config.parent / "new"
    inbox.connect(data).close()
    page = backup.handover(data)
    with open(saved, "rb") as file:
        page.store(file, 1 << 30)
    page.submit()
    done = shell("restore", "--uploads", "--data-dir", data)
    assert (done.code, done.out) == (0, "1 uploads added\n") and "1 reports" in page.state().text
    assert not page.file.exists() and not page.state().under_way


def test_uploads_that_nobody_handed_over_are_one_line_and_the_page_hears_it(shell: Shell, config: Path) -> None:
    page = backup.handover(config.parent / "new")
    page.folder.mkdir()
    refused(shell("restore", "--uploads", "--data-dir", config.parent / "new"), 1, "the page was given no backup")
    assert "not added" in page.state().text
