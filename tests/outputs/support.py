"""A store with a made-up history, and an output that works on it step by step in the test's own thread."""
import random
import sqlite3
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

from appliance import store
from appliance.history import export
from appliance.outputs import lines
from appliance.outputs.contract import Context, Facts
from appliance.outputs.lines import LinesOutput
from appliance.settings import Lines, Secret, Settings, Site
from appliance.store import transaction
from tests.pvoutput.support import HandClock

ZONE = "America/Los_Angeles"
FIRST = date(2026, 4, 1)


@dataclass
class House:
    """A history of `days` local days with `per_day` slots each, and two inverters."""

    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    site: Site = field(default_factory=lambda: Site(timezone=ZONE, name="roof"))

    def __post_init__(self) -> None:
        self.clock.pass_(365 * 86_400)      # after all that is put here
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store: sqlite3.Connection = store.connect(self.folder)
        self.random = random.Random(7)
        with transaction(self.store):
            for number in (1, 2):
                self.store.execute("INSERT OR IGNORE INTO device (kind, serial, first_seen, last_seen) VALUES"
                                   " ('inverter', ?, 1, 1)", (f"41405000000000{number}",))

    def settings(self, url: str = "", token: str = "") -> Settings:
        return Settings(site=self.site, lines=Lines(url, Secret(token)))

    def context(self, settings: Settings) -> Context:
        """With a connection of its own, as the runner makes it."""
        return Context(store.connect(self.folder), settings, self.clock, Facts, Event())

    def put_day(self, day: date, slots: int = 12, step_s: int = 300) -> None:
        """Make or remake a local day with random values, in the way the ledger writes."""
        start = int(datetime.combine(day, datetime.min.time(), ZoneInfo(self.site.timezone)).timestamp())
        with transaction(self.store):
            made = used = bought = 0
            for number in range(slots):
                energy, net = self.random.randint(0, 4000), self.random.randint(-3000, 3000)
                use = max(0, energy + net)
                made, used, bought = made + energy, used + use, bought + max(0, net)
                self.put_slot(start + step_s * number, day, energy, net, use, made, used)
            self.store.execute("DELETE FROM site_day WHERE day = ?", (day.isoformat(),))
            self.store.execute(
                "INSERT INTO site_day (day, production_dwh, consumption_dwh, import_dwh, export_dwh, slots, holes,"
                " peak_w, source, net_active, balance_dwh, against_plus_dwh, against_minus_dwh)"
                " VALUES (?, ?, ?, ?, ?, ?, 0, ?, 'inverters', 1, 0, 0, 0)",
                (day.isoformat(), made, used, bought, self.random.randint(0, 9999), slots,
                 self.random.randint(1, 5000)))
            for device in (1, 2):
                self.store.execute("INSERT OR REPLACE INTO device_day (device, day, time, counter_dwh, energy_dwh)"
                                   " VALUES (?, ?, ?, ?, ?)", (device, day.isoformat(), start, 10**6, made // 2))

    def put_slot(self, time: int, day: date, energy: int | None, net: int | None, use: int | None, made: int | None,
                 used: int | None) -> None:
        self.store.execute(
            "INSERT OR REPLACE INTO slot (time, day, production_dwh, net_dwh, consumption_dwh, day_production_dwh,"
            " day_consumption_dwh, seconds, hole) VALUES (?, ?, ?, ?, ?, ?, ?, 300, 0)",
            (time, day.isoformat(), energy, net, use, made, used))

    def fill(self, days: int, slots: int = 12) -> None:
        for number in range(days):
            self.put_day(FIRST + timedelta(number), slots)

    def heard_ten_minutes_ago(self) -> None:
        """The last reading of every device is the history's end, and that is ten minutes ago."""
        (newest,) = self.store.execute("SELECT max(time) FROM slot").fetchone()
        self.store.execute("UPDATE device SET last_seen = ?, first_seen = 1", (newest,))
        self.clock.pass_(newest + 600 - self.clock.time())

    def exported(self, what: str) -> dict[int, dict[str, float]]:
        """`suntap export WHAT`: UTC milliseconds → column → number; unknown ones are left out."""
        zone = ZoneInfo(self.site.timezone)
        columns = export.COLUMNS[what]
        found = {}
        for row in export.rows(self.store, what, zone, None, None):
            fields = dict(zip(columns, row, strict=True))
            moment = fields.pop("time", None)
            at = (datetime.fromisoformat(moment) if moment
                  else datetime.combine(date.fromisoformat(fields.pop("day")), datetime.min.time(), zone))
            found[int(at.astimezone(UTC).timestamp() * 1000)] = {
                name: float(text) for name, text in fields.items() if text and name not in export.TEXT}
        return found


def renamed(settings: Settings, name: str) -> Settings:
    return replace(settings, site=replace(settings.site, name=name))


def drain(output: LinesOutput) -> None:
    """Steps until nothing waits."""
    for _ in range(10_000):
        if output.step() == lines.POLL_S:
            return
    raise AssertionError("never ends")
