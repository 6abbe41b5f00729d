"""Small facts: put, read again, forgotten, and part of the caller's transaction."""
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.store import state, transaction


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(store.connect(tmp_path)) as opened:
        yield opened


def test_a_fact_is_put_replaced_and_dropped(conn: sqlite3.Connection) -> None:
    assert state.get(conn, "horizon") is None and state.get(conn, "horizon", "0") == "0"
    state.put(conn, "horizon", "1")
    state.put(conn, "horizon", "2")
    assert state.get(conn, "horizon") == "2"
    state.drop(conn, "horizon")
    state.drop(conn, "horizon")
    assert state.get(conn, "horizon") is None


def test_a_fact_goes_with_the_transaction_it_was_put_in(conn: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError), transaction(conn):
        state.put(conn, "horizon", "1")
        raise RuntimeError
    assert state.get(conn, "horizon") is None
