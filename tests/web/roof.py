"""A store and an inbox filled by the schema: a roof of invented inverters with a meter, for the page's tests and pictures.

The numbers are simple on purpose (a sine from 06:00 to 18:00 local time), so that tests can compute what the page must say.
"""
import hashlib
import math
import sqlite3
import zlib
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance import store
from appliance.store import inbox

STEP = 300
PEAK_W = 5200
SERIALS = [f"4140500000{number:05d}" for number in range(1, 17)]


def bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """UTC seconds of a local day."""
    return tuple(int(datetime.combine(day + timedelta(days=more), time(), zone).timestamp()) for more in (0, 1))


def sunshine(seconds: int, zone: ZoneInfo, day: date) -> float:
    """0..1: how high the invented sun is."""
    here = datetime.fromtimestamp(seconds, zone)
    hour = here.hour + here.minute / 60
    if not 6 < hour < 18:
        return 0.0
    cloud = 1 - .55 * (math.sin(day.toordinal() * 1.7) ** 2) * (math.sin(hour * 5 + day.toordinal()) ** 2)
    season = .72 + .28 * math.cos((day.timetuple().tm_yday - 172) / 365 * 2 * math.pi)
    return math.sin((hour - 6) / 12 * math.pi) ** 1.5 * cloud * season


