"""What page, API, status and export read: questions to suntap.sqlite3, answered as frozen dataclasses.

Energies are integers in 0.1 Wh (dwh), powers of slots integers in W, power samples of devices in 0.1 W (dw); times are
UTC seconds, days local dates of the site as YYYY-MM-DD. None means: not known. Every query is a range of a primary key
or of an index, so a day's page costs the same after ten years.
"""
import heapq
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appliance.ledger import cadence, reads
from appliance.ledger.derive import device_steps as counted_steps
from appliance.ledger.roles import INVERTER, NET, role
from appliance.ledger.slot import Slot, watts
from appliance.store import inbox as uploads
from appliance.store import state
from appliance.store.state import Key
from spcore.uploads import Upload

LIVE_INTERVALS = 3              # power samples so many readings older than the newest one are not "now"


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest of everything: power samples of the newest reading time, the newest slot, and the PVS."""

    time: int | None                # of the newest inverter or meter reading
    production_dw: int | None       # sum of the inverters' power samples
    net_dw: int | None              # + import, - export
    day: str | None                 # the newest local day, and its totals so far
    day_production_dwh: int | None
    day_consumption_dwh: int | None
    pvs_serial: str | None          # of the PVS heard last
    pvs_model: str
    pvs_firmware: str
    heartbeat: int | None           # when it last said anything (its clock)
    untransmitted: int | None       # points in its flash (120.f7)


@dataclass(frozen=True, slots=True)
class Day:
    """Totals of one local day."""

    day: str
    production_dwh: int | None
    consumption_dwh: int | None
    import_dwh: int | None
    export_dwh: int | None
    slots: int
    holes: int
    peak_w: int | None
    source: str                     # of the production: inverters | meter


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Everything that was counted, and over which days."""

    production_dwh: int | None
    consumption_dwh: int | None
    import_dwh: int | None
    export_dwh: int | None
    first_day: str | None
    last_day: str | None
    days: int


@dataclass(frozen=True, slots=True)
class Device:
    """A PVS, inverter or meter."""

    id: int
    kind: str                       # pvs | inverter | meter | other
    serial: str
    model: str
    first_seen: int
    last_seen: int
    counter_dwh: int | None         # lifetime energy, newest reading
    power_dw: int | None            # newest sample
    day_dwh: int | None             # counted on the asked day


@dataclass(frozen=True, slots=True)
class Step:
    """Energy a device counted between two readings; `time` is the later one's."""

    time: int
    energy_dwh: int
    seconds: int

    @property
    def power_w(self) -> int | None:
        return watts(self.energy_dwh, self.seconds)


@dataclass(frozen=True, slots=True)
class Reading:
    """A typed record line. `fields` are those after the serial, TAB-joined, without the ones in columns."""

    time: int
    number: int
    kind: str
    serial: str
    model: str
    part: int
    energy_dwh: int | None
    power_dw: int | None
    fields: str


def latest(conn: sqlite3.Connection) -> Latest:
    """The newest of everything."""
    known = [(role(device.kind, device.serial, device.model), device) for device in devices(conn)]
    newest = max((device.last_seen for part, device in known if part), default=None)
    live_s = LIVE_INTERVALS * cadence.learned(conn)

    def now(part: str) -> int | None:
        fresh = [device.power_dw for is_part, device in known if is_part == part and device.power_dw is not None
                 and newest is not None and device.last_seen > newest - live_s]
        return sum(fresh) if fresh else None

    today = conn.execute("SELECT day, production_dwh, consumption_dwh FROM site_day WHERE slots > 0"
                         " ORDER BY day DESC LIMIT 1").fetchone() or (None, None, None)
    pvs = conn.execute("SELECT id, serial, model, last_seen FROM counted_device WHERE kind = 'pvs'"
                       " ORDER BY last_seen DESC, serial LIMIT 1").fetchone() or (None, None, "", None)
    identity = _newest_fields(conn, pvs[0], 122)
    status = _newest_fields(conn, pvs[0], 120)
    net, sign = now(NET), state.get(conn, Key.NET_SIGN)
    return Latest(
        newest, now(INVERTER), -net if net is not None and sign == "-" else net, today[0], today[1], today[2],
        pvs[1], pvs[2], identity[1] if len(identity) > 1 else "", pvs[3], _points(status))


def _newest_fields(conn: sqlite3.Connection, device: int | None, number: int) -> list[str]:
    row = conn.execute("SELECT fields FROM reading WHERE device = ? AND number = ? AND time <="
                       " (SELECT last_seen FROM device WHERE id = ?1) ORDER BY time DESC LIMIT 1",
                       (device, number)).fetchone()
    return row[0].split("\t") if row else []


def _points(fields: list[str]) -> int | None:
    """120.f7: untransmitted data points."""
    text = fields[4] if len(fields) > 4 else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def day(conn: sqlite3.Connection, day: str) -> list[Slot]:
    """The slots of a local day, ascending."""
    return list(slots(conn, day, day))


def made_by(conn: sqlite3.Connection, day: str, time: int) -> int | None:
    """Production of a local day from midnight to the slot that begins at or before `time`; None: nothing is known."""
    row = conn.execute("SELECT day_production_dwh FROM slot WHERE day = ? AND time <= ? AND day_production_dwh NOT NULL"
                       " ORDER BY time DESC LIMIT 1", (day, time)).fetchone()
    return None if row is None else int(row[0])


