"""What of a backup's history is believed: rows of the right kind within bounds, few facts, and no schema but ours. What
a stranger makes of a backup is tried in tests/attack/test_files."""
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.history import backup_check
from appliance.history.backup_check import NotBelieved
from appliance.store import inbox, state
from appliance.store.state import Key
from tests.ledger.support import NOON, Box, household

BAD_ROWS = [
    "UPDATE reading SET energy_dwh = 'much' WHERE time = (SELECT min(time) FROM reading)",
    f"UPDATE slot SET production_dwh = {backup_check.MAX_ENERGY + 1} WHERE time IN (SELECT time FROM slot LIMIT 3)",
    f"UPDATE slot SET time = time + {10 ** 9} WHERE time IN (SELECT time FROM slot LIMIT 3)",
    "UPDATE site_day SET day = 'someday'",
    "UPDATE slot SET hole = 0.5 WHERE time IN (SELECT time FROM slot LIMIT 3)",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a history of a few hours."""
    box = Box(tmp_path_factory.mktemp("made"))
    box.lines(*household(30, lambda n: 50, lambda n: 70))
    box.close()
    return box.data_dir


@pytest.fixture
def saved(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(made, tmp_path / "saved"))


def change(folder: Path, statement: str, name: str = store.FILE) -> None:
    with closing(sqlite3.connect(folder / name, isolation_level=None)) as conn:
        conn.execute("PRAGMA ignore_check_constraints = ON")
        conn.execute(statement)


def copied(saved: Path, folder: Path) -> tuple[sqlite3.Connection, int]:
    folder.mkdir()
    fresh = store.connect(folder)
    return fresh, backup_check.copy(saved, fresh, NOON + 86_400)


def test_a_sound_history_is_copied_whole_and_derived_again(saved: Path, tmp_path: Path) -> None:
    fresh, left_out = copied(saved, tmp_path / "new")
    with closing(fresh), closing(store.connect(saved)) as before:
        assert left_out == 0
        for table in ("reading", "slot", "site_day", "device"):
            query = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
            assert fresh.execute(query).fetchall() == before.execute(query).fetchall() != []
        assert state.get(fresh, Key.HORIZON) == state.get(before, Key.HORIZON)
        assert state.get(fresh, Key.DERIVED_WITH) is None


@pytest.mark.parametrize("statement", BAD_ROWS)
def test_a_row_that_cannot_be_is_left_out_counted_and_costs_no_other(saved: Path, tmp_path: Path,
                                                                     statement: str) -> None:
    change(saved, statement)
    fresh, left_out = copied(saved, tmp_path / "new")
    with closing(fresh):
        assert 1 <= left_out <= 3
        assert fresh.execute("SELECT count(*) FROM reading").fetchone()[0] >= 57


def test_facts_without_a_check_are_not_taken_over(saved: Path, tmp_path: Path) -> None:
    with closing(store.connect(saved)) as conn:
        state.put(conn, Key.NET_SIGN, "both")
        state.put(conn, Key.METER_KIND, "consumption")
        state.put(conn, Key.INBOX_CURSOR, "99999")
    fresh, _ = copied(saved, tmp_path / "new")
    with closing(fresh):
        assert state.get(fresh, Key.NET_SIGN) is None and state.get(fresh, Key.INBOX_CURSOR) is None
        assert state.get(fresh, Key.METER_KIND) == "consumption"


def test_what_this_box_knows_of_pvoutput_stays_its_own(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    with closing(store.connect(tmp_path / "own")) as own, closing(store.connect(saved)) as fresh:
        state.put(own, state.Namespaced("pvoutput.quota"), "7")
        state.put(own, Key.NET_SIGN, "-")
        backup_check.keep_own(own, fresh)
        assert state.get(fresh, state.Namespaced("pvoutput.quota")) == "7" and state.get(fresh, Key.NET_SIGN) != "-"


@pytest.mark.parametrize(("statement", "kind"), [
    ("CREATE TABLE extra (x)", "foreign"), ("DROP TABLE slot", "foreign"), ("PRAGMA user_version = 99", "newer")])
def test_a_schema_that_is_not_ours_is_refused_with_its_kind(saved: Path, statement: str, kind: str) -> None:
    backup_check.check_schema(saved / store.FILE, "store")
    change(saved, statement)
    with pytest.raises(NotBelieved) as caught:
        backup_check.check_schema(saved / store.FILE, "store")
    assert caught.value.kind == kind and "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["captured_us = -1", "source = x'00'", "body = 'text'", "sha256 = 7"])
def test_uploads_of_another_kind_are_refused(saved: Path, value: str) -> None:
    with closing(inbox.connect(saved)) as conn:
        backup_check.check_uploads(conn)
    change(saved, f"UPDATE upload SET {value}", inbox.FILE)
    with closing(inbox.connect(saved)) as conn, pytest.raises(NotBelieved, match="1 of its uploads"):
        backup_check.check_uploads(conn)