class Roof:
    """Fills one data directory."""

    def __init__(self, data_dir: Path, zone: str = "America/Los_Angeles", meter: bool = True, serials: list[str] = SERIALS) -> None:
        self.data_dir, self.zone, self.meter, self.serials = data_dir, ZoneInfo(zone), meter, serials
        data_dir.mkdir(parents=True, exist_ok=True)
        self.dead: set[str] = set()
        self.weak: set[str] = set()
        self.pvs = "ZT160000000441C0001"
        self.shares = [PEAK_W / len(serials) * 10 / 12 * (1 + .04 * math.sin(index * 2.3)) for index in range(len(serials))]

    def connect(self) -> sqlite3.Connection:
        """A connection that may write, as the supervisor process has it."""
        return store.connect(self.data_dir)

    def devices(self, first: int, last: int) -> dict[str, int]:
        """PVS, meter and inverters; serial → id."""
        with closing(self.connect()) as connection, connection:
            for kind, serial, model in [("pvs", self.pvs, "SMSPVS20R1"), *(("inverter", serial, "AC_Module_Type_C") for serial in self.serials),
                                        *([("meter", "PVS5M000001c", "PVS5M0400c")] if self.meter else [])]:
                connection.execute(
                    "INSERT INTO device (kind, serial, model, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (kind, serial) DO UPDATE SET first_seen = min(first_seen, excluded.first_seen),"
                    " last_seen = max(last_seen, excluded.last_seen)", (kind, serial, model, first, last))
            return dict(connection.execute("SELECT serial, id FROM device").fetchall())

    def days(self, last: date, count: int, until: float | None = None, detail: int = 2) -> None:
        """`count` local days up to `last`; the last one only up to `until`. Readings of single inverters for `detail` days."""
        first_day = last - timedelta(days=count - 1)
        end = int(until) if until else bounds(last, self.zone)[1]
        ids = self.devices(bounds(first_day, self.zone)[0], end)
        with closing(self.connect()) as connection, connection:
            counters = {serial: 30_000_000 + 7919 * index for index, serial in enumerate(self.serials)}
            for number in range(count):
                day = first_day + timedelta(days=number)
                before = dict(counters)
                self._day(connection, ids, day, end, counters, detailed=number >= count - detail)
                for serial in self.serials:
                    connection.execute("INSERT OR REPLACE INTO device_day VALUES (?, ?, ?, ?, ?)", (
                        ids[serial], day.isoformat(), min(end, bounds(day, self.zone)[0] + 18 * 3600), counters[serial],
                        counters[serial] - before[serial]))
            self._site_days(connection)

    def _day(self, connection: sqlite3.Connection, ids: dict[str, int], day: date, until: int, counters: dict[str, int],
             detailed: bool) -> None:
        start, end = bounds(day, self.zone)
        made_today = used_today = 0
        for seconds in range(start, min(end, until - STEP + 1), STEP):
            sun = sunshine(seconds, self.zone, day)
            here = datetime.fromtimestamp(seconds, self.zone)
            asleep = not 6 <= here.hour < 18
            made = 0
            for index, serial in enumerate(self.serials if sun else ()):
                part = int(sun * self.shares[index])
                part = 0 if serial in self.dead and detailed else part // 3 if serial in self.weak and detailed else part
                counters[serial] += part
                made += part
                if detailed and not asleep:
                    connection.execute("INSERT OR REPLACE INTO reading VALUES (?, 130, ?, 0, ?, ?, '')",
                                       (ids[serial], seconds + STEP, counters[serial], part * 12))
            used = None
            if self.meter:
                used = int(350 + 900 * math.exp(-((here.hour + here.minute / 60 - 19) / 2) ** 2)
                           + 500 * math.exp(-((here.hour + here.minute / 60 - 7.5) / 1.2) ** 2) + 60 * math.sin(seconds / 1700))
                used_today += used
            made_today += made
            if asleep and not self.meter:
                continue
            connection.execute("INSERT OR REPLACE INTO slot VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", (
                seconds, day.isoformat(), None if asleep else made, used - made if used is not None else None, used, made_today,
                used_today if self.meter else None, STEP))
            connection.execute("INSERT OR REPLACE INTO reading VALUES (?, 120, ?, 0, NULL, NULL, ?)", (
                ids[self.pvs], seconds + STEP, f"0\t0\t0\t31\t{max(0, int(400 * math.sin(seconds / 9e4)))}\t2571\t0.00\t8180\t4568"))
        connection.execute("INSERT OR REPLACE INTO reading VALUES (?, 122, ?, 0, NULL, NULL, ?)", (
            ids[self.pvs], start, "SMSPVS20R1\t1.4.10 Build 10102619\t2.2.0 build 176\tPV Supervisor\tSMS2.0"))

    def _site_days(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO site_day SELECT day, sum(production_dwh), sum(consumption_dwh),"
            " sum(CASE WHEN net_dwh > 0 THEN net_dwh ELSE net_dwh * 0 END), sum(CASE WHEN net_dwh < 0 THEN -net_dwh ELSE net_dwh * 0 END),"
            " count(*), sum(hole), max(CASE WHEN NOT hole THEN production_dwh * 360 / seconds END), 'inverters', 0, 0, 0, 0 FROM slot GROUP BY day")

    def hole(self, day: date, first_hour: int, hours: int) -> None:
        """Take the slots of some hours away and book their energy at the end, as the ledger does."""
        start = bounds(day, self.zone)[0] + first_hour * 3600
        end = start + hours * 3600
        with closing(self.connect()) as connection, connection:
            sums = connection.execute("SELECT sum(production_dwh), sum(net_dwh), sum(consumption_dwh) FROM slot WHERE time >= ? AND time < ?",
                                      (start, end)).fetchone()
            connection.execute("DELETE FROM slot WHERE time >= ? AND time < ?", (start, end - STEP))
            connection.execute("UPDATE slot SET production_dwh = ?, net_dwh = ?, consumption_dwh = ?, seconds = ?, hole = 1 WHERE time = ?",
                               (*sums, hours * 3600, end - STEP))

    def outbox(self, last: date, count: int, waiting_from: int | None = None, refused: dict[int, str] | None = None) -> None:
        """Outbox rows for the slots of the last days: sent but those from `waiting_from` on; `refused` maps times to words."""
        with closing(self.connect()) as connection, connection:
            first = (last - timedelta(days=count - 1)).isoformat()
            connection.execute(
                "INSERT OR REPLACE INTO outbox SELECT time, day, day_production_dwh / 10, production_dwh * 12 / 10, day_consumption_dwh / 10,"
                " consumption_dwh * 12 / 10, 'sent', '', 1, time + 400 FROM slot WHERE day >= ?", (first,))
            if waiting_from:
                connection.execute("UPDATE outbox SET state = 'waiting', sent_at = NULL WHERE time >= ?", (waiting_from,))
            for seconds, words in (refused or {}).items():
                connection.execute("UPDATE outbox SET state = 'refused', reason = ?, sent_at = NULL WHERE time = ?", (words, seconds))

    def upload(self, captured: float, body: str) -> None:
        """One upload in the inbox."""
        raw = body.encode()
        with closing(inbox.connect(self.data_dir)) as connection, connection:
            connection.execute(
                "INSERT INTO upload (captured_us, source, destination, path, complete, sha256, body) VALUES (?, ?, ?, ?, 1, ?, ?)",
                (int(captured * 1e6), "192.0.2.20:49152", "198.51.100.7:80", "/Data/SMS2DataCollector.aspx",
                 hashlib.sha256(raw).digest(), zlib.compress(raw)))
