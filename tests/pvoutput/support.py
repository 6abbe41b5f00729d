"""A box and its PVOutput under one settable time: what the tests of this folder stand on."""
import sqlite3
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from appliance.pvoutput import outbox, outbox_rows, poster
from appliance.pvoutput.rows import place
from appliance.settings import PVOutput, Secret, Settings, Site
from appliance.simulate.pvoutput import PvOutput
from appliance.store import connect
from appliance.system.clock import Clock

KEY = "00000000000000000000000000000000feedbeef"
ZONE = "America/Los_Angeles"
NOON = datetime(2026, 5, 9, 12, tzinfo=ZoneInfo(ZONE)).timestamp()
DAY_S = 86_400
DAY = "2026-05-09"      # of NOON


@dataclass(frozen=True)
class HandClock(Clock):
    """Time passes only when a test says so; the wall clock can be stepped, the machine restarted."""

    moment: list[float] = field(default_factory=lambda: [NOON])      # true time
    error: list[float] = field(default_factory=lambda: [0.0])        # how far the wall clock is ahead of it
    boots: list[float] = field(default_factory=lambda: [NOON - 100])  # true time of the last boot

    def time(self) -> float:
        return self.moment[0] + self.error[0]

    def steady(self) -> tuple[str, float]:
        return f"boot {self.boots[0]}", self.moment[0] - self.boots[0]

    def pass_(self, seconds: float) -> None:
        self.moment[0] += seconds

    def step(self, seconds: float) -> None:
        self.error[0] += seconds

    def reboot(self, off_s: float = 60.0) -> None:
        self.moment[0] += off_s
        self.boots[0] = self.moment[0] - 1


def settings_for(server: PvOutput | None, zone: str = ZONE, **changes: object) -> Settings:
    """Settings that reach `server`; `changes` are keys of [pvoutput]."""
    account = PVOutput(enabled=True, api_key=Secret(KEY), system_id="12345")
    if server is not None:
        account = replace(account, url=server.url)
    return Settings(site=Site(timezone=zone), pvoutput=replace(account, **changes))


@dataclass
class Box:
    """The store of one box, its settings, and the simulated PVOutput that it posts to."""

    folder: Path
    clock: HandClock
    server: PvOutput
    settings: Settings
    store: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.store = connect(self.folder)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.site.timezone)

    def put(self, slots: dict[int, tuple[int, int]], hole: frozenset[int] = frozenset()) -> int:
        """The ledger's part: {time: (production, consumption) in 0.1 Wh}; other slots of those days stay."""
        days = set()
        for time, (production, consumption) in slots.items():
            day = datetime.fromtimestamp(time, self.zone).date().isoformat()
            days.add(day)
            self.store.execute("INSERT OR REPLACE INTO slot VALUES (?, ?, ?, NULL, ?, 0, 0, 300, ?)",
                               (time, day, production, consumption, time in hole))
        for day in days:
            made = used = 0
            for time, production, consumption in self.store.execute(
                    "SELECT time, production_dwh, consumption_dwh FROM slot WHERE day = ? ORDER BY time",
                    (day,)).fetchall():
                made, used = made + production, used + consumption
                self.store.execute("UPDATE slot SET day_production_dwh = ?, day_consumption_dwh = ?"
                                   " WHERE time = ?", (made, used, time))
            self.store.execute(
                "INSERT OR REPLACE INTO site_day (day, production_dwh, consumption_dwh, slots, holes, source,"
                " net_active, balance_dwh, against_plus_dwh, against_minus_dwh)"
                " VALUES (?, ?, ?, 0, 0, 'inverters', 1, 0, 0, 0)",
                (day, made, used))
        return outbox_rows.refresh(self.store, self.settings, days, self.clock.time())

    def step(self) -> poster.Step:
        return poster.step(self.store, self.settings, self.clock)

    def run(self, seconds: float = 0.0, most: int = 5000) -> None:
        """Let `seconds` pass and do every step that falls due."""
        end = self.clock.moment[0] + seconds
        for _ in range(most):
            done = self.step()
            if done.requested and not done.wait_s:
                self.clock.pass_(0.2)
                continue
            wait = max(done.wait_s, 0.01)
            if self.clock.moment[0] + wait > end:
                self.clock.pass_(max(0.0, end - self.clock.moment[0]))
                return
            self.clock.pass_(wait)
        raise AssertionError(f"no end after {most} steps")

    def push(self, hours: float = 48.0) -> None:
        """Run until nothing waits."""
        end = self.clock.moment[0] + hours * 3600
        while outbox.waiting(self.store) or self.store.execute(
                "SELECT 1 FROM outbox WHERE state = 'open'").fetchone():
            assert self.clock.moment[0] < end, self.states()
            self.run(1800)
            self.clock.pass_(60)

    def states(self) -> dict[str, int]:
        return dict(self.store.execute("SELECT state, COUNT(*) FROM outbox GROUP BY state").fetchall())

    def reasons(self) -> list[str]:
        return [r for (r,) in self.store.execute("SELECT reason FROM outbox WHERE state = 'refused' ORDER BY time")]

    def posts(self) -> list[object]:
        return [r for r in self.server.requests if r.service in ("addstatus", "addbatchstatus")]

    def services(self) -> list[str]:
        return [request.service for request in self.server.requests]

    def curve(self, day: str) -> dict[str, dict[str, int]]:
        """What the simulated site holds."""
        return {at: {name: int(value) for name, value in row.items()}
                for at, row in self.server.site.curve(date.fromisoformat(day)).items()}

    def truth(self, day: str) -> dict[str, dict[str, int]]:
        """What it should hold, computed the slow and obvious way from the slots."""
        rows: dict[str, dict[str, int]] = {}
        made = used = 0
        for time, production, consumption, seconds, hole in self.store.execute(
                "SELECT time, production_dwh, consumption_dwh, seconds, hole FROM slot WHERE day = ?"
                " ORDER BY time", (day,)):
            made, used = made + production, used + consumption
            row = {"v1": (made + 5) // 10, "v3": (used + 5) // 10}
            if not hole:
                row |= {"v2": int(production * 360 / seconds + 0.5), "v4": int(consumption * 360 / seconds + 0.5)}
            rows[place(time, self.zone, 300)[1]] = row
        return rows


def midnight(day: str, zone: str = ZONE) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp())


def sunny_day(day: str, zone: str = ZONE, first: int = 0, last: int = 288) -> dict[int, tuple[int, int]]:
    """A plausible day for the simulated site's 4.8 kW: slots `first` to `last` of it."""
    start = midnight(day, zone)
    slots = {}
    for at in range(first, last):
        hour = at / 12
        power = max(0.0, 3600 * (1 - ((hour - 13) / 5.5) ** 2)) if 8 <= hour <= 18.5 else 0.0
        slots[start + at * 300] = (int(power / 12 * 10), 250 + at % 7 * 30)
    return slots


def rows(box: Box, day: str = DAY) -> dict[int, tuple[Any, ...]]:
    """{time: (state, v1, v2, v3, v4, reason)} of the outbox."""
    return {row[0]: row[1:] for row in box.store.execute(
        "SELECT time, state, v1, v2, v3, v4, reason FROM outbox WHERE day = ? ORDER BY time", (day,))}
