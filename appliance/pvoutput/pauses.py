"""Why nothing is sent for a while, and until when: one pause at a time, kept across kill -9 and reboot.

A pause is for all systems; what PVOutput refuses of one system's settings blocks that one alone.

A pause is measured on the steady clock, so that no step of the wall clock ends or prolongs it. After a reboot that
clock has begun again: then the server's time decides where it is known. Where it is not, a quota pause is
taken to have just begun (its longest is one window), any other has ended.
"""
import random
import sqlite3
from dataclasses import dataclass

from appliance.pvoutput import persisted, quota
from appliance.pvoutput.servertime import Now

QUOTA, BUSY, NETWORK, SETTINGS = "quota", "busy", "network", "settings"
BUSY_S = (20.0, 30.0)     # what "Load in progress" needs
BUSY_TRIES = 3            # after so many of them in a row the wait grows
LONGEST_BACKOFF_S = 900.0
PROBE_S = 3600.0          # between two questions whether refused settings hold again


@dataclass(frozen=True)
class Pause:
    """`kind` is one of the names above, `text` is for the owner, `left_s` seconds remain."""

    kind: str
    text: str
    left_s: float


def begin(conn: sqlite3.Connection, now: Now, kind: str, text: str, seconds: float) -> None:
    """Send nothing for `seconds`."""
    persisted.put(conn, "pause", {
        "kind": kind, "text": text, "origin": now.origin, "until": now.steady + seconds,
        "server_until": None if now.server is None else now.server + seconds,
    })


def block(conn: sqlite3.Connection, now: Now, key: str, text: str, seconds: float) -> None:
    """Send nothing to the system `key` (targets.Target) for `seconds`; the others go on."""
    persisted.put(conn, persisted.name("blocked", key), {
        "text": text, "origin": now.origin, "until": now.steady + seconds,
        "server_until": None if now.server is None else now.server + seconds})


def unblock(conn: sqlite3.Connection, key: str) -> None:
    """Send to the system again at once."""
    persisted.put(conn, persisted.name("blocked", key), None)


def blocked(conn: sqlite3.Connection, now: Now, key: str) -> Pause | None:
    """Why nothing is sent to the system `key`; None where it may be. After a reboot it is asked about at once."""
    fact = persisted.get(conn, persisted.name("blocked", key))
    if fact is None:
        return None
    if fact["origin"] == now.origin:
        left = fact["until"] - now.steady
    elif now.server is not None and fact["server_until"] is not None:
        left = fact["server_until"] - now.server
    else:
        left = 0.0
    return Pause(SETTINGS, fact["text"], left) if left > 0 else None


def end(conn: sqlite3.Connection, kind: str = "") -> None:
    """Send again at once; with `kind`, only where the pause is of that kind."""
    fact = persisted.get(conn, "pause")
    if fact is not None and kind in ("", fact["kind"]):
        persisted.put(conn, "pause", None)


def current(conn: sqlite3.Connection, now: Now) -> Pause | None:
    """The pause that holds now. Reads only: the page may ask as well."""
    fact = persisted.get(conn, "pause")
    if fact is None:
        return None
    if fact["origin"] == now.origin:
        left = fact["until"] - now.steady
    elif now.server is not None and fact["server_until"] is not None:
        left = fact["server_until"] - now.server
    else:
        left = quota.WINDOW_S + quota.MARGIN_S if fact["kind"] == QUOTA else 0.0
    return Pause(fact["kind"], fact["text"], left) if left > 0 else None


def settle(conn: sqlite3.Connection, now: Now) -> Pause | None:
    """The pause that holds now; one from before a reboot is written down anew, a finished one is removed."""
    fact, pause = persisted.get(conn, "pause"), current(conn, now)
    if pause is None:
        if fact is not None:
            end(conn)
    elif fact["origin"] != now.origin:
        if now.server is None:
            quota.start_over(conn)
        begin(conn, now, pause.kind, pause.text, pause.left_s)
    return pause


def backoff(conn: sqlite3.Connection, kind: str) -> float:
    """Seconds to wait after one more failure in a row: 20 to 30, then doubling, at most 15 minutes."""
    failures = (persisted.get(conn, "failures") or 0) + 1
    persisted.put(conn, "failures", failures)
    doublings = failures - (BUSY_TRIES if kind == BUSY else 1)
    return min(LONGEST_BACKOFF_S, random.uniform(*BUSY_S) * 2.0 ** min(max(0, doublings), 10))


def succeeded(conn: sqlite3.Connection) -> None:
    """PVOutput answered: the next failure is the first one again."""
    persisted.put(conn, "failures", None)
