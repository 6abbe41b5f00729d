"""The clock of the box falls back by years while uploads arrive and posting is going: afterwards the truth, exactly.

So it is on a box without a clock chip after each power cut: the time is a guess, behind by as much as it was off, until
a time server has answered.

`suntap run` with all its processes has its wall clock from libfaketime, which is told to step while they run. Boot time
and the world around (the PVS, PVOutput) keep the true time, RATE times as fast. The wire is capture files whose packet
times step with the box's clock, as on a box; the kernel's own would tell the real time, which is not this world's.
"""
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from appliance import settings, store
from appliance.demo.surroundings import Spool
from appliance.pvoutput import servertime
from appliance.simulate.pvoutput import PvOutput
from appliance.simulate.pvoutput_site import System
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import INTERVAL, Roof
from appliance.simulate.uploads import Post
from appliance.store import inbox
from appliance.system.clock import Clock
from appliance.system.files import write_atomic
from tests.cli.processes import beat, running, wait_for
from tests.faults.support import DAY, START, ZONE, bodies, configured
from tests.ports import free_port

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
CLONE_NEWNET = 0x40000000
RATE = 900
YEAR_S = 365 * 86400
STEPS = (-1, 0, -2, 0, -30, 0)      # years that the clock is off, one after the other; 0: a time server has answered
DAWN = START + 6 * 3600
MORE = 3                                # uploads, and posts where the clock is set, that must come under each of them

Found = TypeVar("Found")

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="only for systems with Debian's package faketime")


@dataclass(frozen=True)
class Stepped(Clock):
    """The true time, plus what the box's clock is off."""

    off: list[float] = field(default_factory=lambda: [0.0])

    def time(self) -> float:
        return super().time() + self.off[0]


