"""A day in capture files, a box that posts it, and what must be true at the end of any mischief.

The seed of each run and what report() was told are printed at its end; SUNTAP_SEED repeats it.
"""
import os
import random
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance import settings, store
from appliance.simulate.pvoutput import API_KEY, PvOutput
from appliance.simulate.roof import Roof
from appliance.store import inbox
from tests.cli.processes import wait_for
from tests.notes import notes

ZONE = "America/Los_Angeles"
DAY = date(2026, 5, 9)
START = int(datetime(2026, 5, 9, tzinfo=ZoneInfo(ZONE)).timestamp())
END = START + 86400
SEED = int(os.environ.get("SUNTAP_SEED", random.SystemRandom().randrange(1 << 30)))
RATE = 600
NOWHERE = "https://pvoutput.invalid/service/r2/"


def report(what: str, found: Counter[str]) -> None:
    """Tell at the end of the run what was hit how often."""
    counts = ", ".join(f"{number} {name}" for name, number in sorted(found.items()))
    notes.append(f"{what}: {found.total()} times ({counts}); SUNTAP_SEED={SEED} hits the same again")


def stop(pid: int) -> None:
    """Stop a process; a write to the disk that is under way ends first."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")


def has_open(pid: int, path: Path) -> bool:
    """Whether the process has the file open."""
    try:
        return str(path) in (os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def doing(data_dir: Path) -> str:
    """What the supervisor process has to do: "ingest", "derivation" or, when everything is derived, ""."""
    try:
        with closing(_look(data_dir / inbox.FILE)) as received, closing(_look(data_dir / store.FILE)) as derived:
            (last,) = received.execute("SELECT coalesce(max(id), 0) FROM upload").fetchone()
            known = dict(derived.execute("SELECT key, value FROM state").fetchall())
            (dirty,) = derived.execute("SELECT count(*) FROM dirty_day").fetchone()
            (asked,) = derived.execute("SELECT count(*) FROM command WHERE finished IS NULL").fetchone()
    except sqlite3.OperationalError:
        return "opening the databases"      # a stopped process holds them
    if int(known.get("inbox_cursor", 0)) < last:
        return "ingest"
    return "derivation" if dirty or asked or "rebuilding" in known else ""


def _look(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.2)


def derived(data_dir: Path) -> list[list[tuple]]:
    """Everything that is derived from the inbox and has one right value."""
    with closing(store.connect(data_dir, readonly=True)) as connection:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in
                ("slot", "site_day", "device_day", "notice")] + [connection.execute(
                    "SELECT serial, number, time, part, energy_dwh, power_dw, fields FROM reading JOIN device"
                    " ON device = id ORDER BY 1, 2, 3, 4").fetchall()]


def configured(folder: Path, url: str = NOWHERE, enabled: bool = True) -> Path:
    config = folder / "suntap.toml"
    settings.update(config, {
        "site.timezone": ZONE, "store.data_dir": folder / "data", "pvoutput.enabled": enabled, "pvoutput.url": url,
        "pvoutput.api_key": API_KEY, "pvoutput.system_id": "12345"})
    return config


def check_site(server: PvOutput, roof: Roof) -> None:
    """The curve at the site is the truth's; no hour had more requests than the quota."""
    held, truth = server.site.curve(DAY), roof.curve(DAY, ZONE, until=END)
    for slot, row in held.items():
        assert abs(int(row["v1"]) - truth[slot][0] / 10) <= 1, (SEED, slot, row, truth[slot])
        assert "v3" not in row or abs(int(row["v3"]) - truth[slot][1] / 10) <= 10, (SEED, slot, row, truth[slot])
    assert len(held) >= 287, SEED
    hours: dict[int, int] = {}
    for request in server.requests:
        hours[int(request.time // 3600)] = hours.get(int(request.time // 3600), 0) + 1
    assert max(hours.values()) <= 60, (SEED, hours)


def nothing_waits(folder: Path) -> bool:
    with closing(store.connect(folder / "data", readonly=True)) as connection:
        states = dict(connection.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())
    return states.get("sent", 0) >= 287 and not states.get("waiting")


def bodies(data_dir: Path) -> list[bytes]:
    connection = inbox.connect(data_dir, readonly=True)
    found = sorted(upload.body for _, upload in inbox.after(connection, 0, 1 << 20))
    connection.close()
    return found
