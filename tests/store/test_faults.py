"""Disks that are full or read-only: one clear line, nothing half done, and on it goes when there is room again.

The full disk is a real one: a small file system in memory, mounted in a private mount namespace of a child process.
"""
import ctypes
import os
import sqlite3
import traceback
from contextlib import closing, suppress
from pathlib import Path

import pytest

from appliance import ledger, store
from appliance.store import StoreError, inbox
from tests.ledger.support import LA, NOON, Box, run_of, upload

CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_RDONLY, MS_REMOUNT = 0x20000, 0x4000, 0x40000, 1, 32

pytestmark = pytest.mark.root


def mount(target: Path, options: str, flags: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", bytes(target), b"tmpfs", flags, options.encode()):
        raise OSError(ctypes.get_errno(), f"mount {target}")


def in_namespace(work) -> None:
    """Run `work` in a forked child with mounts of its own; its failure is the test's."""
    if (child := os.fork()) == 0:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.unshare(CLONE_NEWNS) == 0
            assert libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) == 0
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "see the traceback above"


def uploads(count: int):
    return [upload(run_of(NOON + 3600 * n, 12, 1000 + 1200 * n, 100), NOON + 3600 * n + 4000, str(n))
            for n in range(count)]


def fill(folder: Path, leave: int) -> Path:
    """Take all space but `leave` bytes."""
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - leave))
    return ballast


def assert_one_line(error: StoreError) -> None:
    text = str(error)
    assert "\n" not in text and "sqlite3" in text, text
    assert any(word in text for word in ("space", "permissions", "owner")), text


@pytest.mark.parametrize("leave", [0, 8192, 60_000, 150_000])
def test_an_inbox_on_a_full_disk_takes_all_of_a_batch_or_nothing(tmp_path, leave):
    def work():
        mount(tmp_path, "size=2m")
        conn = inbox.connect(tmp_path)
        inbox.append(conn, uploads(20))
        ballast = fill(tmp_path, leave)
        added = 20
        with suppress(StoreError):
            for start in range(20, 4000, 200):
                inbox.append(conn, uploads(4000)[start:start + 200])
                added = start + 200
        assert added < 4000 and inbox.count_after(conn, 0) == added
        with pytest.raises(StoreError) as caught:
            inbox.append(conn, uploads(4000))
        assert_one_line(caught.value)
        ballast.unlink()
        assert inbox.append(conn, uploads(300)) == max(0, 300 - added)
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    in_namespace(work)


@pytest.mark.parametrize("leave", [0, 20_000, 100_000, 200_000, 300_000, 500_000])
def test_an_ingest_on_a_full_disk_goes_on_when_there_is_room(tmp_path, leave):
    def work():
        mount(tmp_path, "size=8m")
        (tmp_path / "whole").mkdir()
        whole, box = Box(tmp_path / "whole"), Box(tmp_path)
        for one in (whole, box):
            inbox.append(one.inbox, uploads(150))
        ledger.ingest(whole.inbox, whole.store, LA)
        ballast = fill(tmp_path, leave)
        try:
            ledger.ingest(box.inbox, box.store, LA)
        except StoreError as error:
            assert_one_line(error)
        else:
            assert leave >= 300_000
        assert not box.store.in_transaction
        ballast.unlink()
        ledger.ingest(box.inbox, box.store, LA)
        assert box.derived() == whole.derived()
    in_namespace(work)


def test_a_database_cannot_be_made_on_a_full_disk_and_says_so(tmp_path):
    def work():
        mount(tmp_path, "size=1m")
        fill(tmp_path, 0)
        for connect in (store.connect, inbox.connect):
            with pytest.raises(StoreError) as caught:
                connect(tmp_path)
            assert_one_line(caught.value)
        (tmp_path / "ballast").unlink()
        for connect in (store.connect, inbox.connect):
            connect(tmp_path).close()
    in_namespace(work)


def test_a_read_only_disk_can_be_read_and_says_why_it_cannot_be_written(tmp_path):
    def work():
        mount(tmp_path, "size=8m")
        box = Box(tmp_path)
        box.deliver(*uploads(3))
        before = box.slots()
        box.close()
        mount(tmp_path, "", MS_REMOUNT | MS_RDONLY)
        with closing(store.connect(tmp_path, readonly=True)) as conn:
            assert conn.execute("SELECT * FROM slot ORDER BY time").fetchall() == before
        with closing(inbox.connect(tmp_path, readonly=True)) as conn:
            assert inbox.last_id(conn) == 3
        for connect in (store.connect, inbox.connect):
            with pytest.raises(StoreError) as caught:
                connect(tmp_path)
            assert_one_line(caught.value)
        mount(tmp_path, "", MS_REMOUNT)
        box.open()
        box.deliver(*uploads(5))
        assert len(box.slots()) > len(before)
    in_namespace(work)


def test_a_disk_that_turns_read_only_under_way_is_one_line_and_no_half_state(tmp_path):
    def work():
        mount(tmp_path, "size=8m")
        box = Box(tmp_path)
        box.deliver(*uploads(3))
        before = box.derived()
        os.chmod(tmp_path, 0o500)
        box.store.execute("PRAGMA query_only = 1")
        inbox.append(box.inbox, uploads(6))
        with pytest.raises(StoreError) as caught:
            ledger.ingest(box.inbox, box.store, LA)
        assert "\n" not in str(caught.value) and box.derived() == before
        box.store.execute("PRAGMA query_only = 0")
        assert ledger.ingest(box.inbox, box.store, LA).uploads == 3
    in_namespace(work)


def test_a_lock_that_another_process_keeps_is_waited_for_and_then_told(tmp_path, monkeypatch):
    monkeypatch.setattr("appliance.store.database.BUSY_S", 0.2)
    with closing(inbox.connect(tmp_path)) as one, closing(inbox.connect(tmp_path)) as other:
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process writes"):
            inbox.append(other, uploads(1))
        one.execute("ROLLBACK")
        assert inbox.append(other, uploads(1)) == 1
        assert isinstance(other, sqlite3.Connection)