def slots(conn: sqlite3.Connection, first: str | None = None, last: str | None = None) -> Iterator[Slot]:
    """The slots of the local days `first` to `last`, both included, ascending; read as they are asked for."""
    return reads.site_slots(conn, first, last)


def days(conn: sqlite3.Connection, first: str | None = None, last: str | None = None) -> list[Day]:
    """The local days `first` to `last`, both included, that have any slot."""
    return [Day(*row) for row in conn.execute(
        "SELECT day, production_dwh, consumption_dwh, import_dwh, export_dwh, slots, holes, peak_w, source"
        " FROM site_day WHERE day BETWEEN ? AND ? AND slots > 0 ORDER BY day", (first or "", last or "~"))]


def changed_by_rules(conn: sqlite3.Connection) -> list[tuple[str, int | None, int | None, int | None, int | None]]:
    """Days that the newest update of the rules counts otherwise: (day, production before and now, consumption before
    and now), as they were when every day had been derived again."""
    return [(str(day), made_before, made, used_before, used) for day, made_before, made, used_before, used
            in json.loads(state.get(conn, Key.RULES_CHANGED) or "[]")]


def lifetime(conn: sqlite3.Connection) -> Lifetime:
    """The sum of all days."""
    return Lifetime(*conn.execute(
        "SELECT sum(production_dwh), sum(consumption_dwh), sum(import_dwh), sum(export_dwh), min(day), max(day),"
        " count(*) FROM site_day WHERE slots > 0").fetchone())


def counted_before(conn: sqlite3.Connection) -> int | None:
    """What the inverters' counters held when each was first read: energy of before the history. None: none was read."""
    found = [row[0] for device, kind, serial, model, first in conn.execute(
                 "SELECT id, kind, serial, model, first_seen FROM counted_device").fetchall()
             if role(kind, serial, model) == INVERTER and (row := conn.execute(
                 "SELECT energy_dwh FROM reading WHERE device = ? AND number = 130 AND time >= ?"
                 " AND energy_dwh NOT NULL ORDER BY time LIMIT 1", (device, first)).fetchone())]
    return sum(found) if found else None


DEVICES = """
SELECT id, kind, serial, model, first_seen, last_seen,
       (SELECT energy_dwh FROM reading WHERE device = id AND number = counted AND time <= last_seen
        AND energy_dwh NOT NULL ORDER BY time DESC LIMIT 1),
       (SELECT power_dw FROM reading WHERE device = id AND number = counted AND time <= last_seen
        ORDER BY time DESC LIMIT 1),
       (SELECT energy_dwh FROM device_day WHERE device = id AND day = :day)
FROM (SELECT *, CASE kind WHEN 'inverter' THEN 130 WHEN 'meter' THEN 140 END AS counted FROM counted_device)
ORDER BY kind, serial
"""


def devices(conn: sqlite3.Connection, day: str | None = None) -> list[Device]:
    """All devices by kind and serial; `day_dwh` is the energy of that local day, else of the newest one."""
    if day is None:
        day = conn.execute("SELECT max(day) FROM site_day").fetchone()[0]
    return [Device(*row) for row in conn.execute(DEVICES, {"day": day})]


def device_steps(conn: sqlite3.Connection, devices: Iterable[int], day: str) -> dict[int, list[Step]]:
    """What each of these devices counted on a local day, reading by reading, ascending."""
    return {device: [Step(end, energy, end - start) for start, end, energy in steps]
            for device, steps in counted_steps(conn, devices, day).items()}


def readings(conn: sqlite3.Connection, first: int, last: int) -> Iterator[Reading]:
    """All readings with `first` <= time < `last` in order of time, kind, serial; read as they are asked for."""
    streams = [_stream(conn, device, number, (kind, serial, model), first, last)
               for device, kind, serial, model in conn.execute(
                   "SELECT id, kind, serial, model FROM counted_device").fetchall()
               for number in _numbers(conn, device)]
    yield from heapq.merge(*streams, key=lambda reading: (reading.time, reading.kind, reading.serial, reading.number,
                                                          reading.part))


def _numbers(conn: sqlite3.Connection, device: int) -> Iterator[int]:
    """The record numbers a device has readings of, by stepping from one to the next in the primary key."""
    number = -1
    while row := conn.execute("SELECT number FROM reading WHERE device = ? AND number > ? ORDER BY number LIMIT 1",
                              (device, number)).fetchone():
        number = row[0]
        yield number


def _stream(conn: sqlite3.Connection, device: int, number: int, who: tuple[str, str, str], first: int,
            last: int) -> Iterator[Reading]:
    for time, *rest in conn.execute(
            "SELECT time, part, energy_dwh, power_dw, fields FROM reading"
            " WHERE device = ? AND number = ? AND time >= ? AND time < ? ORDER BY time, part",
            (device, number, first, last)):
        yield Reading(time, number, *who, *rest)


def backlog(conn: sqlite3.Connection, first: int, last: int) -> list[tuple[int, str, int]]:
    """Untransmitted points over time, `first` <= time < `last`: (time, PVS serial, points), ascending."""
    rows = conn.execute("SELECT time, serial, fields FROM counted_device JOIN reading ON device = id AND number = 120"
                        " WHERE kind = 'pvs' AND time >= ? AND time < ? ORDER BY time, serial", (first, last))
    return [(time, serial, points) for time, serial, fields in rows
            if (points := _points(fields.split("\t"))) is not None]


def last_uploads(inbox: sqlite3.Connection, count: int) -> list[tuple[int, Upload]]:
    """The newest uploads of the inbox with their ids, newest first."""
    return uploads.newest(inbox, count)
