"""Counters for Home Assistant: never a fall, never a spike of old energy, and what days gain is what they gain."""
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from appliance.history.totals import Counted
from appliance.outputs.mqtt import rising
from appliance.outputs.mqtt.rising import Rising, advance, window

FIRST = date(2026, 5, 1)


def day(number: int) -> str:
    return (FIRST + timedelta(number)).isoformat()


class Meter:
    """A history day by day, and the counter as it is published."""

    def __init__(self) -> None:
        self.days: dict[str, int] = {}
        self.state: Rising | None = None
        self.published: list[int] = []

    def publish(self) -> int:
        since = window(max(self.days))
        oldest = min(since, self.state.since) if self.state else since
        now = Counted(sum(value for name, value in self.days.items() if name < since),
                      {name: value for name, value in self.days.items() if name >= since})
        self.state = advance(self.state, now, since, {name: v for name, v in self.days.items() if name >= oldest})
        self.published.append(self.state.published_dwh)
        return self.state.published_dwh


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 50_000)), min_size=1, max_size=60))
def test_whatever_becomes_of_the_history_a_counter_never_falls(changes):
    meter = Meter()
    for number, value in changes:
        meter.days[day(number)] = value
        meter.publish()
    assert meter.published == sorted(meter.published)


@given(st.lists(st.lists(st.integers(0, 3000), min_size=1, max_size=8), min_size=1, max_size=12))
def test_days_that_only_grow_are_counted_to_the_last_tenth(days):
    meter = Meter()
    for number, parts in enumerate(days):
        for part in parts:
            meter.days[day(number)] = meter.days.get(day(number), 0) + part
            assert meter.publish() == sum(meter.days.values())


def test_a_late_upload_of_yesterday_counts_and_the_sign_turned_round_does_not():
    meter = Meter()
    for number in range(30):
        meter.days[day(number)] = 100_000
        meter.publish()
    meter.days[day(28)] += 700
    assert meter.publish() == 3_000_700
    meter.days.update({day(number): 900_000 for number in range(27)})       # 30 days change sides
    assert meter.publish() == 3_000_700
    meter.days[day(30)] = 5
    assert meter.publish() == 3_000_705


def test_a_fall_is_held_until_it_is_caught_up_and_not_for_ever():
    meter = Meter()
    meter.days[day(0)] = 1000
    meter.publish()
    meter.days[day(0)] = 10_000_000         # a wrong reading, put right with the next one
    high = meter.publish()
    meter.days[day(0)] = 1100
    assert meter.publish() == high
    meter.days[day(1)] = 50
    assert meter.publish() == high
    for number in range(2, 2 + rising.RECENT):
        meter.days[day(number)] = 100
        meter.publish()
    before = meter.published[-1]
    meter.days[day(4)] += 100
    assert meter.publish() == before + 100
