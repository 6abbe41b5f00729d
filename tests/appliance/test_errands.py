"""Errands: whole files, told ends, and no link that leads the other side where the page could not go by itself."""
import io
import os
import time
from pathlib import Path

import pytest

from appliance.system.handover import INTERRUPTED_S, REQUEST, RESULT, UNHEARD_S, Errand, Owner, TooLarge, acting_as

NOBODY = Owner(65534, 65534)


@pytest.fixture
def errand(tmp_path: Path) -> Errand:
    return Errand(tmp_path, "update", "bundle")


def test_a_file_is_kept_whole_and_private(errand: Errand) -> None:
    errand.keep(io.BytesIO(b"x" * 1000), 1000)
    assert errand.file.read_bytes() == b"x" * 1000
    assert errand.file.stat().st_mode & 0o077 == 0 and errand.folder.stat().st_mode & 0o077 == 0


def test_a_file_over_the_limit_leaves_the_one_before(errand: Errand) -> None:
    errand.keep(io.BytesIO(b"old"), 10)
    with pytest.raises(TooLarge):
        errand.keep(io.BytesIO(b"x" * 11), 10)
    assert errand.file.read_bytes() == b"old" and len(list(errand.folder.iterdir())) == 1


def test_it_is_asked_taken_told_and_over(errand: Errand) -> None:
    assert errand.state().name == "idle"
    errand.keep(io.BytesIO(b"x"), 10)
    errand.ask()
    assert errand.state().name == "asked" and errand.state().under_way
    with errand.take() as file:
        assert file.read() == b"x"
    assert not (errand.folder / REQUEST).exists()
    errand.tell(None, "Checking.")
    assert (errand.state().name, errand.state().text) == ("working", "Checking.") and errand.state().under_way
    errand.tell(False, "refused")
    assert errand.state().name == "failed" and not errand.state().under_way
    errand.ask()
    assert errand.state().name == "asked"


def test_what_is_refused_is_over_and_says_why(errand: Errand) -> None:
    errand.keep(io.BytesIO(b"x"), 10)
    errand.ask()
    errand.refuse("no data partition")
    assert (errand.state().name, errand.state().text) == ("failed", "no data partition") and not errand.file.exists()


@pytest.mark.parametrize(("name", "age", "state"), [(REQUEST, UNHEARD_S + 5, "unheard"),
                                                    (RESULT, INTERRUPTED_S + 5, "interrupted")])
def test_what_nobody_takes_up_or_ends_is_said(errand: Errand, name: str, age: int, state: str) -> None:
    errand.keep(io.BytesIO(b"x"), 10)
    errand.ask()
    if name == RESULT:
        errand.take().close()
        errand.tell(None, "Checking.")
    then = time.time() - age
    os.utime(errand.folder / name, (then, then))
    assert errand.state().name == state and not errand.state().under_way


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"ok": true', b"\xff", 4000 * b"["])
def test_an_answer_that_is_none_is_no_answer(errand: Errand, content: bytes) -> None:
    errand.folder.mkdir()
    (errand.folder / RESULT).write_bytes(content)
    assert errand.state().name == "idle"


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_what_is_no_file_is_not_taken(errand: Errand, tmp_path: Path, kind: str) -> None:
    errand.folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    {"link": lambda: errand.file.symlink_to(tmp_path / "secret"), "pipe": lambda: os.mkfifo(errand.file),
     "folder": errand.file.mkdir, "nothing": lambda: None}[kind]()
    with pytest.raises(OSError):
        errand.take()


def test_an_answer_that_is_a_pipe_holds_nobody(errand: Errand) -> None:
    errand.folder.mkdir()
    os.mkfifo(errand.folder / RESULT)
    assert errand.state().name == "idle"


@pytest.mark.root
def test_root_follows_no_link_where_the_pages_user_could_not_go(tmp_path: Path) -> None:
    """The page's user has put links to root's folder and file in the places of the errand."""
    tmp_path.chmod(0o755)
    data, roots = tmp_path / "data", tmp_path / "roots"
    for folder, owner in ((data, NOBODY.uid), (roots, 0)):
        folder.mkdir(mode=0o755)
        os.chown(folder, owner, owner)
    for name in (REQUEST, RESULT, "bundle"):
        (roots / name).write_text("root's")
        (roots / name).chmod(0o600)
    for parent in tmp_path.parents:  # pytest's own folders are root's alone
        if parent.name.startswith("pytest-"):
            parent.chmod(0o755)
    with acting_as(NOBODY):
        (data / "update").symlink_to(roots)
    errand = Errand(data, "update", "bundle", NOBODY)
    with pytest.raises(PermissionError):
        errand.take()
    with pytest.raises(PermissionError):
        errand.forget()
    errand.tell(True, "written elsewhere")
    assert {path.name: path.read_text() for path in roots.iterdir()} == dict.fromkeys((REQUEST, RESULT, "bundle"),
                                                                                      "root's")
    (roots / REQUEST).unlink()
    (roots / RESULT).write_text('{"ok": true, "text": "root alone reads this"}')
    assert errand.state().name == "idle"
    assert (os.geteuid(), os.getegid()) == (0, 0)
