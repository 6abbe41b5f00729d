"""The medium tells of wear and errors, and the owner hears of it before it dies. sysfs is a folder made here."""
import errno
import os
import tempfile
from io import BytesIO
from pathlib import Path

import pytest

from appliance.health import card, disk, status
from appliance.health.card import Card
from appliance.health.notices import WARN
from appliance.settings import Settings
from appliance.system.clock import Clock
from tests.health.support import states, system


def texts(found: Card) -> list[str]:
    return [notice.text for notice in card.notices(found)]


@pytest.fixture(autouse=True)
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for system() to make one at."""
    monkeypatch.setattr(disk, "SYSFS", tmp_path / "sys")
    return tmp_path / "sys"


def test_wear_and_errors_are_read_from_where_the_data_directory_is(tmp_path: Path, sysfs: Path) -> None:
    system(sysfs, tmp_path, life_time="0x02 0x0a\n", pre_eol_info="0x03\n", errors_count="7\n",
           first_error_time="1778342400\n")
    assert card.read(tmp_path) == Card(10, 3, 7, 1_778_342_400)


@pytest.mark.parametrize("files", [{}, {"life_time": "", "pre_eol_info": "worn\n", "errors_count": "-"}],
                         ids=["an SD card tells nothing", "what cannot be read"])
def test_a_medium_that_tells_nothing_is_no_matter(tmp_path: Path, sysfs: Path, files: dict[str, str]) -> None:
    assert card.read(tmp_path) == card.read(tmp_path / "nothing") == Card()
    system(sysfs, tmp_path, **files)
    assert card.read(tmp_path) == Card()
    assert card.notices(Card()) == []


@pytest.mark.parametrize(("life", "said"), [(1, ""), (9, ""), (10, "more than 90 %"), (11, "more than 100 %")])
def test_wear_is_told_once_nine_tenths_are_used(life: int, said: str) -> None:
    found = texts(Card(life=life))
    assert len(found) == bool(said) and all(said in text for text in found)


@pytest.mark.parametrize(("spare", "told"), [(0, False), (1, False), (2, True), (3, True)])
def test_spare_blocks_are_told_once_most_are_used(spare: int, told: bool) -> None:
    assert bool(texts(Card(spare=spare))) is told


def test_errors_of_the_file_system_are_told_with_the_first_ones_time() -> None:
    assert texts(Card(errors=1)) == ["The file system of the card had 1 error since its last check."]
    assert "2 errors since its last check, first on 2026-05-09 at 16:00 UTC" in texts(Card(0, 0, 2, 1_778_342_400))[0]


@pytest.mark.parametrize("first", [0, -1, 1 << 32, 1 << 63])
def test_a_time_that_cannot_be_right_is_left_out(first: int) -> None:
    assert texts(Card(errors=1, first_error=first)) == texts(Card(errors=1))


def test_the_notices_reach_the_status(box: Settings, clock: Clock, tmp_path: Path, sysfs: Path) -> None:
    system(sysfs, tmp_path, life_time="0x0b 0x01")
    found = status.collect(box, clock).to_json()["store"]["notices"]
    assert [(notice["kind"], notice["state"]) for notice in found] == [("worn", WARN)]


@pytest.mark.parametrize(("options", "state"), [("rw,errors=remount-ro", "ok"), ("rw,emergency_ro", "bad"),
                                                ("rw,shutdown", "bad")])
def test_a_file_system_that_the_kernel_stopped_writing_to_is_out_of_order(
        box: Settings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, state: str) -> None:
    device = os.stat(box.store.data_dir).st_dev
    (tmp_path / "mountinfo").write_text(f"""27 1 0:99 / / rw - tmpfs tmpfs rw,shutdown
52 27 {os.major(device)}:{os.minor(device)} /suntap /var/lib/suntap rw,noatime shared:1 - ext4 /dev/vda3 {options}
""")
    monkeypatch.setattr(disk, "MOUNTS", tmp_path / "mountinfo")
    monkeypatch.setattr(disk, "LOW_BYTES", 0)
    monkeypatch.setattr(disk, "FULL_BYTES", 0)
    assert states(box, clock)["disk"] == state


@pytest.mark.parametrize(("number", "writable"), [(errno.EROFS, False), (errno.EIO, False), (errno.EACCES, True),
                                                  (0, True)])
def test_where_the_options_do_not_tell_a_counted_error_has_a_write_tried(
        tmp_path: Path, sysfs: Path, monkeypatch: pytest.MonkeyPatch, number: int, writable: bool) -> None:
    tried = []

    def attempt(dir: Path) -> BytesIO:
        tried.append(dir)
        if number:
            raise OSError(number, "no")
        return BytesIO()

    monkeypatch.setattr(tempfile, "TemporaryFile", attempt)
    assert disk.room(tmp_path).writable and not tried
    system(sysfs, tmp_path, errors_count="1\n")
    assert disk.room(tmp_path).writable is writable and tried == [tmp_path]


@pytest.mark.parametrize("text", ["", "27\n", "27 1 0:99 /", "\xff - \n"])
def test_mounts_that_cannot_be_understood_are_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                       text: str) -> None:
    (tmp_path / "mountinfo").write_bytes(text.encode("latin1"))
    monkeypatch.setattr(disk, "MOUNTS", tmp_path / "mountinfo")
    assert disk.stopped(tmp_path) is False
