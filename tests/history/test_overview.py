"""Counts over the whole history: devices by kind, the newest reading, the PVS heard last."""
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.history.overview import Overview, overview


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(store.connect(tmp_path)) as opened:
        yield opened


def test_an_empty_history_has_nothing(conn: sqlite3.Connection) -> None:
    assert overview(conn) == Overview({}, None, None)


def test_a_pvs_is_no_reading_and_the_one_heard_last_is_told(conn: sqlite3.Connection) -> None:
    for kind, serial, seen in (("pvs", "ZT-OLD", 100), ("pvs", "ZT-NEW", 900), ("inverter", "A", 500),
                               ("meter", "M", 600)):
        conn.execute("INSERT INTO device (kind, serial, model, first_seen, last_seen) VALUES (?, ?, 'X', 1, ?)",
                     (kind, serial, seen))
    assert overview(conn) == Overview({"pvs": 2, "inverter": 1, "meter": 1}, 600, ("ZT-NEW", "X", 900))
