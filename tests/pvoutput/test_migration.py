"""A store of the version before: its rows and days are the site's own system's, in the states that they had."""
import sqlite3
from pathlib import Path

from appliance import store
from appliance.store.database import _statements, migrations

BEFORE = 40     # the last migration without systems


def test_rows_and_days_of_before_keep_their_states(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / store.FILE, isolation_level=None)
    for number, script in migrations("store"):
        if number <= BEFORE:
            for statement in _statements(script):
                old.execute(statement)
    old.execute(f"PRAGMA user_version = {BEFORE}")
    states = ["open", "waiting", "sent", "refused", "expired", "skipped"]
    old.executemany("INSERT INTO outbox (time, day, v1, v4, state, reason, attempts, sent_at)"
                    " VALUES (?, '2026-05-09', 5, 7, ?, 'why', 2, 9)", list(enumerate(states)))
    old.execute("INSERT INTO pvoutput_day (day, checks, checked, total_state, total_v1)"
                " VALUES ('2026-05-01', 2, 1, 'done', 8)")
    old.close()
    connection = store.connect(tmp_path)
    assert connection.execute("SELECT system, time, v1, v4, v6, withheld, state, reason, attempts, sent_at FROM outbox"
                              ).fetchall() == [("", at, 5, 7, None, "", state, "why", 2, 9)
                                               for at, state in enumerate(states)]
    assert connection.execute("SELECT system, day, checks, checked, missing, total_state, total_v1 FROM pvoutput_day"
                              ).fetchall() == [("", "2026-05-01", 2, 1, None, "done", 8)]
    connection.close()
