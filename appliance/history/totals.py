"""Energies of local days as counters that only grow are made of: what was counted before a day, and on each day since.
"""
import sqlite3
from dataclasses import dataclass

from appliance.history import views

SITE = ("production", "consumption", "import", "export")


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one counter: 0.1 Wh counted before the asked day, and day (YYYY-MM-DD) → 0.1 Wh from it on."""

    before_dwh: int
    since: dict[str, int]


def newest_day(conn: sqlite3.Connection) -> str | None:
    """The newest local day of which anything is known."""
    row = conn.execute("SELECT max(day) FROM site_day WHERE slots > 0").fetchone()
    return row[0] if row else None


def site(conn: sqlite3.Connection, day: str) -> dict[str, Counted]:
    """The site's counters that it has at all, by a name of SITE. Production begins with what the inverters had counted
    when each was first read."""
    recent = views.days(conn, day)
    old = conn.execute("SELECT sum(production_dwh), sum(consumption_dwh), sum(import_dwh), sum(export_dwh)"
                       " FROM site_day WHERE slots > 0 AND day < ?", (day,)).fetchone()
    found = {}
    for name, before in zip(SITE, old, strict=True):
        since = {known.day: value for known in recent if (value := getattr(known, f"{name}_dwh")) is not None}
        if before is not None or since:
            first = views.counted_before(conn) if name == "production" else 0
            found[name] = Counted((before or 0) + (first or 0), since)
    return found


def inverters(conn: sqlite3.Connection, day: str) -> dict[str, Counted]:
    """Each inverter's counter by serial: what it showed when it was first read, and what was counted since."""
    found: dict[str, Counted] = {}
    devices = conn.execute("SELECT serial, id FROM counted_device WHERE kind = 'inverter' ORDER BY serial").fetchall()
    for serial, device in devices:
        first = conn.execute("SELECT counter_dwh - energy_dwh FROM device_day WHERE device = ? ORDER BY day LIMIT 1",
                             (device,)).fetchone()
        if first is None:
            continue
        (before,) = conn.execute("SELECT coalesce(sum(energy_dwh), 0) FROM device_day WHERE device = ? AND day < ?",
                                 (device, day)).fetchone()
        since = dict(conn.execute("SELECT day, energy_dwh FROM device_day WHERE device = ? AND day >= ?",
                                  (device, day)).fetchall())
        found[serial] = Counted(first[0] + before, since)
    return found
