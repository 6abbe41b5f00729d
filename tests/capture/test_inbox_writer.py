"""The queue before the inbox: in order, bounded, and counted when the database refuses."""
import itertools
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.capture.inbox_writer import PRUNE_S, UPLOAD_OVERHEAD, InboxWriter
from appliance.store import inbox
from appliance.system.clock import MARK, Clock
from appliance.system.heartbeat import Heartbeat
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
    monkeypatch.setattr("appliance.capture.inbox_writer.time.monotonic", lambda: next(moment))


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


@dataclass(frozen=True)
class SteadyClock(Clock):
    """What is steady passes only when a test says so; the wall clock says what it likes."""

    passed: list[float] = field(default_factory=lambda: [0.0])

    def steady(self) -> tuple[str, float]:
        return "test", self.passed[0]


def ingested(folder: Path, number: int) -> None:
    """The supervisor process says how far it is with this inbox."""
    connection = inbox.connect(folder, readonly=True)
    Heartbeat("supervisor", folder).beat(ingested=[inbox.identity(connection)[0], number])
    connection.close()


def live(writer: InboxWriter, first: int, hours: int, captured_us: int = 0) -> None:
    """So many hours with one upload each."""
    for number in range(first, first + hours):
        writer.take([upload(number, captured_us=captured_us + number)])
        writer.clock.passed[0] += PRUNE_S
        writer.prune(1)


@pytest.mark.parametrize("clock", [SteadyClock(), SteadyClock(0.0, 0.0, 0.0), SteadyClock(0.0, 2e9, 0.0)])
@pytest.mark.parametrize("packets", ["as ever", "a year ahead", "a year behind", "1970"])
def test_no_clock_makes_an_upload_old_only_the_hours_of_capturing_do(tmp_path, clock, packets):
    now_us = 0 if packets == "1970" else 1_778_353_200_000_000
    wrong_us = now_us + {"a year ahead": 365 * DAY_US, "a year behind": -365 * DAY_US}.get(packets, 0)
    writer = InboxWriter(tmp_path, clock)
    live(writer, 0, 20, now_us)
    ingested(tmp_path, 1000)
    live(writer, 20, 4, max(0, wrong_us))
    assert stored(tmp_path) == list(range(24)) and writer.counters["inbox_pruned"] == 0
    live(writer, 24, 6, now_us)
    assert stored(tmp_path) == list(range(6, 30)) and writer.counters["inbox_pruned"] == 6


def test_what_the_supervisor_process_did_not_take_in_is_never_deleted(tmp_path):
    writer = InboxWriter(tmp_path, SteadyClock())
    live(writer, 0, 40)
    assert stored(tmp_path) == list(range(40))
    ingested(tmp_path, 3)
    live(writer, 40, 1)
    assert stored(tmp_path) == list(range(3, 41))
    Heartbeat("supervisor", tmp_path).beat(ingested=["another inbox", 1000])
    live(writer, 41, 1)
    Heartbeat("supervisor", tmp_path).beat(ingested="rubbish")
    live(writer, 42, 1)
    assert stored(tmp_path) == list(range(3, 43))


@pytest.mark.parametrize(("every_s", "kept"), [(1800, 2 * 24), (300, 12 * 24), (3599, 24)])
def test_a_process_that_is_started_again_and_again_ages_uploads_by_the_hours_that_pass(tmp_path, every_s, kept):
    inbox.connect(tmp_path).close()
    ingested(tmp_path, 10_000)
    clock = SteadyClock()
    starts = kept + 2 * 3600 // every_s + 2
    for number in range(starts):
        writer = InboxWriter(tmp_path, clock)
        writer.take([upload(number)])
        clock.passed[0] += every_s
        writer.prune(1)
        writer.close()
    left = stored(tmp_path)
    assert left[-1] == starts - 1 and kept <= len(left) <= kept + 3600 // every_s + 1


def test_pruning_happens_once_an_hour(tmp_path):
    writer = InboxWriter(tmp_path, SteadyClock())
    live(writer, 0, 24)
    ingested(tmp_path, 1000)
    for _ in range(5):
        writer.prune(1)
    assert stored(tmp_path) == list(range(24))
    live(writer, 24, 1)
    assert stored(tmp_path) == list(range(1, 25))


def test_a_damaged_inbox_is_set_aside_at_the_start_and_not_by_the_first_upload(tmp_path):
    (tmp_path / inbox.FILE).write_bytes(b"no database" * 1000)
    writer = InboxWriter(tmp_path, Clock())
    writer.start()
    assert list(tmp_path.glob(f"{inbox.FILE}.damaged-*")) and stored(tmp_path) == []


def test_an_inbox_that_cannot_be_opened_at_the_start_is_told_and_tried_again(tmp_path, hurried):
    (tmp_path / "data").write_text("a file where the folder should be")
    writer = InboxWriter(tmp_path / "data", Clock())
    writer.start()
    assert "cannot be written" in writer.problem
    (tmp_path / "data").unlink()
    (tmp_path / "data").mkdir()
    writer.take([upload(1)])
    assert writer.problem == "" and stored(tmp_path / "data") == [1]


def test_the_clock_of_the_taking_counts_and_what_comes_first_after_it_is_set_is_still_a_guess(tmp_path, monkeypatch,
                                                                                          hurried):
    mark = tmp_path / "clock-is-set"
    monkeypatch.setenv(MARK, str(mark))
    data = tmp_path / "data"
    data.write_text("the inbox cannot be written yet")
    writer = InboxWriter(data, Clock())
    writer.take([upload(1)])
    mark.touch()
    writer.take([upload(2)])        # was on its way while the clock was set
    writer.take([upload(3)])
    data.unlink()
    data.mkdir()
    writer.take([upload(4)])
    writer.close()
    connection = inbox.connect(data, readonly=True)
    ids = {int(kept.body.split()[1]): number for number, kept in inbox.after(connection, 0, 10)}
    assert inbox.guessed(connection, 1, 10) == {ids[1], ids[2]} and sorted(ids) == [1, 2, 3, 4]
    connection.close()


def test_where_the_clock_was_set_from_the_start_nothing_is_a_guess(tmp_path):
    writer = InboxWriter(tmp_path, Clock())
    writer.take([upload(1)])
    writer.close()
    connection = inbox.connect(tmp_path, readonly=True)
    assert inbox.guessed(connection, 1, 10) == set()
    connection.close()
