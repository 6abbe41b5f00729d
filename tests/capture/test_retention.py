"""How much of the card the inbox may take: the others keep their part, and a reserve is there when the disk is full."""
import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.capture.retention import MAX_INBOX_BYTES, MIN_FREE, RESERVE, RESERVE_BYTES, SMALL_DISK, Room
from appliance.store import inbox

Disk = namedtuple("Disk", "total used free")


@pytest.fixture
def received(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = inbox.connect(tmp_path)
    yield connection
    connection.close()


@given(st.integers(1 << 20, 1 << 40), st.floats(0, 1), st.integers(0, 1 << 32))
def test_the_bound_leaves_free_what_others_need(total: int, share: float, used: int) -> None:
    free = int(total * share)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: Disk(total, total - free, free))
        patch.setattr(inbox, "sizes", lambda conn: (used, 0))
        room = Room(Path("/"))
        beyond = room.measure(None)  # type: ignore[arg-type]
    assert beyond == used - room.limit and 0 <= room.limit <= MAX_INBOX_BYTES
    if room.limit:      # what may still be written leaves the others their part
        assert free - (room.limit - used) >= min(MIN_FREE, total // SMALL_DISK)


def test_on_a_disk_with_room_the_reserve_is_made_once_and_given_once(tmp_path: Path,
                                                                    received: sqlite3.Connection) -> None:
    room = Room(tmp_path)
    assert room.tidy(received, 0) == (0, True)
    assert (tmp_path / RESERVE).stat().st_size == min(RESERVE_BYTES, shutil.disk_usage(tmp_path).total // SMALL_DISK)
    assert room.tidy(received, 0) == (0, True)
    assert room.release() and not room.release() and not (tmp_path / RESERVE).exists()


def test_a_disk_without_room_gets_no_reserve(tmp_path: Path, received: sqlite3.Connection,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(1 << 30, (1 << 30) - RESERVE_BYTES, RESERVE_BYTES))
    Room(tmp_path).tidy(received, 0)
    assert not (tmp_path / RESERVE).exists()
