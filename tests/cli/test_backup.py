"""`suntap backup`: one file, said with its size and that it is private; what it holds is held in tests/history."""
from pathlib import Path

from appliance import settings, store
from appliance.history import backup
from appliance.store import inbox
from tests.cli.command import refused
from tests.cli.inside import Shell


def data(tmp_path: Path) -> Path:
    store.connect(tmp_path).close()
    inbox.connect(tmp_path).close()
    return tmp_path


def test_a_file_is_written_and_said_to_be_private(shell: Shell, tmp_path: Path) -> None:
    settings.update(tmp_path / "suntap.toml", {"store.data_dir": data(tmp_path)})
    done = shell("backup", tmp_path / "b.tar.gz", "--config", tmp_path / "suntap.toml")
    assert done.code == 0 and "keep it private" in done.out and str(tmp_path / "b.tar.gz") in done.out, done
    found = backup.check(tmp_path / "b.tar.gz", tmp_path)
    assert found.settings and not found.password and (tmp_path / "b.tar.gz").stat().st_mode & 0o077 == 0


def test_without_a_folder_for_it_nothing_is_written(shell: Shell, tmp_path: Path) -> None:
    refused(shell("backup", tmp_path / "none" / "b.tar.gz", "--data-dir", data(tmp_path)), 1, "no such folder")


def test_without_a_data_directory_there_is_nothing_to_save(shell: Shell, tmp_path: Path) -> None:
    refused(shell("backup", tmp_path / "b.tar.gz", "--data-dir", tmp_path / "none"), 1, "no data directory")
    assert not (tmp_path / "b.tar.gz").exists()
