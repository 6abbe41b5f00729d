"""What `suntap demo` needs before anything starts; that it shows everything is held in tests/end_to_end."""
from pathlib import Path

import pytest

from appliance import settings
from appliance.cli import demo
from appliance.demo import surroundings
from appliance.demo.surroundings import Facts
from appliance.store import inbox
from appliance.system.files import try_lock
from spcore.uploads import Upload
from tests.cli.command import refused
from tests.cli.inside import Shell


def test_a_second_demo_on_the_same_data_is_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    with try_lock(tmp_path / "demo" / "demo.lock") as alone:
        assert alone
        refused(shell("demo", "--data-dir", tmp_path / "demo"), 1, "runs here already")


def test_a_folder_that_cannot_be_made_is_one_line(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(shell("demo", "--data-dir", tmp_path / "file" / "demo"), 1, "cannot be the demo's data directory")


def test_its_history_is_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert demo.default_dir() == tmp_path / "suntap-demo"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert demo.default_dir() == Path.home() / ".local/state/suntap-demo"


def test_its_settings_talk_to_this_machine_alone_and_say_when_another_port_was_taken(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(surroundings, "free_port", lambda: 8123)
    config, port = demo._settings(tmp_path, "http://127.0.0.1:9/service/r2/", 4800)
    found = settings.load(config)
    assert port == found.web.port == 8123 and "8080 is in use" in capsys.readouterr().out
    assert found.web.host == "127.0.0.1" and "//127.0.0.1" in found.pvoutput.url and found.store.data_dir == tmp_path


def test_it_goes_on_from_the_newest_upload_of_an_earlier_demo(tmp_path: Path) -> None:
    database = inbox.connect(tmp_path)
    inbox.append(database, [Upload(1_780_000_000_000_000, "192.0.2.1:1", "192.0.2.2:80", "/Data/x", b"100\n", True)])
    database.close()
    assert demo._last_captured(tmp_path) is None        # not a demo's
    Facts(1_779_000_000).save(tmp_path)
    assert demo._last_captured(tmp_path) == 1_780_000_000
