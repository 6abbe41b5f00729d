"""What the image's start-up reports reaches the status as a lamp of its own."""
from pathlib import Path

import pytest

from appliance.health import image_problems as box
from appliance.health import status
from appliance.settings import Settings
from appliance.system import clock


def test_the_problems_of_all_start_up_services_are_read(tmp_path: Path) -> None:
    (tmp_path / "boot").write_text("hostname must be small\n")
    (tmp_path / "data").write_bytes(b"full \xff\nread-only\n")
    assert box.problems(tmp_path) == ["hostname must be small", "full \ufffd", "read-only"]


def test_without_the_image_there_are_none(tmp_path: Path) -> None:
    assert box.problems(tmp_path / "none") == []


def test_a_problem_lights_a_lamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box.problems, "__defaults__", (tmp_path,))
    (tmp_path / "data").write_text("kept in memory\n")
    lamps = status.collect(Settings().with_data_dir(tmp_path / "empty"), clock.Clock()).to_json()["lamps"]
    assert [(lamp["name"], lamp["state"], lamp["text"]) for lamp in lamps][-1] == ("box", "warn", "kept in memory")


def test_the_clock_counts_as_set_unless_the_system_says_otherwise(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(clock.MARK, raising=False)
    assert clock.is_set()
    monkeypatch.setenv(clock.MARK, str(tmp_path / "trusted"))
    assert not clock.is_set()
    (tmp_path / "trusted").touch()
    assert clock.is_set()
