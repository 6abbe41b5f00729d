"""A day in capture files, a box that posts it, and what must be true at the end of any mischief.

The seed of each run is printed with a failure; SUNTAP_SEED repeats it.
"""
import os
import random
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance import settings, store
from appliance.simulate.pvoutput import API_KEY, PvOutput
from appliance.simulate.roof import Roof
from appliance.store import inbox

ZONE = "America/Los_Angeles"
DAY = date(2026, 5, 9)
START = int(datetime(2026, 5, 9, tzinfo=ZoneInfo(ZONE)).timestamp())
END = START + 86400
SEED = int(os.environ.get("SUNTAP_SEED", random.SystemRandom().randrange(1 << 30)))
RATE = 600


def configured(folder: Path, url: str) -> Path:
    config = folder / "suntap.toml"
    settings.update(config, {
        "site.timezone": ZONE, "store.data_dir": folder / "data", "pvoutput.enabled": True, "pvoutput.url": url,
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
