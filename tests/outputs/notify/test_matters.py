"""Which message goes out when: one when something needs the owner, one when it is over, at most one a day a matter."""
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from appliance.outputs.contract import Fact, Facts
from appliance.outputs.notify import matters
from appliance.outputs.notify.matters import AGAIN_S, DAY, HOUR, MINUTE, OVER_S, current, judge
from appliance.outputs.notify.message import compose

ZONE = ZoneInfo("America/Los_Angeles")
NOON = int(datetime(2026, 5, 9, 12, tzinfo=ZONE).timestamp())
SILENT = Fact("capture", "warn", "Nothing heard from the PVS for 3 hours.", "Is its cable in?")
FULL = Fact("disk", "bad", "The disk is full.", "Use a larger card.")
DEAD = Fact("dead", "warn", "Inverter 7 gave nothing on two days of sun.", "Have it looked at.", "7")
RESTART = Fact("restart", "warn", "The counter of inverter 7 fell.", "Was it replaced?", "7", 1_778_000_000)


class Owner:
    """Looks every minute of a simulated time; what was told, as (minutes since the start, what, text)."""

    def __init__(self, start: int = NOON) -> None:
        self.start, self.now = start, start
        self.known: dict[str, matters.Matter] = {}
        self.told: list[tuple[int, str, str]] = []

    def watch(self, seconds: int, *facts: Fact) -> None:
        end = self.now + seconds
        lamps = [fact for fact in facts if fact.name in ("capture", "decode", "disk", "upload", "outputs")]
        there = Facts(lamps, [fact for fact in facts if fact not in lamps])
        while self.now < end:
            news = judge(self.known, current(there, self.now), self.now, ZONE)
            self.known = news.known
            for what, found in (("begun", news.begun), ("over", news.over)):
                self.told += [((self.now - self.start) // 60, what, matter.text) for matter in found]
            self.now += 60

    def kinds(self) -> list[str]:
        return [what for _, what, _ in self.told]


def test_a_silent_box_is_told_after_three_hours_and_its_return_after_half_an_hour():
    owner = Owner()
    owner.watch(5 * HOUR, SILENT)
    owner.watch(HOUR)
    assert owner.told == [(180, "begun", SILENT.text), (330, "over", SILENT.text)]


def test_what_passes_before_its_patience_is_told_to_nobody_and_a_full_disk_at_once_by_night_too():
    owner = Owner(NOON + 14 * HOUR)
    owner.watch(2 * HOUR, SILENT)
    owner.watch(HOUR)
    assert not owner.told
    owner.watch(5 * MINUTE, FULL)
    assert owner.kinds() == ["begun"]


def test_by_night_what_can_wait_waits_for_the_morning():
    owner = Owner(NOON + 7 * HOUR)
    owner.watch(14 * HOUR, SILENT)
    assert owner.told == [(13 * 60, "begun", SILENT.text)]


def test_a_matter_that_comes_and_goes_is_told_once_a_day():
    owner = Owner()
    for _ in range(40):
        owner.watch(HOUR, FULL)
        owner.watch(HOUR)
    begun = [minute for minute, what, _ in owner.told if what == "begun"]
    assert all(later - earlier >= AGAIN_S // 60 for earlier, later in pairwise(begun))
    assert len(begun) == 4 and owner.kinds().count("over") == 4


def test_a_matter_away_for_a_moment_has_not_ended():
    owner = Owner()
    owner.watch(HOUR, FULL)
    for _ in range(10):
        owner.watch(OVER_S - 120)
        owner.watch(10 * MINUTE, FULL)
    assert owner.kinds() == ["begun"]


def test_an_event_is_told_once_and_is_never_over():
    owner = Owner()
    owner.watch(3 * DAY, RESTART)
    owner.watch(DAY)
    assert owner.kinds() == ["begun"]


def test_an_inverter_without_output_is_told_with_what_to_do_and_when_it_is_back():
    owner = Owner()
    owner.watch(DAY, DEAD)
    owner.watch(DAY)
    assert owner.kinds() == ["begun", "over"]
    assert "Have it looked at" in compose("home", [current(Facts([], [DEAD]), 0)["notice dead 7"]], []).text


def test_what_is_fine_or_merely_worth_knowing_and_the_outputs_themselves_are_no_matter():
    facts = Facts([Fact("disk", "ok", ""), Fact("upload", "unknown", ""), Fact("outputs", "warn", "mail fails"),
                   Fact("decode", "warn", "Inverter 7 makes too little.", device="7")],     # its notice is the matter
                  [Fact("sign", "ok", "")])
    assert not current(facts, 0)


def test_when_messages_are_switched_on_old_events_are_known():
    there = current(Facts([FULL], [RESTART]), NOON)
    news = judge(matters.silent_start(there, NOON), there, NOON, ZONE)
    assert [matter.text for matter in news.begun] == [FULL.text]


FACTS = st.lists(st.sampled_from([SILENT, FULL, DEAD, RESTART]), max_size=4, unique=True)


@given(st.lists(st.tuples(st.integers(-400, 4000), FACTS), max_size=80))
def test_begun_and_over_take_turns_whatever_comes_and_whatever_the_clock_does(steps):
    now, known, open_ = NOON, {}, set()
    for minutes, facts in steps:
        now += minutes * 60
        lamps = [fact for fact in facts if fact.name in ("capture", "disk")]
        news = judge(known, current(Facts(lamps, [f for f in facts if f not in lamps]), now), now, ZONE)
        known = news.known
        for matter in news.begun:
            assert matter.text not in open_ or matter.event
            open_.add(matter.text)
        for matter in news.over:
            assert matter.text in open_ and not matter.event
            open_.remove(matter.text)
