"""History → line protocol: all of it once, then what changes, in order, each row at least once.

Theory: one cursor for each kind of row (history/changes). A batch is read, marked as handed out, sent, and only when
the engine took it does the cursor move: a kill in between sends it again, which changes nothing over there. A row that
the engine refuses is found by halving and left out, but only when the engine takes other rows: where it takes none, it
is the address or the engine that is wrong, and everything waits. Another address begins with the whole history.

An engine may lose what it took shortly before a crash (VictoriaMetrics writes to disk every few seconds), so what is
remembered is the place of SURE_S ago, and after a failure the output goes on from there.

A day stands at its local midnight. Where the owner changes the zone, all days are first withdrawn from their old
midnights.

A slot is sent once it is complete, or is not the newest one any more. Days and inverters' days change all day long:
they are looked at once an hour.
"""
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from zoneinfo import ZoneInfo

from appliance.history import changes
from appliance.history.changes import DAY, INVERTER, SLOT, Change
from appliance.outputs import progress
from appliance.outputs.contract import Context, OutputError
from appliance.outputs.lines import encode
from appliance.outputs.lines.target import Refused, Target
from appliance.store import transaction

MAX_ROWS = 1000             # in one batch
MAX_BYTES = 256 * 1024      # of lines in one batch, before compression
POLL_S = 5.0                # between two looks when nothing waits
BREATH_S = 0.05             # between two batches: ingest has its turn
HOUR_S = 3600
SURE_S = 60.0               # an engine has on its disk what it took so long ago
GRAIN_S = 10.0              # places are noted no finer than that

log = logging.getLogger(__name__)
NAME = "lines"


@dataclass
class Place:
    """How far each kind is at one address. `zone`: the one whose midnights days have there; while it is not the site's,
    `day` and `inverter` count what was withdrawn."""

    address: str
    zone: str
    slot: int = 0
    day: int = 0
    inverter: int = 0


COLUMNS = {SLOT: "slot", DAY: "day", INVERTER: "inverter"}
READ: dict[int, Callable[..., list[Change]]] = {
    SLOT: changes.slots_since, DAY: changes.days_since, INVERTER: changes.inverters_since}


