"""The facts that lamps and the status are made of, typed: one class a source.

A source that cannot be read is an Unreadable with the reason; nothing else is lost by that.
"""
from dataclasses import asdict, dataclass, field
from typing import Any

from appliance.health.notices import Notice


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A database that cannot be read just now, and why."""

    error: str

    def to_json(self) -> dict[str, Any]:
        return {"error": self.error}


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What a process last said about itself. `pid` is None when it was not started in this boot."""

    name: str
    alive: bool = False
    pid: int | None = None
    uptime_s: int = 0
    age_s: float = 0.0
    restarts: int = 0
    problem: str = ""
    interface: str = ""
    what: str = ""
    clock_is_set: bool = True
    counters: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)   # appliance.outputs.runner's status

    def to_json(self) -> dict[str, Any]:
        """Without the counters: they stand in a table of their own."""
        if self.pid is None:
            return {"name": self.name, "alive": False, "text": "not started", "problem": "", "clock_is_set": True}
        found = {"name": self.name, "alive": self.alive, "text": "running" if self.alive else "stopped"}
        for key in ("pid", "uptime_s", "age_s", "restarts", "problem", "interface", "what", "clock_is_set"):
            found[key] = getattr(self, key)
        if self.outputs:
            found["outputs"] = self.outputs
        return found


@dataclass(frozen=True, slots=True)
class InboxFacts:
    """The captured uploads: how many, the newest one's id and packet time (UTC seconds), bytes of the file."""

    uploads: int
    last_id: int
    last_captured: int | None
    bytes: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PvsFacts:
    """The PVS heard last; `last_seen` is its own clock, UTC seconds."""

    serial: str
    model: str
    last_seen: int


@dataclass(frozen=True, slots=True)
class PauseFacts:
    """Why nothing is posted for another `left_s` seconds; `kind` is one of pvoutput.pauses'."""

    kind: str
    text: str
    left_s: int


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """The derived database: devices, outbox, what PVOutput said, notices. Times in UTC seconds, None where unknown."""

    devices: dict[str, int]         # by kind
    pvs: PvsFacts | None
    last_reading: int | None        # 0: none that the clock allows to count (ledger.intake's horizon)
    outbox: dict[str, int]          # rows by state
    totals_refused: int             # days
    oldest_waiting: int | None
    last_sent: int | None
    pause: PauseFacts | None
    trouble: str                    # what the owner must change before anything can be posted
    held: str                       # PVOutput's words where it took rows for future ones
    expires: str | None             # local day up to which PVOutput takes the oldest waiting row, if that is soon
    notices: tuple[Notice, ...]
    clock_ahead_s: float | None     # of PVOutput's clock
    bytes: int
    late_s: int = 0                 # age of the newest reading from which it is late, by the site's cadence
    replaced: int = 0               # inverters whose place another one took
    posting: bool = False           # something was posted lately, and nothing holds up the rest

    def to_json(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__dataclass_fields__
                 if name not in ("late_s", "replaced", "posting")}
        found["notices"] = [asdict(notice) for notice in self.notices]
        for name in ("pvs", "pause"):
            found[name] = asdict(found[name]) if found[name] else None
        return found
