"""Settings that change while a process runs: all of them or none, and never less than valid ones."""
import pytest

from appliance import settings
from appliance.settings.live import LiveSettings


def test_a_slip_of_the_pen_is_told_where_the_owner_looks(tmp_path, caplog):
    path = tmp_path / "suntap.toml"
    path.write_text("[sight]\n[site]\nzone = 1\n")
    live = LiveSettings(path)
    assert "sight" in caplog.text and "key zone in [site]" in caplog.text
    path.write_text("[site]\nzones = 1\n")
    assert live.refresh() and "key zones in [site]" in caplog.text


def test_a_file_that_stays_is_not_loaded_again_and_one_that_changes_is(tmp_path):
    path = tmp_path / "suntap.toml"
    settings.update(path, {"web.port": 8080})
    live = LiveSettings(path)
    assert not live.refresh() and live.current.web.port == 8080
    settings.update(path, {"web.port": 8081})
    assert live.refresh() and live.current.web.port == 8081 and not live.refresh()


def test_a_change_that_says_the_same_is_no_change(tmp_path):
    path = tmp_path / "suntap.toml"
    settings.update(path, {"web.port": 8080})
    live = LiveSettings(path)
    path.write_text(path.read_text() + "# a comment\n")
    assert not live.refresh()


def test_a_wrong_file_changes_nothing_but_the_problem_and_a_right_one_ends_it(tmp_path, caplog):
    path = tmp_path / "suntap.toml"
    settings.update(path, {"web.port": 8080})
    live = LiveSettings(path)
    path.write_text("[web]\nport = 'eighty'\n")
    assert not live.refresh() and live.current.web.port == 8080 and "web.port" in live.problem
    assert "going on with the settings from before" in caplog.text
    path.write_text("[web]\nport = 8081 # right\n")
    assert live.refresh() and live.problem == "" and live.current.web.port == 8081


def test_a_file_that_goes_is_the_defaults_and_one_that_comes_is_taken(tmp_path):
    path = tmp_path / "suntap.toml"
    live = LiveSettings(path)
    assert live.current == settings.Settings()
    settings.update(path, {"web.port": 8080})
    assert live.refresh() and live.current.web.port == 8080
    path.unlink()
    assert live.refresh() and live.current == settings.Settings()


def test_the_data_directory_stays_as_it_was_at_start(tmp_path):
    path = tmp_path / "suntap.toml"
    settings.update(path, {"store.data_dir": tmp_path / "one"})
    live, named = LiveSettings(path), LiveSettings(path, tmp_path / "named")
    settings.update(path, {"store.data_dir": tmp_path / "two", "web.port": 8080})
    assert live.refresh() and live.current.store.data_dir == tmp_path / "one"
    assert named.refresh() and named.current.store.data_dir == tmp_path / "named"


def test_a_wrong_file_at_the_start_is_an_error(tmp_path):
    (tmp_path / "suntap.toml").write_text("[web]\nport = 0\n")
    with pytest.raises(settings.SettingsError):
        LiveSettings(tmp_path / "suntap.toml")
