"""How the box is, for the diagnostics page, /healthz, /api/v1/status and `suntap status`.

Theory: six lamps follow the way of a record: capture, collector (who answers the PVS), decode, upload (to PVOutput),
clock, disk. Each has a state, a
sentence that says what is, and one that says what to check. Everything is read from where it is kept (heartbeats,
databases, the system); nothing here is remembered. A part that cannot be read makes its own lamp bad, no other.
JSON is made by Status.to_json(), at the edge.
"""
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from appliance import __version__, store
from appliance.health import card, collector, disk, image_problems, lamps, news, notices, system_age
from appliance.health.collector import CollectorFacts
from appliance.health.finding import BAD, WARN, Finding
from appliance.health.sources import HistoryFacts, InboxFacts, PauseFacts, ProcessFacts, PvsFacts, Unreadable
from appliance.history import inverters
from appliance.history.overview import overview
from appliance.ledger import cadence
from appliance.outputs.contract import Fact
from appliance.outputs.contract import Facts as Told
from appliance.pvoutput import views as pvoutput
from appliance.settings import Settings
from appliance.store import inbox
from appliance.system import heartbeat
from appliance.system.clock import Clock

NOTICE_DAYS = 14        # what the ledger had to decide about is told for so long
MAX_NOTICES = 50
POSTING_S = 3600        # a backlog from which nothing was posted for so long is held up

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Status:
    """Everything there is to know about the box at `time` (UTC seconds)."""

    time: int
    data_dir: Path
    processes: tuple[ProcessFacts, ...]
    inbox: InboxFacts | Unreadable
    history: HistoryFacts | Unreadable
    room: disk.Room | None
    temperature_c: float | None
    lamps: tuple[Finding, ...]
    collector: CollectorFacts
    system: system_age.System | None = None

    def healthy(self) -> tuple[bool, list[str]]:
        """Whether the box works, for /healthz; the reasons when it does not."""
        reasons = [f"{lamp.name}: {lamp.text}" for lamp in self.lamps if lamp.state == BAD]
        return not reasons, reasons

    def facts(self) -> Told:
        """Lamps and notices, for messages and the log."""
        known = () if isinstance(self.history, Unreadable) else self.history.notices
        return Told([Fact(lamp.name, lamp.state, lamp.text, lamp.advice, lamp.device, lamp.since)
                     for lamp in self.lamps],
                    [Fact(notice.kind, notice.state, notice.text, notice.check, notice.device, notice.time)
                     for notice in known])

    def to_json(self) -> dict[str, Any]:
        """As `suntap status --json` and /api/v1/status give it."""
        path = str(self.data_dir)
        return {
            "time": self.time, "version": __version__,
            "processes": [process.to_json() for process in self.processes],
            "inbox": self.inbox.to_json(), "store": self.history.to_json(),
            "counters": {process.name: process.counters for process in self.processes},
            "disk": {"path": path, "total": self.room.total, "free": self.room.free} if self.room else {"path": path},
            "versions": {"suntap": __version__, "python": sys.version.split()[0], "sqlite": sqlite3.sqlite_version},
            "temperature_c": self.temperature_c, "lamps": [lamp.lamp_json() for lamp in self.lamps],
            "collector": self.collector.to_json(),
            "system": self.system.to_json(self.time) if self.system else None,
        }


def collect(settings: Settings, clock: Clock) -> Status:
    """Everything there is to know. Never raises: what cannot be read says so."""
    data_dir = settings.store.data_dir
    processes = {name: _process(name, data_dir) for name in heartbeat.PROCESSES}
    history = _read(lambda: _history(data_dir, settings, clock))
    captured = _read(lambda: _captured(data_dir))
    room = disk.room(data_dir)
    answering, offline = collector.collect(settings, clock), _offline(processes["supervisor"], history)
    found = [
        lamps.capture(processes["capture"], captured, clock, room, offline, answering.waits),
        lamps.decode(processes["supervisor"], history, captured, clock, room, answering.waits),
        lamps.upload(processes["supervisor"], history, settings, room, answering.answers),
        lamps.clock(processes["supervisor"], history, clock, answering.answers),
        lamps.disk(room, data_dir),
    ]
    found.insert(1, collector.lamp(answering, lamps.is_silent(captured, clock) and not disk.is_full(room),
                                    offline))
    found += lamps.outputs(processes["supervisor"])
    if problems := image_problems.problems():
        found.append(Finding("box", WARN, " ".join(problems), image_problems.advice(problems)))
    return Status(int(clock.time()), data_dir, tuple(processes.values()), captured, history, room, _temperature(),
                  tuple(found), answering, system_age.read())


