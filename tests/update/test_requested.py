"""Root's side of the update button: the page hears how far it is, and why not, in words."""
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.system.handover import Handover
from appliance.update import bundle, requested
from appliance.update.bundle import UpdateError
from tests.update.conftest import RUNNING, Box


@pytest.fixture
def page(box: Box) -> Handover:
    return requested.handover(box.data)


def asked(page: Handover, content: bytes) -> None:
    page.store(io.BytesIO(content), 1 << 20)
    page.submit()


def test_the_page_s_file_is_installed_and_the_end_is_left_open(box: Box, page: Handover, keys: tuple[Path, Path],
                                                               make_bundle: Callable[..., Path]) -> None:
    asked(page, make_bundle("0.2.0").read_bytes())
    assert requested.carry_out(page, box.installer(), keys[1], RUNNING, "arm64") == "0.2.0"
    assert (page.state().name, page.state().text) == (
        "working", "Version 0.2.0 is written. The box restarts and tries it.")
    assert not page.file.exists() and box.card.restarts == 1


def test_the_page_s_file_is_gone_before_the_system_is_written(
        box: Box, page: Handover, keys: tuple[Path, Path], make_bundle: Callable[..., Path],
        monkeypatch: pytest.MonkeyPatch) -> None:
    """A card has no room for three copies of a system."""
    there: list[bool] = []
    monkeypatch.setattr(box.card, "write", lambda part, tell: there.append(page.file.exists()))
    asked(page, make_bundle("0.2.0").read_bytes())
    requested.carry_out(page, box.installer(), keys[1], RUNNING, "arm64")
    assert there == [False]


def test_a_full_disk_is_said_as_such_and_leaves_no_file_with_the_page(
        box: Box, page: Handover, keys: tuple[Path, Path], make_bundle: Callable[..., Path],
        monkeypatch: pytest.MonkeyPatch) -> None:
    asked(page, make_bundle("0.2.0").read_bytes())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "system.raucb")
    monkeypatch.setattr(bundle, "take", full)
    with pytest.raises(UpdateError):
        requested.carry_out(page, box.installer(), keys[1], RUNNING, "arm64")
    assert (page.state().name, page.state().text) == (
        "failed", "system.raucb: No space left on device: nothing was changed")
    assert not page.file.exists() and box.card.restarts == 0


def test_a_link_in_the_place_of_the_file_is_not_followed(box: Box, page: Handover, keys: tuple[Path, Path]) -> None:
    asked(page, b"x")
    page.file.unlink()
    page.file.symlink_to("/etc/passwd")
    with pytest.raises(UpdateError, match="nothing was changed"):
        requested.carry_out(page, box.installer(), keys[1], RUNNING, "arm64")
    assert page.state().name == "failed" and not page.file.is_symlink()


def test_a_bug_is_told_as_one(box: Box, page: Handover, keys: tuple[Path, Path], make_bundle: Callable[..., Path],
                              monkeypatch: pytest.MonkeyPatch) -> None:
    asked(page, make_bundle("0.2.0").read_bytes())
    monkeypatch.setattr(box.card, "write", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        requested.carry_out(page, box.installer(), keys[1], RUNNING, "arm64")
    assert "the log says why" in page.state().text and not list(box.root.iterdir())


def test_room_is_asked_for_up_to_the_largest_update(page: Handover, monkeypatch: pytest.MonkeyPatch) -> None:
    requested.need_room(page, 1)
    monkeypatch.setattr(requested, "FULL_BYTES", 1 << 60)
    with pytest.raises(UpdateError, match="not enough room"):
        requested.need_room(page, 1)
    monkeypatch.setattr(requested, "FULL_BYTES", -requested.MAX_BUNDLE)
    requested.need_room(page, 1 << 60)
