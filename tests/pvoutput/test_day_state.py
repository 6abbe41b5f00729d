"""What is known of a day at PVOutput: checked once nothing is missing, or after MOST_CHECKS questions."""
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import store
from appliance.pvoutput import day_state

DAY = "2026-05-09"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    database = store.connect(tmp_path)
    yield database
    database.close()


def rows(database: sqlite3.Connection, day: str, *states: str, key: str = "") -> None:
    for number, state in enumerate(states):
        database.execute("INSERT INTO outbox (system, time, day, state) VALUES (?, ?, ?, ?)",
                         (key, int(day[-2:]) * 86400 + number * 300, day, state))


def test_missing_rows_are_sent_again_after_each_question_but_the_last(database: sqlite3.Connection) -> None:
    assert [day_state.count_check(database, "", DAY, 3) for _ in range(day_state.MOST_CHECKS + 1)] == [
        True] * day_state.MOST_CHECKS + [False]


def test_a_day_with_nothing_missing_is_asked_for_once(database: sqlite3.Connection) -> None:
    rows(database, DAY, "sent", "sent")
    assert day_state.unchecked(database, "", DAY, "2026-05-10") == DAY
    assert not day_state.count_check(database, "", DAY, 0)
    assert day_state.unchecked(database, "", DAY, "2026-05-10") is None


def test_only_a_day_with_sent_rows_and_none_that_wait_is_asked_for(database: sqlite3.Connection) -> None:
    rows(database, "2026-05-07", "sent")
    rows(database, "2026-05-08", "sent", "open")
    rows(database, DAY, "refused")
    assert day_state.unchecked(database, "", "2026-05-01", "2026-05-10") == "2026-05-07"
    assert day_state.unchecked(database, "101", "2026-05-01", "2026-05-10") is None
    assert day_state.unchecked(database, "", "2026-05-01", "2026-05-07") is None


def test_totals_are_found_by_state_newest_span_first(database: sqlite3.Connection) -> None:
    for day in ("2026-04-01", "2026-05-08", DAY):
        day_state.count_check(database, "", day, None)
        day_state.set_total(database, "", day, "new", "")
    day_state.count_total(database, "", DAY, 1000, None)
    assert day_state.in_state(database, "", "new", 14) == [("2026-05-08", 0), (DAY, 1)]
    assert day_state.total_states(database, "") == {"new"} and day_state.total_states(database, "101") == set()