class LinesOutput:
    """The output for one address."""

    def __init__(self, context: Context) -> None:
        self._context, self._store, self._site = context, context.store, context.settings.site
        self._target = Target(context.settings.lines)
        self._looked = {DAY: float("-inf"), INVERTER: float("-inf")}
        address = f"{context.settings.lines.url} {self._site.name}"
        known = progress.get(self._store, NAME, "place") or {}
        self._sure = Place(**known) if known.get("address") == address else Place(address, self._site.timezone)
        progress.put(self._store, NAME, "place", asdict(self._sure))      # the zone, before anything is sent in it
        self._place = self._begin()
        self._noted: deque[tuple[float, float, Place]] = deque()     # (first, last moment of a grain, place at its end)

    def step(self) -> float:
        """At most one batch of each kind."""
        try:
            stamp = encode.exact if self._target.replaces else encode.spread
            sent = [self._send(kind, stamp) for kind in (SLOT, DAY, INVERTER)]
        except OutputError:
            self._go_back()
            raise
        if self._place.zone != self._site.timezone and not any(sent[1:]):
            self._place = replace(self._place, zone=self._site.timezone, day=0, inverter=0)
            self._looked = dict.fromkeys(self._looked, float("-inf"))
            self._note_place()
            return BREATH_S
        self._settle()
        self._context.status["waiting"] = changes.waiting(self._store, SLOT, self._place.slot)
        return BREATH_S if any(sent) else POLL_S

    def wait(self, seconds: float) -> None:
        self._context.stop.wait(seconds)

    def close(self) -> None:
        """Nothing is open."""

    def _send(self, kind: int, stamp: encode.Stamp) -> bool:
        """One batch of a kind; whether there was one."""
        now = self._context.clock.time()
        if kind != SLOT and abs(now - self._looked[kind]) < HOUR_S:  # abs: the clock may be set back
            return False
        with transaction(self._store):
            batch = self._batch(kind, now, stamp)
            if batch:
                changes.mark_handed(self._store, kind, batch[-1][0])
        if not batch:
            self._looked[kind] = now if kind != SLOT else 0.0
            return False
        done = self._write([line for _, line in batch])
        self._context.count("rows", done)
        setattr(self._place, COLUMNS[kind], batch[-1][0])
        self._note_place()
        return True

    def _note_place(self) -> None:
        """All up to here was taken now."""
        now = self._context.clock.steady()[1]
        first = now
        if self._noted and now - self._noted[-1][0] < GRAIN_S:
            first, _, _ = self._noted.pop()
        self._noted.append((first, now, replace(self._place)))

    def _settle(self) -> None:
        """Remember the newest place that the engine has had for SURE_S."""
        sure = None
        while self._noted and self._context.clock.steady()[1] - self._noted[0][1] >= SURE_S:
            _, _, sure = self._noted.popleft()
        if sure is not None:
            self._sure = sure
            progress.put(self._store, NAME, "place", asdict(sure))

    def _begin(self) -> Place:
        """Where to go on: at the sure place; what another zone's midnights hold is withdrawn from its beginning."""
        if self._sure.zone == self._site.timezone:
            return replace(self._sure)
        return replace(self._sure, day=0, inverter=0)

    def _go_back(self) -> None:
        progress.put(self._store, NAME, "place", asdict(self._sure))      # the zone, before anything is sent in it
        self._place = self._begin()
        self._noted.clear()
        self._looked = dict.fromkeys(self._looked, float("-inf"))

    def _batch(self, kind: int, now: float, stamp: encode.Stamp) -> list[tuple[int, str]]:
        """(number, line) of what is next, within the bounds (but always one)."""
        cursor = getattr(self._place, COLUMNS[kind])
        found: list[tuple[int, str]] = []
        size = 0
        rows = READ[kind](self._store, cursor, MAX_ROWS)
        if not rows:
            return []
        known, settled = changes.quantities(self._store), changes.settled_before(self._store, now)
        for change in rows:
            if kind == SLOT and change.time >= settled:
                break
            line = self._line(kind, change, stamp, known)
            size += len(line) + 1
            if found and size > MAX_BYTES:
                break
            found.append((change.number, line))
        return found

    def _line(self, kind: int, change: Change, stamp: encode.Stamp, known: frozenset[str]) -> str:
        if kind == SLOT:
            return encode.slot(change, self._site.name, stamp, known)
        zone = ZoneInfo(self._place.zone)
        if self._place.zone != self._site.timezone:
            change = replace(change, row=None, revision=change.revision + 1)
        if kind == DAY:
            return encode.day(change, self._site.name, stamp, known, zone)
        return encode.inverter(change, self._site.name, stamp, zone)

    def _write(self, lines: list[str]) -> int:
        """Write lines, without those that alone are refused; how many were taken. Raises OutputError."""
        try:
            self._note(self._target.write("\n".join(lines) + "\n").dropped)
            return len(lines)
        except Refused as error:
            if len(lines) == 1 or not any(self._takes(line) for line in (lines[0], lines[-1])):
                raise OutputError(str(error)) from None
        return self._halve(lines)

    def _takes(self, line: str) -> bool:
        try:
            self._note(self._target.write(line + "\n").dropped)
            return True
        except Refused:
            return False

    def _halve(self, lines: list[str]) -> int:
        """Both halves of lines that were refused together; one that is refused alone is left out and told."""
        if len(lines) == 1:
            self._context.count("refused")
            log.warning("lines: the engine refuses %s: left out", lines[0])
            return 0
        taken = 0
        for part in (lines[:len(lines) // 2], lines[len(lines) // 2:]):
            try:
                self._note(self._target.write("\n".join(part) + "\n").dropped)
                taken += len(part)
            except Refused:
                taken += self._halve(part)
        return taken

    def _note(self, dropped: str) -> None:
        """The engine kept only a part: told, and not tried again."""
        if dropped:
            self._context.count("partial")
            self._context.status["note"] = f"the engine kept only a part: {dropped}"
