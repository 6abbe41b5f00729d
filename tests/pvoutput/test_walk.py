"""A random walk through account states, answers and faults: no quota is exceeded, no refusal repeated for ever, and in
the end PVOutput has the truth.

`SUNTAP_WALK=10000` walks that many steps, `SUNTAP_WALK_SEED` another way; the clock is moved by hand.
"""
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.pvoutput import account, client, outbox
from appliance.simulate.pvoutput import Account, Fault, PvOutput, System
from appliance.store import connect
from tests.pvoutput.support import DAY_S, KEY, ZONE, Box, HandClock, midnight, settings_for, sunny_day

STEPS = int(os.environ.get("SUNTAP_WALK", "300"))
SEED = int(os.environ.get("SUNTAP_WALK_SEED", "19"))
FAULTS = [Fault.ERROR, Fault.HTML, Fault.HALF, Fault.CLOSE, Fault.BUSY, Fault.QUOTA]
UNTOLD = ["size", "postcode", "panels", "install", "place", "tilt", "interval", "zone"]
REPEATS = 4         # one and the same request may be refused so often before the account or the owner changes something
GLITCH_DWH = 99_000     # what a meter claims now and then: 119 kW


class Killed(BaseException):
    """kill -9 at this very point."""


@dataclass
class Walk:
    """One box, one account, and what happens to them."""

    box: Box
    rng: random.Random
    plan: list[str] = field(default_factory=list)
    surprises: int = 0              # times that the quota shrank behind the box's back
    refused: Counter = field(default_factory=Counter)
    seen: int = 0                   # requests looked at
    recorded_until: int = 0
    glitches: set[int] = field(default_factory=set)

    def slots(self, first: int, last: int) -> dict[int, tuple[int, int]]:
        """What the roof did from `first` to `last`: sun, a few watts at night, a meter's glitch, nothing strange."""
        found: dict[int, tuple[int, int]] = {}
        days = {datetime.fromtimestamp(time, ZoneInfo(ZONE)).date().isoformat() for time in (first, last)}
        for day in days:
            for time, (made, used) in sunny_day(day).items():
                if first <= time < last:
                    if not made and self.rng.random() < 0.1:
                        made = self.rng.randint(1, 8)
                    if self.rng.random() < 0.001:
                        used = GLITCH_DWH
                        self.glitches.add(time)
                    found[time] = (made, used)
        return found

    def record(self) -> None:
        """The PVS tells what it has until now, sometimes with a hole that it fills later."""
        now = int(self.box.clock.moment[0]) // 300 * 300
        first = max(self.recorded_until, now - DAY_S)
        if now <= first:
            return
        slots = self.slots(first, now)
        if self.rng.random() < 0.1 and len(slots) > 4:
            held = dict(list(slots.items())[1:3])
            self.box.put({time: value for time, value in slots.items() if time not in held})
            slots = held
        self.box.put(slots)
        self.recorded_until = now

    def run(self, seconds: float) -> None:
        try:
            self.box.run(seconds)
        except Killed:
            self.box.store.close()
            self.box.store = connect(self.box.folder)
        self.look()

    def look(self) -> None:
        """Nothing beyond the quota; no request refused again and again for the same reason."""
        for request in self.box.server.requests[self.seen:]:
            if request.status == 400 and request.fault is None and request.service.startswith("add"):
                what = (request.service, tuple(sorted(request.parameters.items())), request.reply.lower())
                self.refused[what] += 1
                assert self.refused[what] <= REPEATS, what
        exceeded = [request for request in self.box.server.requests[self.seen:]
                    if "exceeded" in request.reply.lower() and request.fault is None]
        self.surprises -= len(exceeded)
        assert self.surprises >= 0, exceeded
        self.seen = len(self.box.server.requests)

    def changed(self) -> None:
        """The owner or PVOutput changed something: what was refused may be tried again."""
        self.refused.clear()

    def step(self) -> None:
        getattr(self, self.rng.choices(
            ["time", "fault", "kill", "reboot", "clock", "others", "state", "owner"],
            [60, 8, 4, 2, 2, 3, 12, 5])[0])()
        self.record()
        self.run(self.rng.choice([1, 20, 60, 300]))

    def time(self) -> None:
        self.run(self.rng.choice([60, 300, 900, 1800]))

    def fault(self) -> None:
        self.box.server.fail(self.rng.choice(FAULTS), times=self.rng.randint(1, 3), service=self.rng.choice(
            [None, None, "addbatchstatus", "addstatus", "getsystem", "getstatus", "addoutput"]))

    def kill(self) -> None:
        self.plan.append(self.rng.choice(["before", "after"]))

    def reboot(self) -> None:
        self.box.clock.reboot(self.rng.randint(5, 900))

    def clock(self) -> None:
        self.box.clock.step(self.rng.choice([-366 * DAY_S, 366 * DAY_S, -3600, 3600, 400]))

    def others(self) -> None:
        self.surprises += 2     # the box may meet it with a request of its own and with one after a reboot
        self.box.server.spend(self.rng.randint(1, 30))

    def state(self) -> None:
        """Something of the account is another one from now on."""
        self.changed()
        server, system, rng = self.box.server, self.box.server.site.system, self.rng
        match rng.choice(["plan", "rights", "size", "interval", "untold", "rules", "quota", "right", "right"]):
            case "plan":
                system.donor = not system.donor
                self.surprises += 2
            case "rights":
                server.accounts[KEY] = rng.choice([Account(read_only=True), Account(disabled=True)])
            case "size":
                system.size_w = rng.choice([1500, 3000, 4800])
            case "interval":
                system.interval = rng.choice([1, 5, 10, 15])
            case "untold":
                system.untold = frozenset(rng.sample(UNTOLD, rng.randint(0, 4)))
            case "rules":
                system.refuses_dark_energy, system.refuses_unchanged = rng.random() < 0.5, rng.random() < 0.5
                system.other_words, system.extended = rng.random() < 0.5, rng.random() < 0.5
            case "quota":
                server.quota = rng.choice([None, 20, 40])
                self.surprises += 2
            case "right":
                self.put_right()

    def put_right(self) -> None:
        server = self.box.server
        if server.quota is not None or server.site.system.donor:
            self.surprises += 2
        server.quota = None
        server.accounts[KEY] = Account()
        server.site.system = System()

    def owner(self) -> None:
        self.changed()
        store, rng = self.box.store, self.rng
        match rng.choice(["retry", "skip", "resend", "ask"]):
            case "retry":
                for (time,) in store.execute("SELECT time FROM outbox WHERE state = 'refused' LIMIT 3").fetchall():
                    outbox.retry(store, time)
            case "skip":
                for (time,) in store.execute("SELECT time FROM outbox WHERE state = 'refused' LIMIT 1").fetchall():
                    outbox.skip(store, time)
            case "resend":
                day = datetime.fromtimestamp(self.box.clock.moment[0], UTC).date() - timedelta(days=rng.randint(0, 9))
                outbox.resend_day(store, day.isoformat())
            case "ask":
                account.ask_again(store, self.box.settings)
                outbox.retry_all(store)


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    clock = HandClock(moment=[float(midnight("2026-05-01") + 6 * 3600)])
    clock.boots[0] = clock.moment[0] - 100
    real_call, chance = client.Client._call, random.getstate()
    random.seed(SEED)       # jitter and backoff: the same seed walks the same way
    with PvOutput(HandClock(moment=clock.moment), api_key=KEY) as server:
        box = Box(tmp_path, clock, server, settings_for(server))
        made = Walk(box, random.Random(SEED))

        def call(self: client.Client, service: str, form: dict[str, str]) -> client.Reply:
            kill = made.plan.pop() if made.plan else ""
            if kill == "before":
                raise Killed
            reply = real_call(self, service, form)
            if kill == "after":
                raise Killed
            return reply

        monkeypatch.setattr(client.Client, "_call", call)
        yield made
        made.box.store.close()
    random.setstate(chance)


