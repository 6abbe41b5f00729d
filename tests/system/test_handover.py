"""Handovers: whole files, told ends, and no link that leads the other side where the page could not go by itself."""
import io
import os
import time
from pathlib import Path

import pytest

from appliance.system.handover import (
    INTERRUPTED_S,
    REQUEST,
    RESULT,
    UNHEARD_S,
    Handover,
    Owner,
    TooLargeError,
    acting_as,
)
from tests.folders import open_to_all

NOBODY = Owner(65534, 65534)


@pytest.fixture
def handover(tmp_path: Path) -> Handover:
    return Handover(tmp_path, "update", "bundle")


def test_a_file_is_kept_whole_and_private(handover: Handover) -> None:
    handover.store(io.BytesIO(b"x" * 1000), 1000)
    assert handover.file.read_bytes() == b"x" * 1000
    assert handover.file.stat().st_mode & 0o077 == 0 and handover.folder.stat().st_mode & 0o077 == 0


def test_a_file_over_the_limit_leaves_the_one_before(handover: Handover) -> None:
    handover.store(io.BytesIO(b"old"), 10)
    with pytest.raises(TooLargeError):
        handover.store(io.BytesIO(b"x" * 11), 10)
    assert handover.file.read_bytes() == b"old" and len(list(handover.folder.iterdir())) == 1


def test_it_is_asked_taken_told_and_over(handover: Handover) -> None:
    assert handover.state().name == "idle"
    handover.store(io.BytesIO(b"x"), 10)
    handover.submit()
    assert handover.state().name == "asked" and handover.state().under_way
    with handover.claim() as file:
        assert file.read() == b"x"
    assert not (handover.folder / REQUEST).exists()
    handover.report(None, "Checking.")
    assert (handover.state().name, handover.state().text) == ("working", "Checking.") and handover.state().under_way
    handover.report(False, "refused")
    assert handover.state().name == "failed" and not handover.state().under_way
    handover.submit()
    assert handover.state().name == "asked"


def test_what_the_page_was_never_asked_for_is_told_as_well(handover: Handover) -> None:
    """An update from a stick, on a box whose page never had a file."""
    handover.report(False, "version 9 did not work: back to 8")
    assert (handover.state().name, handover.state().text) == ("failed", "version 9 did not work: back to 8")
    assert handover.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("left", "asked", "kept"), [
    (["bundle", "bundle.part"], False, []), (["bundle", "bundle.part"], True, ["bundle", REQUEST]), ([], False, [])])
def test_what_a_power_cut_left_is_swept_but_not_what_waits_to_be_taken(
        handover: Handover, left: list[str], asked: bool, kept: list[str]) -> None:
    handover.folder.mkdir()
    for name in left:
        (handover.folder / name).write_bytes(b"x")
    if asked:
        handover.submit()
    handover.sweep()
    assert sorted(path.name for path in handover.folder.iterdir()) == kept


def test_what_is_refused_is_over_and_says_why(handover: Handover) -> None:
    handover.store(io.BytesIO(b"x"), 10)
    handover.submit()
    handover.reject("no data partition")
    assert (handover.state().name, handover.state().text) == ("failed", "no data partition")
    assert not handover.file.exists()


@pytest.mark.parametrize(("name", "age", "state"), [(REQUEST, UNHEARD_S + 5, "unheard"),
                                                    (RESULT, INTERRUPTED_S + 5, "interrupted")])
def test_what_nobody_takes_up_or_ends_is_said(handover: Handover, name: str, age: int, state: str) -> None:
    handover.store(io.BytesIO(b"x"), 10)
    handover.submit()
    if name == RESULT:
        handover.claim().close()
        handover.report(None, "Checking.")
    then = time.time() - age
    os.utime(handover.folder / name, (then, then))
    assert handover.state().name == state and not handover.state().under_way


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"ok": true', b"\xff", 4000 * b"["])
def test_an_answer_that_is_none_is_no_answer(handover: Handover, content: bytes) -> None:
    handover.folder.mkdir()
    (handover.folder / RESULT).write_bytes(content)
    assert handover.state().name == "idle"


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_what_is_no_file_is_not_taken(handover: Handover, tmp_path: Path, kind: str) -> None:
    handover.folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    {"link": lambda: handover.file.symlink_to(tmp_path / "secret"), "pipe": lambda: os.mkfifo(handover.file),
     "folder": handover.file.mkdir, "nothing": lambda: None}[kind]()
    with pytest.raises(OSError):
        handover.claim()


def test_an_answer_that_is_a_pipe_holds_nobody(handover: Handover) -> None:
    handover.folder.mkdir()
    os.mkfifo(handover.folder / RESULT)
    assert handover.state().name == "idle"


@pytest.mark.root
def test_root_follows_no_link_where_the_pages_user_could_not_go(tmp_path: Path) -> None:
    """The page's user has put links to root's folder and file in the places of the handover."""
    open_to_all(tmp_path)
    data, roots = tmp_path / "data", tmp_path / "roots"
    for folder, owner in ((data, NOBODY.uid), (roots, 0)):
        folder.mkdir(mode=0o755)
        os.chown(folder, owner, owner)
    for name in (REQUEST, RESULT, "bundle"):
        (roots / name).write_text("root's")
        (roots / name).chmod(0o600)
    with acting_as(NOBODY):
        (data / "update").symlink_to(roots)
    handover = Handover(data, "update", "bundle", NOBODY)
    with pytest.raises(PermissionError):
        handover.claim()
    with pytest.raises(PermissionError):
        handover.remove()
    handover.report(True, "written elsewhere")
    assert {path.name: path.read_text() for path in roots.iterdir()} == dict.fromkeys((REQUEST, RESULT, "bundle"),
                                                                                      "root's")
    (roots / REQUEST).unlink()
    (roots / RESULT).write_text('{"ok": true, "text": "root alone reads this"}')
    assert handover.state().name == "idle"
    assert (os.geteuid(), os.getegid()) == (0, 0)
