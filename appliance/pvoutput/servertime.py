"""What time it is at PVOutput, which is the only time that its quota, its dates and its limits know.

A small computer's wall clock may start years off and step at any moment. So it is not asked: every reply's Date
header anchors the server's time to the steady clock of this boot, and from then on the server's time is anchor
plus steady seconds. Before the first reply of a boot it is unknown (None), and nothing is posted. The estimate
is never ahead of the server: a Date is cut to the second and older than its arrival.
"""
import sqlite3
from dataclasses import dataclass

from appliance.pvoutput import persisted
from appliance.system.clock import Clock, is_set

DOUBT_S = 6 * 3600      # a Date further than that from a clock that is set is believed when it is said again,
AGREE_S = 300           # so close to what the reply before said


@dataclass(frozen=True)
class Now:
    """This moment: `steady` seconds since `origin`, and the server's Unix time if it is known."""

    origin: str
    steady: float
    server: float | None


def read(conn: sqlite3.Connection, clock: Clock) -> Now:
    """Now; `server` is None until PVOutput answered for the first time since the machine started."""
    origin, steady = clock.steady()
    anchor = persisted.get(conn, "time")
    if anchor is None or anchor["origin"] != origin or steady < anchor["steady"]:
        return Now(origin, steady, None)
    return Now(origin, steady, anchor["server"] + steady - anchor["steady"])


def learn(conn: sqlite3.Connection, clock: Clock, date: float | None) -> Now:
    """Take over the Date of a reply that has just arrived.

    A Date that is far from a wall clock that is set is not taken over until another reply says the same: one wrong Date
    would expire every row that waits. A reply without one leaves the wall clock as the best there is, unless that is
    behind what was known already.
    """
    origin, steady = clock.steady()
    anchor = persisted.get(conn, "time")
    if date is None:
        known = read(conn, clock).server
        wall = clock.time()
        if known is not None or (anchor is not None and wall < anchor["server"]):
            return Now(origin, steady, known)
        date = wall
    elif is_doubtful(conn, clock, date):
        known = read(conn, clock).server
        return Now(origin, steady, clock.time() if known is None else known)
    persisted.put(conn, "time", {"origin": origin, "steady": steady, "server": date,
                             "wall_ahead": round(clock.time() - date)})
    return Now(origin, steady, date)


def is_doubtful(conn: sqlite3.Connection, clock: Clock, date: float) -> bool:
    """Whether a Date is far from a clock that is set and was not said by the reply before."""
    origin, steady = clock.steady()
    offset = date - steady
    said = persisted.get(conn, "doubt")
    persisted.put(conn, "doubt", {"origin": origin, "offset": offset})
    if not is_set() or abs(clock.time() - date) < DOUBT_S:
        return False
    return said is None or said["origin"] != origin or abs(said["offset"] - offset) >= AGREE_S


def last_known(conn: sqlite3.Connection) -> float | None:
    """The server's time at its last reply, however long ago; None before the first one."""
    anchor = persisted.get(conn, "time")
    return float(anchor["server"]) if anchor else None


def wall_clock_ahead(conn: sqlite3.Connection) -> int | None:
    """Seconds the wall clock was ahead of the server's at the last reply (negative: behind); None: not known."""
    anchor = persisted.get(conn, "time")
    return anchor["wall_ahead"] if anchor else None