def test_a_random_walk_never_exceeds_a_quota_never_loops_and_ends_with_the_truth(walk: Walk) -> None:
    for _ in range(STEPS):
        walk.step()
    walk.plan.clear()
    box = walk.box
    box.server.heal()
    walk.changed()
    walk.put_right()
    box.clock.error[0] = 0.0
    walk.record()
    walk.run(26 * 3600)                 # getsystem is asked once a day
    account.ask_again(box.store, box.settings)
    outbox.retry_all(box.store)
    walk.changed()
    walk.run(10 * 3600)
    assert set(box.states()) <= {"sent", "refused", "expired", "skipped", "open"}
    today = datetime.fromtimestamp(box.clock.moment[0], ZoneInfo(ZONE)).date()
    checked = 0
    for back in range(1, 11):
        checked += ends_right(walk, (today - timedelta(days=back)).isoformat())
    assert checked > min(STEPS, 500)


def ends_right(walk: Walk, day: str) -> int:
    """The day's rows that PVOutput holds with exactly their values; only glitches are refused."""
    box = walk.box
    curve, truth = box.curve(day), box.truth(day)
    rows = box.store.execute("SELECT time, state, withheld, v1, v2, v3, v4 FROM outbox WHERE day = ?",
                             (day,)).fetchall()
    places = {time: datetime.fromtimestamp(time, ZoneInfo(ZONE)).strftime("%H:%M") for time, *_ in rows}
    for time, state, withheld, *values in rows:
        if state == "refused":
            assert time in walk.glitches, (day, places[time])
            continue
        if state != "sent":
            assert state == "skipped", (day, places[time], state)
            continue
        ours = {f"v{n}": value for n, value in enumerate(values, 1) if value is not None}
        assert withheld or ours == truth[places[time]], (day, places[time])
        assert {name: curve[places[time]].get(name) for name in ours} == ours, (day, places[time])
    assert len(rows) == len(truth) or date.fromisoformat(day) < date(2026, 5, 2)
    return len(rows)
