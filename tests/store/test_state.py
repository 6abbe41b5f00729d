"""Small facts: put, read again, forgotten, and part of the caller's transaction."""
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.store import state, transaction
from appliance.store.state import Key


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(store.connect(tmp_path)) as opened:
        yield opened


def test_a_fact_is_put_replaced_and_dropped(conn: sqlite3.Connection) -> None:
    assert state.get(conn, Key.HORIZON) is None and state.get(conn, Key.HORIZON, "0") == "0"
    state.put(conn, Key.HORIZON, "1")
    state.put(conn, Key.HORIZON, "2")
    assert state.get(conn, Key.HORIZON) == "2"
    state.drop(conn, Key.HORIZON)
    state.drop(conn, Key.HORIZON)
    assert state.get(conn, Key.HORIZON) is None


def test_a_fact_goes_with_the_transaction_it_was_put_in(conn: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError), transaction(conn):
        state.put(conn, Key.HORIZON, "1")
        raise RuntimeError
    assert state.get(conn, Key.HORIZON) is None


def test_every_fact_of_the_history_has_its_name_in_one_place(conn: sqlite3.Connection) -> None:
    """No row of the table but what Key lists, and what stands below a prefix of one room."""
    for key in Key:
        state.put(conn, key, "1")
    assert {row[0] for row in conn.execute("SELECT key FROM state")} == {key.value for key in Key}
