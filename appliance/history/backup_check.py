"""What of a history in a backup is believed: its rows, one by one, in a database of our own making.

Theory: a backup is a file, and whoever made it may have made it for harm: tables that are missing, triggers that never
end, numbers that no later one can follow, values of another kind. So its schema must be the one that our migrations
make, to the letter; rows are copied into a new database if each value is of its column's kind and within bounds; what
can be derived is marked to be derived again; of the small facts only those are taken that have a check here.
"""
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from appliance import store
from appliance.ledger.calendar import EARLIEST
from appliance.store import state, transaction
from appliance.store.database import migrations, schema_at, version_of
from appliance.store.state import Key

DAY_S = 86_400
LAST_MOMENT = 1 << 33           # seconds since 1970, in the year 2242
MAX_ENERGY = 10**13             # 0.1 Wh of a day or slot: sums of ten thousand days stay within SQLite's 64 bits
MAX_COUNTER = 10**17            # of a reading: what a line can say
MAX_ID = 1 << 31
MAX_TEXT = 1 << 16
TABLES = ("known_sender", "device", "reading", "reading_aside", "upload_aside", "device_day", "site_day", "roof_day",
          "slot", "notice", "outbox", "pvoutput_day", "late_upload", "right_clock", "day_before",
          "notice_log", "earlier_day")
KEPT_STATE: dict[str, Callable[[str], bool]] = {
    Key.HORIZON: str.isdecimal, Key.NET_SIGN: {"+", "-"}.__contains__,
    Key.METER_KIND: {"net", "consumption"}.__contains__, Key.STATUS_INTERVAL: {"300", "600", "900"}.__contains__,
}
STATISTICS = ("table", "sqlite_stat1", "sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)")     # by ANALYZE
OWN_STATE = "pvoutput."         # prefix of what this box knows of PVOutput by itself: its quota and pauses stay its own


class NotBelieved(Exception):
    """The database is not one of ours. One line: why; `kind` as of a BackupError."""

    def __init__(self, text: str, kind: str = "damaged") -> None:
        super().__init__(text)
        self.kind = kind


def check_schema(path: Path, schema: str) -> None:
    """Compare the database file `path` with what our migrations make of `schema`, before anything else opens it.

    Raises NotBelieved, sqlite3.Error.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
        found.execute("PRAGMA trusted_schema = OFF")
        found.execute("PRAGMA cell_size_check = ON")
        version = version_of(found)
        if version > migrations(schema)[-1][0]:
            raise NotBelieved("made by a newer suntap: update this one first", "newer")
        ours = schema_at(schema, version)
        theirs = {tuple(row) for row in found.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")}
        strange = sorted(str(name) for _, name, _, _ in theirs - {STATISTICS} ^ ours)
        if not ours or strange:
            raise NotBelieved(f"not a suntap backup: its tables are others ({', '.join(strange)[:80] or version})",
                              "foreign")


def check_uploads(conn: sqlite3.Connection) -> None:
    """Every value of the uploads is of its column's kind. Raises NotBelieved."""
    wrong = conn.execute(
        "SELECT count(*) FROM upload WHERE typeof(captured_us) <> 'integer' OR typeof(source) <> 'text'"
        " OR typeof(destination) <> 'text' OR typeof(path) <> 'text' OR typeof(body) <> 'blob'"
        " OR typeof(sha256) <> 'blob' OR captured_us NOT BETWEEN 0 AND ?", (LAST_MOMENT * 1_000_000,)).fetchone()[0]
    if wrong:
        raise NotBelieved(f"{wrong} of its uploads are damaged")


def copy(saved: Path, fresh: sqlite3.Connection, until: int) -> int:
    """Copy the rows of the history `saved` (a folder) that are sound into the empty history `fresh`; how many were not.

    `until`: no time in it can be later, in UTC seconds. What is derived is not marked: the ledger starts without the
    settings that it was derived with, so every day is derived again.
    """
    left_out = 0
    last = until + 2 * DAY_S
    fresh.execute("ATTACH ? AS saved", (f"{(saved / store.FILE).absolute().as_uri()}?mode=ro",))
    try:
        with transaction(fresh):
            fresh.execute("DELETE FROM known_sender")
            for table in TABLES:
                (there,) = fresh.execute(f'SELECT count(*) FROM saved."{table}"').fetchone()
                left_out += there - _copy_table(fresh, table, last)
            fresh.execute("INSERT OR IGNORE INTO known_sender (id, mac, serial, side, counted)"
                          " VALUES (0, '-', '', '', 1)")
            for key, value in fresh.execute("SELECT key, value FROM saved.state").fetchall():
                if key in KEPT_STATE and isinstance(value, str) and len(value) < 20 and KEPT_STATE[key](value):
                    state.put(fresh, Key(key), str(min(int(value), last)) if key == Key.HORIZON else value)
    finally:
        fresh.execute("DETACH saved")
    return left_out


def keep_own(target: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    """What the box knows of PVOutput by itself goes over into the restored history."""
    with transaction(fresh):
        for key, value in target.execute("SELECT key, value FROM state WHERE key LIKE ? || '%'", (OWN_STATE,)):
            state.put(fresh, state.Namespaced(key), value)


def _copy_table(fresh: sqlite3.Connection, table: str, last: int) -> int:
    columns = [(row[1], row[2]) for row in fresh.execute(f'PRAGMA main.table_info("{table}")')]
    names = ", ".join(f'"{name}"' for name, _ in columns)
    tests = [test for name, kind in columns for test in _tests(table, name, kind)]
    day = datetime.fromtimestamp(last, UTC).date().isoformat()
    return fresh.execute(
        f'INSERT OR IGNORE INTO main."{table}" ({names}) SELECT {names} FROM saved."{table}"'
        f" WHERE {' AND '.join(tests)}",
        {"last": last, "day": day, "earliest": EARLIEST, "energy": MAX_ENERGY, "counter": MAX_COUNTER, "id": MAX_ID,
         "text": MAX_TEXT}).rowcount


def _tests(table: str, name: str, kind: str) -> list[str]:
    """What must hold of a column's value: SQL terms."""
    column = f'"{name}"'
    if kind == "TEXT":
        tests = [f"typeof({column}) IN ('text', 'null') AND length(coalesce({column}, '')) < :text"]
        if name == "day":
            tests.append(f"date({column}) IS {column} AND {column} BETWEEN '2005-01-01' AND :day")
        return tests
    if kind == "BLOB":
        return [f"typeof({column}) = 'blob' AND length({column}) < 100"]
    if name == "id" or (name in ("device", "sender") and table != "known_sender"):
        tests = [f"typeof({column}) = 'integer' AND {column} BETWEEN 0 AND :id"]
        if name == "device":
            tests.append(f"{column} IN (SELECT id FROM main.device)")
        return tests
    bound = ":counter" if table.startswith("reading") else ":energy"
    if name == "time" and table in ("slot", "outbox"):
        return [f"typeof({column}) = 'integer' AND {column} BETWEEN :earliest AND :last"]
    if name == "until":             # of device_day: may be the end of time
        bound = str(1 << 62)
    return [f"(typeof({column}) = 'null' OR (typeof({column}) = 'integer' AND {column} BETWEEN -{bound} AND {bound}))"]
