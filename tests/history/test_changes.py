"""Readers of the history's changes: each ends with exactly what is there, whatever place it begins at."""
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import store
from appliance.history import changes, views
from appliance.ledger.slot import Slot
from appliance.outputs.lines import LinesOutput
from appliance.outputs.lines.target import Target
from appliance.store import transaction
from tests.ledger.support import NOON, Box, folder, inverter, run_of
from tests.outputs.support import House

DAY = date(2026, 5, 1)
EDIT = st.tuples(st.sampled_from(["put", "delete", "read", "forget", "hand"]), st.integers(0, 5), st.integers(0, 3))


@settings(max_examples=60)
@given(st.lists(EDIT, max_size=40))
def test_a_reader_that_takes_every_change_holds_what_the_table_holds(edits):
    with folder() as name:
        house = House(Path(name))
        held: dict[int, Slot | None] = {}
        editions: dict[tuple[int, int], object] = {}
        place = 0

        def read(limit: int) -> int:
            found = changes.slots_since(house.store, place, limit)
            if found:
                changes.mark_handed(house.store, changes.SLOT, found[-1].number)
            for change in found:
                held[change.time] = change.row  # type: ignore[assignment]
                edition = editions.setdefault((change.time, change.revision), change.row)
                assert edition == change.row, "two values under one revision"
            return found[-1].number if found else place
        for what, number, value in edits:
            if what == "put":
                with transaction(house.store):
                    house.put_slot(300 * number, DAY, value, None, None, value, None)
            elif what == "delete":
                house.store.execute("DELETE FROM slot WHERE time = ?", (300 * number,))
            elif what == "forget":
                place = 0
            elif what == "hand":
                read(number)        # killed after sending: the place does not move
            else:
                place = read(number)
        while (reached := read(2)) != place:
            place = reached
        assert [row for _, row in sorted(held.items()) if row] == list(views.slots(house.store))
        assert changes.waiting(house.store, changes.SLOT, place) == 0
        house.store.close()


def test_what_the_ledger_derives_is_told_slot_by_slot_day_by_day_inverter_by_inverter(tmp_path):
    box = Box(tmp_path)
    box.lines(*run_of(NOON, 5, 1_000_000, 100))
    assert [change.row.time for change in changes.slots_since(box.store, 0, 99)] == [
        slot.time for slot in views.slots(box.store)]
    (day,) = changes.days_since(box.store, 0, 9)
    assert (day.day, day.row.production_dwh) == ("2026-05-09", 400)
    (unit,) = changes.inverters_since(box.store, 0, 9)
    assert (unit.serial, unit.row.energy_dwh, unit.row.counter_dwh) == ("414050000000001", 400, 1_000_400)
    places = [box.store.execute("SELECT max(number) FROM change WHERE kind = ?", (kind,)).fetchone()[0]
              for kind in (changes.SLOT, changes.DAY, changes.INVERTER)]
    for kind, place in enumerate(places):
        changes.mark_handed(box.store, kind, place)
    box.lines(inverter(NOON + 1500, 1_000_777))
    (slot,) = changes.slots_since(box.store, places[0], 9)
    assert slot.row.production_dwh == 377
    assert changes.days_since(box.store, places[1], 9)[0].row.production_dwh == 777
    assert changes.inverters_since(box.store, places[2], 9)[0].row.energy_dwh == 777
    box.close()


def test_what_was_not_handed_out_keeps_its_place_and_a_slot_that_only_changes_its_day_is_no_news(tmp_path):
    house = House(tmp_path)
    for time in (300, 600, 900):
        house.put_slot(time, DAY, 1, None, None, 1, None)
    changes.mark_handed(house.store, changes.SLOT, 2)

    def told():
        return [(change.number, change.revision, change.time, change.row.production_dwh)
                for change in changes.slots_since(house.store, 0, 9)]
    assert told() == [(1, 0, 300, 1), (2, 0, 600, 1), (3, 0, 900, 1)]
    house.store.execute("UPDATE slot SET production_dwh = 7 WHERE time IN (300, 900)")
    assert told() == [(2, 0, 600, 1), (3, 0, 900, 7), (4, 1, 300, 7)]
    house.store.execute("UPDATE slot SET day = '2026-05-02'")
    assert told() == [(2, 0, 600, 1), (3, 0, 900, 7), (4, 1, 300, 7)]


@pytest.mark.parametrize("statement", [
    "UPDATE slot SET production_dwh = 7", "DELETE FROM slot",
    "INSERT OR REPLACE INTO slot (time, day, seconds) VALUES (600, '2026-05-01', 9)"])
def test_a_change_between_reading_and_handing_out_waits(tmp_path, monkeypatch, statement):
    """A row that was read and not yet marked would keep its number, and its change would never be told."""
    house = House(tmp_path)
    house.put_slot(600, DAY, 1, None, None, 1, None)
    house.put_slot(1200, DAY, 1, None, None, 1, None)
    output = LinesOutput(house.context(house.settings("http://192.0.2.1/")))
    refused = []
    known = changes.quantities

    def meddled(conn):      # called behind the reading
        with closing(sqlite3.connect(tmp_path / store.FILE, timeout=0)) as recorder:
            try:
                recorder.execute(statement)
                recorder.commit()
            except sqlite3.OperationalError as error:
                refused.append(str(error))
        return known(conn)
    monkeypatch.setattr(changes, "quantities", meddled)
    monkeypatch.setattr(Target, "replaces", True)
    monkeypatch.setattr(output, "_write", len)
    output.step()
    assert refused == ["database is locked"]


@pytest.mark.parametrize("statement", ["INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT"])
def test_a_row_is_noted_whatever_statement_writes_it(tmp_path, statement):
    """A trigger inherits the conflict clause of the statement that fires it."""
    house = House(tmp_path)
    for time in (300, 600):
        house.store.execute(f"{statement} INTO slot (time, day, seconds) VALUES (?, '2026-05-01', 300)", (time,))
    changes.mark_handed(house.store, changes.SLOT, 1)
    house.store.execute("INSERT OR REPLACE INTO slot (time, day, seconds) VALUES (300, '2026-05-01', 299)")
    assert [change.time for change in changes.slots_since(house.store, 0, 9)] == [600, 300]