@dataclass
class World:
    """A box, its settings and the truth around it."""

    folder: Path
    clock: Clock
    stepped: Stepped
    server: PvOutput
    roof: Roof
    config: Path = field(init=False)
    sent: list[bytes] = field(default_factory=list)     # bodies that the PVS sent

    def __post_init__(self) -> None:
        self.config = configured(self.folder, self.server.url)
        settings.update(self.config, {"web.host": "127.0.0.1", "web.port": free_port(), "store.keep_inbox_days": 1,
                                      "capture.buffer_mib": 8})
        self.step(0)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def mark(self) -> Path:
        """Exists once the box's clock is more than a guess."""
        return self.folder / "clock-is-set"

    def environment(self) -> dict[str, str]:
        """Of the box's processes."""
        return {"SUNTAP_CLOCK": self.clock.to_environment(), "SUNTAP_CLOCK_MARK": str(self.mark),
                "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.folder / "faketime"),
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
                "NO_FAKE_STAT": "1"}

    def step(self, years: float) -> None:
        """The box's clock is off by so much from now on; it runs RATE times as fast as what libfaketime shifts."""
        self.stepped.off[0] = years * YEAR_S
        write_atomic(self.folder / "faketime", f"{years * YEAR_S / RATE:+.6f}\n".encode(), durable=False)

    def ask(self, query: str) -> int:
        with closing(store.connect(self.data, readonly=True)) as connection:
            return int(connection.execute(query).fetchone()[0] or 0)

    def posted(self) -> int:
        """Slots that PVOutput was sent."""
        return sum(len(request.rows) for request in self.server.requests)

    def stored(self) -> int:
        return len(bodies(self.data))

    def ahead(self) -> float:
        """How far the supervisor process's clock was ahead of PVOutput's at the last reply."""
        with closing(store.connect(self.data, readonly=True)) as connection:
            return servertime.wall_clock_ahead(connection) or 0.0

    def live_through_the_steps(self) -> None:
        """Nothing is posted before the clock is set; then uploads arrive and slots are posted under every step."""
        wait_for(lambda: (self.data / store.FILE).exists() and self.ask("SELECT count(*) FROM slot") > MORE)
        assert self.server.requests == []
        assert beat("supervisor", self.data)["clock_is_set"] is False
        self.mark.touch()
        wait_for(self.posted)
        for years in STEPS:
            if years:
                self.mark.unlink()
                wait_for(lambda: not beat("supervisor", self.data)["clock_is_set"])
            self.step(years)
            if not years:       # what waits has packet times of before the step
                waiting = len(set(self.sent))
                wait_for(lambda waiting=waiting: self.stored() >= waiting)
                self.mark.touch()
            stored, posted = self.stored(), self.posted()
            wait_for(lambda stored=stored: self.stored() >= stored + MORE)
            if years:
                assert self.posted() <= posted + 1, "posts went out while the time was a guess"
            else:
                wait_for(lambda posted=posted: self.posted() >= posted + MORE)
                wait_for(lambda: abs(self.ahead()) < 86400)     # the step has reached the supervisor process
            assert beat("capture", self.data) and beat("supervisor", self.data), years

    def all_is_posted(self) -> bool:
        """What the inbox has is taken in, derived and sent."""
        with closing(inbox.connect(self.data, readonly=True)) as received:
            if self.ask("SELECT value FROM state WHERE key = 'inbox_cursor'") < inbox.last_id(received):
                return False
        sent, slots = (self.ask(f"SELECT count(*) FROM {what}") for what in ("outbox WHERE state = 'sent'", "slot"))
        return self.ask("SELECT count(*) FROM dirty_day") == 0 and sent == slots

    def check(self) -> None:
        """Everything is what it would be with a clock that is right."""
        assert sorted(set(self.sent)) == bodies(self.data)
        with closing(inbox.connect(self.data, readonly=True)) as received:
            assert received.execute("SELECT count(*) FROM hour").fetchone()[0] > 0, "pruning had no turn"
        last = self.ask("SELECT max(time) FROM slot")
        times = range(self.roof.start, last + INTERVAL, INTERVAL)
        truth = self.roof.curve(DAY, ZONE, until=last)
        with closing(store.connect(self.data, readonly=True)) as connection:
            slots = {row[0]: row[1:] for row in connection.execute(
                "SELECT time, day, day_production_dwh, day_consumption_dwh FROM slot")}
            counters = set(connection.execute("SELECT time, serial, energy_dwh FROM reading JOIN device ON device = id"
                                              " WHERE number = 130"))
        assert counters == {(at, serial, self.roof.counter(serial, at)) for at in times
                            for serial in self.roof.serials() if self.is_light(at)}
        assert set(slots) == set(times[1:])
        held = self.server.site.curve(DAY)
        assert len(held) == len(slots)
        for at, (day, production, consumption) in slots.items():
            slot = time.strftime("%H:%M", time.gmtime(at - START))     # a day without a change of the hour
            made, used = truth[slot]
            assert (day, production) == (str(DAY), made), (slot, production, made)
            assert abs(consumption - used) <= 100 and int(held[slot]["v1"]) == (made + 5) // 10, slot
            assert int(held[slot]["v3"]) == (consumption + 5) // 10, slot
        assert not [request for request in self.server.requests if request.status == 403]
        assert self.ask("SELECT count(*) FROM notice") == 0
        assert "Traceback" not in (self.folder / "log").read_text()

    def is_light(self, at: int) -> bool:
        return any(line[0] == "130" for line in self.roof.records(at))


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    clock = Clock(time.time(), DAWN + INTERVAL, RATE)
    roof = Roof(5, 8, start=DAWN, timezone=ZONE)
    with PvOutput(clock, System(size_w=roof.size_w, timezone=ZONE)) as server:
        yield World(tmp_path, clock, Stepped(clock.real_start, clock.start, clock.rate), server, roof)


def test_years_that_packet_times_follow(world, tmp_path):
    spool = Spool(tmp_path / "spool", world.stepped)

    def exchange(posts: Sequence[Post]) -> int:
        world.sent.extend(post.body for post in posts)
        return spool.exchange(posts)

    with running("run", "--spool", spool.folder, "--config", world.config, log=tmp_path / "log",
                 **world.environment()):
        with Pvs(world.roof, exchange, world.clock.start, seed=3).running(world.clock):
            world.live_through_the_steps()
        wait_for(lambda: world.stored() == len(set(world.sent)))
        wait_for(world.all_is_posted)
    world.check()
