"""How the box is: one dictionary for the diagnostics page, /healthz, /api/v1/status and `suntap status`.

Theory: five lamps follow the way of a record: capture, decode, upload (to PVOutput), clock, disk. Each has a state, a
sentence that says what is, and one that says what to check. Everything is read from where it is kept (heartbeats,
databases, the system); nothing here is remembered. A part that cannot be read makes its own lamp bad, no other.
"""
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from appliance import __version__, store
from appliance.health import disk, lamps
from appliance.health import image_problems as box
from appliance.history import views
from appliance.pvoutput import pauses, servertime
from appliance.pvoutput import views as pvoutput
from appliance.settings import Settings
from appliance.store import inbox
from appliance.system import heartbeat
from appliance.system.clock import Clock

NOTICE_DAYS = 14        # what the ledger had to decide about is told for so long
MAX_NOTICES = 50

Facts = dict[str, Any]


def collect(settings: Settings, clock: Clock) -> Facts:
    """Everything there is to know, JSON-ready. Never raises: what cannot be read says so."""
    data_dir = settings.store.data_dir
    processes = [_process(name, data_dir) for name in heartbeat.PROCESSES]
    derived = _read(lambda: _derived(data_dir, settings, clock))
    captured = _read(lambda: _captured(data_dir))
    room = disk.room(data_dir)
    facts: Facts = {
        "time": int(clock.time()), "version": __version__, "processes": processes, "inbox": captured, "store": derived,
        "counters": {entry["name"]: entry.pop("counters") for entry in processes},
        "disk": {"path": str(data_dir), "total": room.total, "free": room.free} if room else {"path": str(data_dir)},
        "versions": {"suntap": __version__, "python": sys.version.split()[0], "sqlite": sqlite3.sqlite_version},
        "temperature_c": _temperature(),
    }
    by_name = {entry["name"]: entry for entry in processes}
    facts["lamps"] = [
        lamps.capture(by_name["capture"], captured, clock),
        lamps.decode(by_name["supervisor"], derived, captured, clock),
        lamps.upload(by_name["supervisor"], derived, settings),
        lamps.clock(by_name["supervisor"], derived, clock),
        lamps.disk(room, data_dir),
    ]
    if problems := box.problems():
        facts["lamps"].append(lamps.lamp("box", lamps.WARN, " ".join(problems),
                                         "See suntap.toml on the boot partition of the card."))
    return facts


def health(facts: Facts) -> tuple[bool, list[str]]:
    """Whether the box works, for /healthz; the reasons when it does not. `facts` are collect()'s."""
    reasons = [f"{lamp['name']}: {lamp['text']}" for lamp in facts["lamps"] if lamp["state"] == lamps.BAD]
    return not reasons, reasons


def _process(name: str, data_dir: Path) -> Facts:
    last = heartbeat.read(name, data_dir)
    if last is None:
        return {"name": name, "alive": False, "text": "not started", "problem": "", "counters": {},
                "clock_is_set": True}
    return {
        "name": name, "alive": last["alive"], "pid": last["pid"], "uptime_s": round(last["uptime_s"]),
        "age_s": round(last["age_s"], 1), "restarts": last["restarts"], "problem": last.get("problem", ""),
        "text": "running" if last["alive"] else "stopped", "counters": last.get("counters", {}),
        "interface": last.get("interface", ""), "what": last.get("what", ""),
        "clock_is_set": last.get("clock_is_set", True) is not False,
    }


def _read(work: Callable[[], Facts]) -> Facts:
    try:
        return work()
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        return {"error": str(error)}


def _captured(data_dir: Path) -> Facts:
    """The inbox: how many uploads, the newest one's packet time."""
    with closing(inbox.connect(data_dir, readonly=True)) as connection:
        first, last = connection.execute("SELECT min(id), max(id) FROM upload").fetchone()
        newest = connection.execute("SELECT captured_us FROM upload WHERE id = ?", (last,)).fetchone()
        return {"uploads": last - first + 1 if last else 0,  # ids are not reused: counting rows would read them all
                "last_id": last or 0, "last_captured": newest[0] // 1_000_000 if newest else None,
                "bytes": (data_dir / inbox.FILE).stat().st_size}


def _derived(data_dir: Path, settings: Settings, clock: Clock) -> Facts:
    """The store: devices, newest reading, outbox by state, what PVOutput said."""
    with closing(store.connect(data_dir, readonly=True)) as connection:
        row = connection.execute
        newest = row("SELECT max(last_seen) FROM device WHERE kind IN ('inverter', 'meter')").fetchone()[0]
        pvs = row("SELECT serial, model, last_seen FROM device WHERE kind = 'pvs' ORDER BY last_seen DESC").fetchone()
        pause = pauses.current(connection, servertime.read(connection, clock))
        today = datetime.fromtimestamp(clock.time(), ZoneInfo(settings.site.timezone)).date()
        unsent = pvoutput.oldest_unsent(connection, settings, today)
        since = (today - timedelta(days=NOTICE_DAYS)).isoformat()
        return {
            "devices": dict(row("SELECT kind, count(*) FROM device GROUP BY kind").fetchall()),
            "pvs": {"serial": pvs[0], "model": pvs[1], "last_seen": pvs[2]} if pvs else None,
            "last_reading": newest,
            "outbox": dict(row("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()),
            "totals_refused": row("SELECT count(*) FROM pvoutput_day WHERE total_state = 'refused'").fetchone()[0],
            "oldest_waiting": row("SELECT min(time) FROM outbox WHERE state = 'waiting'").fetchone()[0],
            "last_sent": row("SELECT max(sent_at) FROM outbox").fetchone()[0],
            "pause": {"kind": pause.kind, "text": pause.text, "left_s": round(pause.left_s)} if pause else None,
            "trouble": pvoutput.trouble(connection, settings), "held": pvoutput.held(connection),
            "expires": unsent.last_day.isoformat() if unsent and unsent.expires_soon else None,
            "notices": [asdict(notice) for notice in views.notices(connection, since)[:MAX_NOTICES]],
            "clock_ahead_s": servertime.wall_clock_ahead(connection),
            "bytes": (data_dir / store.FILE).stat().st_size,
        }


def _temperature() -> float | None:
    """The processor's temperature in °C where the board has a sensor."""
    try:
        return int(Path("/sys/class/thermal/thermal_zone0/temp").read_text()) / 1000
    except (OSError, ValueError):
        return None
