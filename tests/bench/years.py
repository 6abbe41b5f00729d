"""What a page costs the server on ten years of 24 inverters.

    python -m tests.bench.years [--years 10] [--rounds 5]

Two days are derived from a roof's uploads; the years before them are copies of the first one, written into the
derived tables. Prices differ by hour, names and places are given, earlier years are imported: each page does its most.
Prints the median and the worst processor time of some rounds per page, in milliseconds, and fails where a median is
above LIMIT_MS.
"""
import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from appliance import settings, store
from appliance.history import earlier
from appliance.history.earlier import EarlierDay
from appliance.store import inbox
from tests.web.conftest import NOON, PASSWORD, TODAY, ZONE, FixedClock, Visitor
from tests.web.roof import Roof, fill
from webui import create_app
from webui.security import passwords

INVERTERS = 24
LIMIT_MS = 150
PAGES = ("/", "/live", "/day/2026-05-08", "/day/2020-06-01", "/history", "/history?month=2020-06", "/panels",
         "/panels?year=2025", "/panels/414050000000001", "/panels/arrange", "/pvoutput", "/diagnostics", "/notices",
         "/settings", "/settings/prices", "/api/v1/now", "/api/v1/days", "/api/v1/inverters", "/metrics", "/healthz")


def copy_back(conn: sqlite3.Connection, model: date, days: int) -> None:
    """Copy the derived rows of the day `model` to so many days before it."""
    shifts = [(number, -number * 86400) for number in range(1, days + 1)]
    conn.execute("CREATE TEMP TABLE shift (back_days INTEGER PRIMARY KEY, moved_s INTEGER)")
    with conn:
        conn.executemany("INSERT INTO shift VALUES (?, ?)", shifts)
        for table in ("slot", "site_day", "site_hour", "device_day", "roof_day"):
            columns = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
            moved = {"day": "date(day, '-' || back_days || ' days')", "time": "time + moved_s",
                     "weekday": "(weekday + 7 - back_days % 7) % 7"}
            conn.execute(f"INSERT OR IGNORE INTO {table} SELECT {', '.join(moved.get(name, name) for name in columns)}"
                         f" FROM {table}, shift WHERE day = ?", (model.isoformat(),))
        conn.execute("UPDATE device SET first_seen = first_seen - ?", (days * 86400,))
        conn.execute("DELETE FROM changed_day")


def build(folder: Path, years: int) -> Path:
    """A data directory with so many years, and the settings file beside it."""
    data_dir, config = folder / "data", folder / "suntap.toml"
    data_dir.mkdir()
    serials = [f"4140500000{number:05d}" for number in range(1, INVERTERS + 1)]
    settings.update(config, {
        "site.timezone": ZONE.key, "capture.interface": "lo", "site.sell": "0.05",
        "site.buy": "0.28 (Jun-Sep Mon-Fri 16-21 0.55), 2022-01-01 0.30 (Jun-Sep Mon-Fri 16-21 0.61; 0-6 0.2)",
        "site.panel": [{"serial": serial, "name": f"South {number}", "row": 1 + number // 8, "column": 1 + number % 8}
                       for number, serial in enumerate(serials)]})
    with closing(inbox.connect(data_dir)), closing(store.connect(data_dir)):
        fill(data_dir, settings.load(config), Roof(serials=serials).uploads(TODAY, 2, until=NOON - 20), NOON)
    with closing(store.connect(data_dir)) as conn:
        copy_back(conn, TODAY - timedelta(days=1), 365 * years)
        first = TODAY - timedelta(days=365 * (years + 5))
        days = [EarlierDay(first + timedelta(days=number), 200_000) for number in range(365 * 4)]
        earlier.keep(conn, days, "old.csv")
    return config


def main() -> int:
    """Build, measure, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    passwords.N = 1 << 11
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        config = build(Path(name), args.years)
        app = create_app(config, Path(name) / "data", FixedClock(NOON))
        app.testing = True
        app.extensions["suntap-auth"].set_password(PASSWORD)
        owner = Visitor(app.test_client()).log_in()
        for page in PAGES:
            took = []
            for _ in range(args.rounds):
                app.extensions.pop("suntap-live", None)
                begin = time.thread_time()
                answer = owner.get(page)
                took.append((time.thread_time() - begin) * 1000)
                assert answer.status_code in (200, 503), (page, answer.status_code)
            found[page] = {"median_ms": round(statistics.median(took), 1), "worst_ms": round(max(took), 1)}
        size = (Path(name) / "data" / store.FILE).stat().st_size
    print(json.dumps({"years": args.years, "inverters": INVERTERS, "store_bytes": size, "pages": found}, indent=1))
    return int(any(page["median_ms"] > LIMIT_MS for page in found.values()))


if __name__ == "__main__":
    sys.exit(main())
