"""A history of an older suntap: copied, derived again by the new rules, and the owner is told which days changed."""
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from appliance import ledger, store
from appliance.history import views
from appliance.ledger import dirty_days
from appliance.ledger.calendar import Calendar
from appliance.store import database, inbox
from tests.ledger.support import LA, NOON, Box, inverter, run_of, texts, upload

OLDER = 30          # the last file of the schema before the rules changed


def days(store_file):
    with closing(sqlite3.connect(store_file)) as conn:
        return conn.execute("SELECT day, production_dwh FROM site_day ORDER BY day").fetchall()


@pytest.fixture
def older(quick_path, monkeypatch):
    """A data directory as 0.1.0 left it: three days of readings, and days that it counted in its way."""
    every = database.migrations("store")
    with monkeypatch.context() as patched:
        patched.setattr(database, "migrations", lambda schema: tuple(
            item for item in every if item[0] <= OLDER) if schema == "store" else _inbox)
        conn = store.connect(quick_path)
        conn.execute("INSERT INTO device (id, kind, serial, first_seen, last_seen) VALUES (1, 'inverter', 'A1', ?, ?)",
                     (NOON, NOON + 2 * 86400 + 300))
        conn.executemany("INSERT INTO reading (device, number, time, energy_dwh, fields) VALUES (1, 130, ?, ?, '')",
                         [(NOON + 86400 * day + 300 * n, 1_000_000 + 5000 * day + 100 * n) for day in range(3)
                          for n in range(12)])
        conn.executemany("INSERT INTO site_day (day, production_dwh, slots, holes, source, net_active, balance_dwh,"
                         " against_plus_dwh, against_minus_dwh) VALUES (?, ?, 12, 0, 'inverters', 0, 0, 0, 0)",
                         [("2026-05-09", 1100), ("2026-05-10", 777_000), ("2026-05-11", 5000)])
        conn.execute("INSERT INTO state VALUES ('horizon', ?)", (str(NOON + 4 * 86400),))
        conn.close()
    return quick_path


_inbox = database.migrations("inbox")


def test_an_older_history_is_copied_first(older):
    store.connect(older).close()
    (copy,) = older.glob("suntap.sqlite3.before-*")
    assert copy.name.endswith(f"before-{OLDER}")
    assert days(copy) == [("2026-05-09", 1100), ("2026-05-10", 777_000), ("2026-05-11", 5000)]


def test_without_room_for_a_copy_the_history_is_brought_up_to_date_all_the_same(older, monkeypatch, caplog):
    monkeypatch.setattr(database.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 0}))
    store.connect(older).close()
    assert not list(older.glob("*.before-*")) and "without a copy" in caplog.text


def test_the_days_are_derived_again_and_the_owner_is_told_which_changed(older):
    box = Box(older)
    told = []
    ledger.ingest(box.inbox, box.store, box.site, progress=lambda done, total: told.append((done, total)))
    found = {row.day: row.production_dwh for row in views.days(box.store)}
    assert found == {"2026-05-09": 1100, "2026-05-10": 5000, "2026-05-11": 5000}
    assert "counts 1 day otherwise" in texts(box) and "2026-05-10 77.70 → 0.50 kWh" in texts(box)
    assert views.changed_by_rules(box.store) == [("2026-05-10", 777_000, 5000, None, None)]
    assert told[-1] == (3, 3)
    box.close()


def test_days_under_new_rules_are_derived_again_and_the_owner_is_told_which_changed(box, monkeypatch):
    for day in range(3):
        box.lines(*run_of(NOON + 86400 * day, 12, 1_000_000 + 5000 * day, 100))
    box.store.execute("UPDATE site_day SET production_dwh = 777000 WHERE day = '2026-05-10'")
    monkeypatch.setattr(dirty_days, "RULES", dirty_days.RULES + 1)
    box.deliver()
    assert views.changed_by_rules(box.store) == [("2026-05-10", 777_000, 5000, None, None)]
    box.store.execute("UPDATE site_day SET production_dwh = 777000 WHERE day = '2026-05-10'")
    box.site = replace(LA, size_w=30_000)
    box.deliver()           # the owner's own change is no news
    assert views.changed_by_rules(box.store) == [("2026-05-10", 777_000, 5000, None, None)]


def test_devices_whose_serials_differ_in_the_case_of_letters_become_one(quick_path, monkeypatch):
    every = database.migrations("store")
    with monkeypatch.context() as patched:
        patched.setattr(database, "migrations", lambda schema: tuple(
            item for item in every if item[0] < 90) if schema == "store" else _inbox)
        conn = store.connect(quick_path)
        conn.executemany("INSERT INTO device (id, kind, serial, first_seen, last_seen, model, model_time, pvs)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?, 'zt1')",
                         [(1, "inverter", "e0012a", NOON, NOON + 1500, "old", NOON),
                          (2, "meter", "pvs5m1C", 0, 0, "", 0),
                          (3, "inverter", "E0012A", NOON + 1800, NOON + 3300, "new", NOON + 3000),
                          (4, "inverter", "E0012a", NOON, NOON + 300, "odd", NOON), (5, "inverter", "77", 0, 0, "", 0)])
        conn.executemany("INSERT INTO reading (device, number, time, energy_dwh, fields) VALUES (?, 130, ?, ?, '')",
                         [(1 if n < 6 else 3, NOON + 300 * n, 1_000_000 + 100 * n) for n in range(12)]
                         + [(4, NOON, 7), (4, NOON + 300, 1_000_200)])
        conn.execute("INSERT INTO state VALUES ('horizon', ?)", (str(NOON + 86400),))
        conn.close()
    box = Box(quick_path)
    found = box.store.execute("SELECT id, serial, first_seen, last_seen, model, pvs FROM device ORDER BY id")
    assert found.fetchall() == [
        (2, "PVS5M1c", 0, 0, "", "ZT1"), (3, "E0012A", NOON, NOON + 3300, "new", "ZT1"), (5, "77", 0, 0, "", "ZT1")]
    assert box.store.execute("SELECT DISTINCT device, count(*), sum(energy_dwh) FROM reading").fetchall() == [
        (3, 12, 12 * 1_000_000 + 66 * 100 + 100)]
    box.deliver()
    assert box.total() == 1100
    box.close()


def test_a_new_history_is_told_of_no_change(box):
    inbox.append(box.inbox, [upload([inverter(NOON + 300 * n, 1000 + n) for n in range(5)], NOON + 3600)])
    ledger.ingest(box.inbox, box.store, box.site)
    assert views.changed_by_rules(box.store) == []
    assert Calendar(LA.timezone, 300).day(NOON) == "2026-05-09"
