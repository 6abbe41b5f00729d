"""The queue before the inbox: in order, bounded, and counted when the database refuses."""
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.clock import Clock
from appliance.inbox_writer import PRUNE_ROWS, UPLOAD_OVERHEAD, InboxWriter
from appliance.store import inbox
from spcore.uploads import Upload

DAY_US = 86_400_000_000


def upload(number: int, size: int = 10, captured_us: int | None = None) -> Upload:
    body = f"100\t{number}\n".encode().ljust(size, b"x")
    when = number if captured_us is None else captured_us
    return Upload(when, "192.0.2.1:4000", "192.0.2.2:80", "/Data/x", body, True)


def stored(folder: Path) -> list[int]:
    connection = inbox.connect(folder, readonly=True)
    found = [int(kept.body.split()[1].rstrip(b"x")) for _, kept in inbox.after(connection, 0, 10000)]
    connection.close()
    return found


@pytest.fixture
def hurried(monkeypatch):
    """The monotonic clock of the writer, moved by hand."""
    moment = itertools.count(1000.0, 10.0)
    monkeypatch.setattr("appliance.inbox_writer.time.monotonic", lambda: next(moment))


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 50), max_size=5), max_size=10))
def test_uploads_arrive_in_order_and_repeats_are_counted(tmp_path_factory, batches):
    folder = tmp_path_factory.mktemp("data")
    writer = InboxWriter(folder, Clock())
    for batch in batches:
        writer.take([upload(number) for number in batch])
    writer.close()
    sent = [number for batch in batches for number in batch]
    assert writer.pending() == 0
    if sent:
        assert stored(folder) == list(dict.fromkeys(sent))
    assert writer.counters["inbox_stored"] == len(set(sent))
    assert writer.counters["inbox_repeated"] == len(sent) - len(set(sent))


def test_a_database_that_refuses_is_tried_again_and_nothing_is_lost(tmp_path, hurried):
    (tmp_path / "data").write_text("a file where the folder should be")
    writer = InboxWriter(tmp_path / "data", Clock())
    for number in range(5):
        writer.take([upload(number)])
    assert writer.pending() == 5 and writer.counters["inbox_errors"] > 0 and "cannot be written" in writer.problem
    (tmp_path / "data").unlink()
    (tmp_path / "data").mkdir()
    writer.take([upload(5)])
    assert writer.pending() == 0 and writer.problem == ""
    assert stored(tmp_path / "data") == [0, 1, 2, 3, 4, 5]


def test_a_refusal_is_not_repeated_at_every_packet(tmp_path):
    (tmp_path / "data").write_text("")
    writer = InboxWriter(tmp_path / "data", Clock())
    for number in range(100):
        writer.take([upload(number)])
    assert writer.counters["inbox_errors"] == 1 and writer.pending() == 100


def test_memory_is_bounded_the_oldest_goes_and_is_counted(tmp_path):
    (tmp_path / "data").write_text("")
    writer = InboxWriter(tmp_path / "data", Clock(), max_bytes=10 * (1000 + UPLOAD_OVERHEAD))
    writer.take([upload(number, 1000) for number in range(25)])
    assert writer.pending() == 10 and writer.counters["inbox_lost"] == 15
    (tmp_path / "data").unlink()
    (tmp_path / "data").mkdir()
    writer._retry_at = 0.0
    writer.flush()
    assert stored(tmp_path / "data") == list(range(15, 25))


def test_pruning_keeps_what_is_young_and_is_slow_about_the_rest(tmp_path, hurried):
    now = Clock(0.0, 0.0, 1.0)
    today_us = int(now.time() * 1e6)
    writer = InboxWriter(tmp_path, now)
    old = [upload(number, captured_us=today_us - 500 * DAY_US + number) for number in range(PRUNE_ROWS + 50)]
    writer.take(old)
    writer.take([upload(9000 + number, captured_us=today_us - 10 * DAY_US) for number in range(5)])
    writer._prune_at = 0.0
    writer.prune(400)
    assert writer.counters["inbox_pruned"] == PRUNE_ROWS
    writer._prune_at = 0.0
    writer.prune(400)
    assert stored(tmp_path) == [9000, 9001, 9002, 9003, 9004]
    writer._prune_at = 0.0
    writer.prune(400)
    assert writer.counters["inbox_pruned"] == PRUNE_ROWS + 50


def test_pruning_happens_once_an_hour(tmp_path):
    writer = InboxWriter(tmp_path, Clock())
    writer.prune(400)
    writer.take([upload(1, captured_us=0)])
    writer.prune(400)
    assert stored(tmp_path) == [1]
