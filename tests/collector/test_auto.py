"""auto, between real kernels: nothing is touched while the maker answers, it is replaced when it is gone, and gets its
place back. Time runs RATE times as fast: the breaker's half an hour is half a minute here."""
import time
from contextlib import closing
from pathlib import Path

import pytest

from appliance import settings
from appliance.collector import breaker
from appliance.collector.breaker_file import Change, Journal
from appliance.simulate import uploads
from appliance.simulate.names import Answer
from appliance.store import inbox
from appliance.system.clock import Clock
from tests.cli.processes import beat, wait_for
from tests.collector.home import Home, let_go, make_config, redirecting

pytestmark = pytest.mark.root

RATE = 60.0
EVERY_S = 2.0           # two minutes of simulated time


@pytest.fixture
def home():
    with Home() as made:
        yield made


class Pvs:
    """A PVS that tries every two minutes and keeps what was not answered."""

    def __init__(self, home: Home, timeout_s: float = 1.0) -> None:
        self.wire, self.waiting, self.sent, self.number = home.wire(timeout_s=timeout_s), [], [], 0
        self.next = 0.0

    def step(self) -> bool:
        """A try, if one is due; whether everything is answered."""
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + EVERY_S
            self.number += 1
            body = b"100\tSPMS\t10\tZT160000000441C0001\t20260607162941\n102\t%d-%d\n" % (time.time_ns(), self.number)
            self.sent.append(body)
            self.waiting.append(body)
            answered = self.wire([uploads.post(one) for one in self.waiting])
            del self.waiting[:answered]
        return not self.waiting

    def until(self, what, limit_s: float = 90.0):
        """Live until `what` is true; that."""
        def look():
            self.step()
            return what()
        return wait_for(look, limit_s)


def stored(config: Path) -> list[bytes]:
    with closing(inbox.connect(config.parent / "data", readonly=True)) as connection:
        return [upload.body for _, upload in inbox.after(connection, 0, 1_000_000)]


def states(config: Path) -> list[str]:
    return [change.state for change in Journal.load(config.parent / "data").changes]


def clocked() -> dict[str, str]:
    return {"SUNTAP_CLOCK": Clock(time.time(), time.time(), RATE).to_environment()}


def test_while_the_maker_answers_not_one_frame_is_redirected_and_both_get_everything(home, tmp_path):
    config, pvs = make_config(tmp_path, "auto"), Pvs(home, timeout_s=20.0)      # the maker answers, however late
    with home.maker() as maker, home.suntap(config, "run", **clocked()):
        wait_for(lambda: (last := beat("capture", tmp_path / "data")) and last["wire"] and last)
        end = time.monotonic() + 45         # 45 minutes
        while time.monotonic() < end:
            assert pvs.step()
            time.sleep(0.1)
        wait_for(lambda: set(stored(config)) == set(pvs.sent))
        assert "packets" not in home.rules() and beat("collector", tmp_path / "data")["wanted"] is None
        assert [upload.body for upload in maker.received] == pvs.sent and states(config) == []


@pytest.mark.parametrize("way", [Answer.NO_NAME, "drops"])
def test_it_takes_over_lets_go_after_six_hours_and_hands_back(home, tmp_path, way):
    config, pvs, data = make_config(tmp_path, "auto"), Pvs(home), tmp_path / "data"
    if way == "drops":
        home.router.ip("address", "del", "203.0.113.5/32", "dev", "lo")
        home.router.ip("route", "add", "blackhole", "203.0.113.5/32")
    else:
        home.names.answer = way
    with home.suntap(config, "run", **clocked()):
        wait_for(lambda: (last := beat("capture", data)) and last["wire"] and last)
        pvs.until(lambda: pvs.waiting)
        gone = time.monotonic()
        pvs.until(lambda: (last := beat("redirect", data)) and last["active"])
        minutes = (time.monotonic() - gone) * RATE / 60
        print(f"took over after {minutes:.0f} simulated minutes")
        assert 29 <= minutes <= 45          # the processes look every 3 real seconds, which are 3 simulated minutes
        pvs.until(lambda: not pvs.waiting)
    # six hours later, which nobody waits for: the journal says since when, and a restart goes on from there; in real
    # time, as a name's time to live is
    journal = Journal.load(data)
    journal.changes[-1] = Change(int(time.time() - breaker.RETRY_AFTER_S + 20), "open", journal.changes[-1].reason)
    journal.save(data)
    if way == "drops":
        home.router.ip("route", "del", "blackhole", "203.0.113.5/32")
        home.router.ip("address", "add", "203.0.113.5/32", "dev", "lo")
    home.names.answer = Answer.ADDRESS
    with home.maker() as maker, home.suntap(config, "run"):
        redirecting(config)     # before that the maker alone would get the uploads
        wait_for(lambda: (last := beat("capture", data)) and last["wire"] and last)
        pvs.until(lambda: "half-open" in states(config))
        pvs.until(lambda: states(config)[-1] == "closed")
        let_go(config)
        pvs.until(lambda: maker.received and not pvs.waiting)
        before = len(maker.received)
        pvs.until(lambda: len(maker.received) > before)
        wait_for(lambda: set(stored(config)) == set(pvs.sent))
    assert states(config) == ["open", "half-open", "closed"]
    assert len(stored(config)) == len(set(stored(config)))


def test_what_the_owner_says_holds_at_once_and_is_noted(home, tmp_path):
    config, pvs = make_config(tmp_path, "off"), Pvs(home)
    with home.maker() as maker, home.suntap(config, "run"):
        wait_for(lambda: beat("collector", tmp_path / "data"))
        pvs.until(lambda: maker.received)
        settings.update(config, {"collector.stand_in": "on"})
        redirecting(config)
        settings.update(config, {"collector.stand_in": "auto"})
        let_go(config)
        settings.update(config, {"collector.stand_in": "off"})
        wait_for(lambda: states(config) == ["on", "closed", "off"])
