"""What changed in the history since a reader last looked: slots, local days, and what each inverter counted on a day.

Theory: triggers (0091_handed.sql) number the rows of slot, site_day and device_day; a row that changes after it was
handed out gets the next number. A reader's cursor is a number: what is behind it is all that the reader has yet to see,
each row once, as it is now. Cursor 0 is the whole history. A row that is gone is told too, with None for its values.
A reader reads and calls mark_handed() in one transaction, and sends once that is committed: so no change falls between
the two, and the outside never sees two different values under one revision (the changes after a row was handed out),
whenever the process is killed.
"""
import sqlite3
from dataclasses import dataclass

from appliance.history.views import Day
from appliance.ledger.dirty_days import calendar
from appliance.ledger.slot import Slot

SLOT, DAY, INVERTER = 0, 1, 2
SETTLE_S = 120              # a slot so long after its end is complete, by the system's clock


@dataclass(frozen=True, slots=True)
class InverterDay:
    """What one inverter counted on a local day, and its counter at the day's end, in 0.1 Wh."""

    energy_dwh: int
    counter_dwh: int


@dataclass(frozen=True, slots=True)
class Change:
    """The newest state of one row. `time`: the slot's (UTC seconds); `day`: of the others, the local day YYYY-MM-DD."""

    number: int
    revision: int
    time: int
    day: str
    serial: str
    row: Slot | Day | InverterDay | None


def slots_since(conn: sqlite3.Connection, number: int, limit: int) -> list[Change]:
    """At most `limit` slots that changed after `number`, in the order in which they did."""
    rows = conn.execute(
        "SELECT number, revision, change.time, slot.time, production_dwh, net_dwh, consumption_dwh, day_production_dwh,"
        " day_consumption_dwh, seconds, hole FROM change LEFT JOIN slot ON slot.time = change.time"
        " WHERE kind = 0 AND number > ? ORDER BY number LIMIT ?", (number, limit))
    return [Change(at, revision, time, "", "", None if row[0] is None else Slot.from_row(row))
            for at, revision, time, *row in rows]


def days_since(conn: sqlite3.Connection, number: int, limit: int) -> list[Change]:
    """The same of local days."""
    return [Change(at, revision, time, day, "", Day(day, *row) if slots else None)
            for at, revision, time, day, slots, *row in conn.execute(
                "SELECT number, revision, time, date(time, 'unixepoch'), slots, production_dwh, consumption_dwh,"
                " import_dwh, export_dwh, slots, holes, peak_w, source FROM change LEFT JOIN site_day"
                " ON day = date(time, 'unixepoch') WHERE kind = 1 AND number > ? ORDER BY number LIMIT ?",
                (number, limit))]


def inverters_since(conn: sqlite3.Connection, number: int, limit: int) -> list[Change]:
    """The same of inverters' days. Other devices' changes are passed over."""
    return [Change(at, revision, time, day, serial, InverterDay(energy, counter) if energy is not None else None)
            for at, revision, time, day, serial, energy, counter in conn.execute(
                "SELECT number, revision, change.time, date(change.time, 'unixepoch'), serial, energy_dwh, counter_dwh"
                " FROM change JOIN device ON device.id = change.device AND device.kind = 'inverter'"
                " LEFT JOIN device_day ON device_day.device = change.device"
                " AND device_day.day = date(change.time, 'unixepoch')"
                " WHERE change.kind = 2 AND number > ? ORDER BY number LIMIT ?", (number, limit))]


def waiting(conn: sqlite3.Connection, kind: int, number: int) -> int:
    """How many rows of a kind changed after `number`."""
    return int(conn.execute("SELECT count(*) FROM change WHERE kind = ? AND number > ?", (kind, number)).fetchone()[0])


def mark_handed(conn: sqlite3.Connection, kind: int, number: int) -> None:
    """Rows up to `number` were read in this transaction and are sent after it: a change is another revision."""
    conn.execute("UPDATE handed SET number = max(number, ?) WHERE kind = ?", (number, kind))


def quantities(conn: sqlite3.Connection) -> frozenset[str]:
    """Which energies this site has at all: production, net, consumption."""
    known = conn.execute("SELECT max(production_dwh NOT NULL), max(import_dwh NOT NULL), max(consumption_dwh NOT NULL)"
                         " FROM site_day").fetchone()
    return frozenset(name for name, there in zip(("production", "net", "consumption"), known, strict=True) if there)


def settled_before(conn: sqlite3.Connection, now: float) -> int:
    """Slots before this time (UTC seconds) are complete: they are not the newest one, or ended SETTLE_S ago."""
    newest = int(conn.execute("SELECT coalesce(max(time), 0) FROM slot").fetchone()[0])
    complete = int(now) - SETTLE_S - calendar(conn).slot_seconds
    return max(newest, complete + 1)