def _offline(recorder: ProcessFacts, history: HistoryFacts | Unreadable) -> bool:
    """Whether the recorder finds no internet: it has no time from there, or PVOutput cannot be reached."""
    pause = None if isinstance(history, Unreadable) else history.pause
    return recorder.alive and (not recorder.clock_is_set or (pause is not None and pause.kind == "network"))


def _process(name: str, data_dir: Path) -> ProcessFacts:
    last = heartbeat.read(name, data_dir)
    if last is None:
        return ProcessFacts(name)
    return ProcessFacts(
        name, last["alive"], last["pid"], round(last["uptime_s"]), round(last["age_s"], 1), last["restarts"],
        last.get("problem", ""), last.get("interface", ""), last.get("what", ""),
        last.get("clock_is_set", True) is not False, last.get("counters", {}), last.get("outputs", {}))


def _read(work: Callable[[], Facts]) -> Facts | Unreadable:
    try:
        return work()
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        return Unreadable(str(error))


def _captured(data_dir: Path) -> InboxFacts:
    with closing(inbox.connect(data_dir, readonly=True)) as connection:
        held = inbox.extent(connection)
    return InboxFacts(held.uploads, held.last_id, held.last_captured_s, (data_dir / inbox.FILE).stat().st_size)


def _history(data_dir: Path, settings: Settings, clock: Clock) -> HistoryFacts:
    with closing(store.connect(data_dir, readonly=True)) as connection:
        seen = overview(connection)
        pause = pvoutput.pause(connection, settings, clock)
        today = datetime.fromtimestamp(clock.time(), ZoneInfo(settings.site.timezone)).date()
        unsent = pvoutput.oldest_unsent(connection, settings, today)
        rows = pvoutput.row_counts(connection)
        since = (today - timedelta(days=NOTICE_DAYS)).isoformat()
        return HistoryFacts(
            devices=seen.devices, pvs=PvsFacts(*seen.pvs) if seen.pvs else None, last_reading=seen.last_reading,
            outbox=rows.by_state, totals_refused=rows.totals_refused, oldest_waiting=rows.oldest_waiting,
            last_sent=rows.last_sent, posting=_is_posting(rows.last_sent, clock) and pause is None,
            pause=PauseFacts(pause.kind, pause.text, round(pause.left_s)) if pause else None,
            trouble=pvoutput.trouble(connection, settings), held=pvoutput.held(connection),
            expires=unsent.last_day.isoformat() if unsent and unsent.expires_soon else None,
            notices=tuple([*card.notices(card.read(data_dir)), *_updates(data_dir, settings, clock),
                           *notices.collect(connection, since)][:MAX_NOTICES]),
            clock_ahead_s=pvoutput.wall_clock_ahead(connection), bytes=(data_dir / store.FILE).stat().st_size,
            late_s=cadence.late_s(connection), replaced=len(inverters.replacements(connection)))


def _is_posting(last_sent: int | None, clock: Clock) -> bool:
    return last_sent is not None and clock.time() - last_sent < POSTING_S


def _updates(data_dir: Path, settings: Settings, clock: Clock) -> list[notices.Notice]:
    """What there is to know of the system's age, missing fixes and newer versions."""
    now = clock.time()
    return [*system_age.notices(system_age.read(), now), *news.notices(news.read(data_dir), settings.update.url, now)]


def _temperature() -> float | None:
    """The processor's temperature in °C where the board has a sensor."""
    try:
        return int(Path("/sys/class/thermal/thermal_zone0/temp").read_text()) / 1000
    except (OSError, ValueError):
        return None
