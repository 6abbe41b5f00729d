"""Room on the disk of the data directory."""
import os
from pathlib import Path

from appliance.health.disk import FULL_BYTES, LOW_BYTES, room


def test_the_room_is_what_the_file_system_says(tmp_path: Path) -> None:
    found, facts = room(tmp_path), os.statvfs(tmp_path)
    assert found is not None and found.writable and found.total == facts.f_blocks * facts.f_frsize
    assert 0 < found.free <= found.total


def test_where_there_is_no_folder_there_is_no_room(tmp_path: Path) -> None:
    assert room(tmp_path / "none") is None


def test_a_warning_comes_before_the_fault() -> None:
    assert FULL_BYTES < LOW_BYTES
