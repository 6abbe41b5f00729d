"""What the ledger can tell of its own tables to those who judge it: the notices and the evidence. Reads only."""
import sqlite3
from dataclasses import dataclass

from appliance.ledger.calendar import EARLIEST
from appliance.ledger.dirty_days import COUNTED, horizon
from appliance.ledger.sign import DAY_DWH


@dataclass(frozen=True, slots=True)
class Noted:
    """What happened to a device's counter on one local day: `count` times, first at `time` from `before_dwh`."""

    kind: str
    time: int
    count: int
    before_dwh: int
    after_dwh: int
    device: str             # inverter | meter
    serial: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all days say of the meters, in 0.1 Wh against each sign (sign.DAY_DWH of a day at most)."""

    against_plus_dwh: int
    against_minus_dwh: int
    has_production_meter: bool
    has_net_meter: bool


def noted(store: sqlite3.Connection, since: str = "") -> list[Noted]:
    """What happened to counters from the local day `since` on, newest first."""
    return [Noted(*row) for row in store.execute(
        "SELECT notice.kind, time, count, before_dwh, after_dwh, device.kind, serial FROM notice"
        " JOIN device ON device = id WHERE day >= ? ORDER BY time DESC, serial", (since,))]


def newest_day(store: sqlite3.Connection) -> str:
    """The newest local day that was derived; "" where there is none."""
    return store.execute("SELECT max(day) FROM site_day").fetchone()[0] or ""


def out_of_time(store: sqlite3.Connection) -> int:
    """How many readings of counters claim a time before EARLIEST or in the future, and are kept but not counted."""
    until, count = horizon(store), 0
    for device, kind in store.execute("SELECT id, kind FROM counted_device").fetchall():
        if kind in COUNTED:
            count += store.execute(
                "SELECT (SELECT count(*) FROM reading WHERE device = ?1 AND number = ?2 AND time < ?3)"
                " + (SELECT count(*) FROM reading WHERE device = ?1 AND number = ?2 AND time > ?4)",
                (device, COUNTED[kind], EARLIEST, until)).fetchone()[0]
    return count


def heard_together(store: sqlite3.Connection, within_s: int) -> list[str]:
    """The serials of the PVSs that were heard within `within_s` seconds of the newest one, ascending."""
    return [serial for (serial,) in store.execute(
        "SELECT serial FROM counted_device WHERE kind = 'pvs' AND last_seen >"
        " (SELECT max(last_seen) FROM counted_device WHERE kind = 'pvs') - ? ORDER BY serial", (within_s,))]


def evidence(store: sqlite3.Connection) -> Evidence:
    """What all days together say of the meters."""
    plus, minus, production, net = store.execute(
        "SELECT coalesce(sum(min(against_plus_dwh, ?1)), 0), coalesce(sum(min(against_minus_dwh, ?1)), 0),"
        " max(source LIKE '%meter%'), EXISTS (SELECT 1 FROM site_day WHERE net_active) FROM site_day",
        (DAY_DWH,)).fetchone()
    return Evidence(plus, minus, bool(production), bool(net))
