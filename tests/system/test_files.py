"""A file is the old one or the new one; a lock ends with its holder; a socket in a deep folder has a short name."""
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.system.files import PRIVATE, locked, short_path, try_lock, write_atomic
from tests.cli.command import ROOT, environment

HOLDER = """
import sys, time
from pathlib import Path
from appliance.system.files import try_lock
with try_lock(Path(sys.argv[1])) as mine:
    print(mine, flush=True)
    time.sleep(600)
"""


def test_a_file_is_replaced_whole_and_is_private(tmp_path: Path) -> None:
    target = tmp_path / "file"
    for content in (b"one", b"another"):
        write_atomic(target, content)
        assert target.read_bytes() == content
    assert target.stat().st_mode & 0o777 == PRIVATE and list(tmp_path.iterdir()) == [target]


def test_where_it_cannot_be_replaced_the_old_file_stays_and_no_part_of_the_new(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    write_atomic(target, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


def test_what_a_killed_writer_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".file.tmp").write_bytes(b"half")
    write_atomic(tmp_path / "file", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_lock_is_held_by_one_and_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True,
                          cwd=ROOT, env=environment()) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "True\n"
        with try_lock(tmp_path / "lock") as mine:
            assert not mine
        holder.kill()
        holder.wait()
        with try_lock(tmp_path / "lock") as mine:
            assert mine


def test_a_folder_that_is_locked_is_made_where_there_is_none(tmp_path: Path) -> None:
    with locked(tmp_path / "new" / "folder"):
        assert (tmp_path / "new" / "folder").is_dir()


def test_a_socket_in_a_deep_folder_can_be_bound_by_its_short_path(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["d" * 60] * 4)
    deep.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as made, short_path(deep / "socket") as name:
        made.bind(name)
    assert (deep / "socket").is_socket()
