"""How long a settings change takes that derives a whole history again: `python -m tests.bench.again [--days 3652]`.

24 inverters, read every five minutes while the sun shines and at night, and a net and a production meter. The readings
are written as they stand in the store; then the history is derived, and again after a change of the roof's size (to one
that sets another limit: all days, nothing differs) and of the zone. Prints processor seconds, and how many
milliseconds a day takes.
"""
import argparse
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance import ledger, store
from appliance.ledger.dirty_days import mark_all_stale
from appliance.settings import Site
from appliance.store import inbox, transaction

INVERTERS, DAY_S, STEP_S = 24, 86_400, 300
ZONE = "America/Los_Angeles"
DAWN, DUSK = 72, 216        # steps of the day: from 6 to 18 o'clock
DEVICE = "INSERT INTO device (kind, serial, model, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)"
READING = "INSERT INTO reading (device, number, time, part, energy_dwh, power_dw, fields) VALUES (?, ?, ?, 0, ?, 0, '')"


def write(conn: sqlite3.Connection, days: int, rng: random.Random) -> None:
    """The readings of `days` days: inverters count 0.1 Wh, meters 10 Wh."""
    start = int(datetime(2015, 1, 1, tzinfo=ZoneInfo(ZONE)).timestamp())
    end = start + days * DAY_S
    with transaction(conn):
        devices = [("inverter", f"4140500000{number:05}", "AC_Module_Type_C") for number in range(INVERTERS)]
        meters = [("meter", "PVS5M000001c", "PVS5M0400c"), ("meter", "PVS5M000001p", "PVS5M0400p")]
        conn.executemany(DEVICE, [(*one, start, end) for one in devices + meters])
        *inverters, net, production = [row[0] for row in conn.execute("SELECT id FROM device ORDER BY id")]
        counters, bought, made = [10_000_000 + 1000 * number for number in range(INVERTERS)], 0, 0
        for midnight in range(start, end, DAY_S):
            rows = []
            for step in range(DAY_S // STEP_S):
                now, sunny = midnight + step * STEP_S, DAWN < step < DUSK
                energies = [rng.randint(20, 260) if sunny else 0 for _ in inverters]
                counters = [counter + energy for counter, energy in zip(counters, energies, strict=True)]
                made += sum(energies)
                bought += rng.randint(200, 900) - sum(energies)
                rows += [(device, 130, now, counter) for device, counter in zip(inverters, counters, strict=True)]
                rows += [(net, 140, now, bought // 100 * 100), (production, 140, now, made // 100 * 100)]
            conn.executemany(READING, sorted(rows))
        conn.execute("INSERT INTO state (key, value) VALUES ('horizon', ?)", (str(end + DAY_S),))
        mark_all_stale(conn)


def derive(received: sqlite3.Connection, conn: sqlite3.Connection, site: Site) -> float:
    """Processor seconds until every day is derived with these settings."""
    begun = time.process_time()
    ledger.ingest(received, conn, site)
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=3652, metavar="N", help="local days (default: %(default)s)")
    days = parser.parse_args().days
    site = Site(timezone=ZONE)
    with (tempfile.TemporaryDirectory() as name, closing(inbox.connect(name)) as received,
          closing(store.connect(Path(name))) as conn):
        write(conn, days, random.Random(3))
        seconds = {"first": derive(received, conn, site),
                   "size": derive(received, conn, replace(site, size_w=90_000)),
                   "zone": derive(received, conn, replace(site, timezone="America/Denver"))}
    for change, took in seconds.items():
        print(f"{change:<6} {took:6.1f} s of processor time for {days} days, {1000 * took / days:.1f} ms a day")


if __name__ == "__main__":
    main()
