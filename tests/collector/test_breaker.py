"""The breaker alone, in simulated time: what opens it, what closes it, and that nothing makes it flap."""
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.collector import breaker
from appliance.collector.breaker import Breaker, Seen, State
from appliance.collector.liveness import SPACING_S, WireView

MINUTE, HOUR = 60.0, 3600.0


class Life:
    """A PVS that tries every two minutes, a maker that answers or not, a breaker that looks every few seconds.

    Where the breaker is open the PVS is answered by us: its tries are seen, the maker's answers cannot be."""

    def __init__(self, every_s: float = 2 * MINUTE, step_s: float = 3.0) -> None:
        self.now, self.every_s, self.step_s = 1000.0, every_s, step_s
        self.view = WireView(self.now)
        self.view.learn("203.0.113.5")
        self.breaker = Breaker(self.now)
        self.up, self.speaks, self.carrier, self.watched = True, True, True, True
        self.moves: list[tuple[float, State, str]] = []
        self._next_try = self.now

    def run(self, seconds: float) -> "Life":
        end = self.now + seconds
        while self.now < end:
            self.now += self.step_s
            if self.speaks and self.now >= self._next_try:
                self._next_try = self.now + self.every_s
                self.view._try(self.now)
                if self.up and self.breaker.state is not State.OPEN:
                    self.view._from_collector(self.now, "203.0.113.5")
            seen = Seen.from_facts(self.view.facts(), self.carrier) if self.watched else Seen()
            if reason := self.breaker.step(self.now, seen):
                self.moves.append((self.now, self.breaker.state, reason))
        return self

    @property
    def states(self) -> list[State]:
        return [state for _, state, _ in self.moves]


def test_while_the_maker_answers_nothing_moves():
    assert Life().run(48 * HOUR).moves == []


@pytest.mark.parametrize("every_s", [2 * MINUTE, 5 * MINUTE])
@pytest.mark.parametrize("phase_s", [0, 31, 61, 119])
def test_it_takes_over_within_30_to_35_minutes(every_s, phase_s):
    life = Life(every_s).run(HOUR + phase_s)
    life.up, gone = False, life.now
    life.run(HOUR)
    assert life.states == [State.OPEN] and "no answer" in life.moves[0][2]
    assert 30 * MINUTE <= life.moves[0][0] - gone <= 35 * MINUTE + max(0.0, every_s - 2 * MINUTE)


def test_every_six_hours_it_lets_go_for_two_uploads_and_goes_on_while_the_maker_is_gone():
    life = Life()
    life.up = False
    life.run(31 * HOUR)
    assert life.states == [State.OPEN] + [State.HALF_OPEN, State.OPEN] * 5
    for (begun, _, _), (ended, _, _) in zip(life.moves[1::2], life.moves[2::2], strict=True):
        tries = [one for one in range(int(begun), int(ended)) if (one - 1000) % 120 == 0]
        assert len(tries) <= 5 and ended - begun <= 10 * MINUTE
    opened = [at for at, state, _ in life.moves if state is State.OPEN]
    halves = [at for at, state, _ in life.moves if state is State.HALF_OPEN]
    assert all(half - at >= 6 * HOUR for at, half in zip(opened, halves, strict=False))


def test_it_hands_back_with_the_first_answer_of_a_maker_that_came_back_after_a_week():
    life = Life()
    life.up = False
    life.run(7 * 24 * HOUR)
    life.up = True
    life.run(7 * HOUR)
    assert life.states[-2:] == [State.HALF_OPEN, State.CLOSED] and life.moves[-1][2].endswith("answers again")
    assert life.run(24 * HOUR).states[-1] is State.CLOSED


@pytest.mark.parametrize("up_minutes", [5, 30, 90])
def test_a_day_of_half_an_hours_outages_moves_nothing(up_minutes):
    life = Life()
    for _ in range(24 * 60 // (30 + up_minutes)):
        life.up = True
        life.run(up_minutes * MINUTE)
        life.up = False
        life.run(30 * MINUTE)
    life.up = True
    assert life.run(HOUR).moves == []


def test_a_pvs_that_speaks_once_an_hour_is_not_taken_for_a_silent_one():
    assert Life(every_s=HOUR).run(48 * HOUR).moves == []


def test_one_that_was_never_heard_though_its_cable_is_in_is_stood_in_for_after_half_an_hour():
    life = Life()
    life.speaks = False
    life.run(HOUR)
    assert life.states == [State.OPEN] and "silent" in life.moves[0][2]


def test_one_that_falls_silent_after_the_maker_answered_is_stood_in_for_after_two_hours():
    life = Life().run(HOUR)
    life.speaks, gone = False, life.now
    life.run(3 * HOUR)
    assert life.states == [State.OPEN] and life.moves[0][0] - gone >= 2 * HOUR - 2 * MINUTE


@pytest.mark.parametrize("missing", ["carrier", "watched"])
def test_without_a_cable_or_without_eyes_it_does_not_open(missing):
    life = Life().run(HOUR)
    life.up = False
    setattr(life, missing, False)
    assert life.run(12 * HOUR).moves == []


def test_without_eyes_it_stays_open_and_does_not_let_go():
    life = Life()
    life.up = False
    life.run(HOUR)
    life.watched = False
    assert life.run(24 * HOUR).states == [State.OPEN]


def test_a_pvs_that_does_not_try_during_half_open_is_stood_in_for_again():
    life = Life()
    life.up = False
    life.run(6 * HOUR)
    life.speaks = False
    life.run(4 * HOUR)
    assert life.states == [State.OPEN, State.HALF_OPEN, State.OPEN] and "did not try" in life.moves[-1][2]


def test_a_restart_goes_on_where_the_last_process_was():
    assert Breaker(10_000.0, State.OPEN, 5 * HOUR).step(10_000.0 + HOUR - 1, Seen(True)) == ""
    assert Breaker(10_000.0, State.OPEN, 5 * HOUR).step(10_000.0 + HOUR, Seen(True))


STEPS = st.lists(st.tuples(st.floats(1, 4 * HOUR), st.sampled_from(["try", "answer", "both", "carrier", "eyes", "-"])),
                 max_size=60)


@settings(max_examples=300)
@given(STEPS)
def test_whatever_the_wire_shows_each_move_has_its_cause(steps):
    """Against the whole history of events, which the breaker does not keep."""
    now, view, carrier, watched = 0.0, WireView(0.0), True, True
    view.learn("203.0.113.5")
    machine, since, tries, answers = Breaker(0.0), 0.0, [], []
    for pause, event in steps:
        now += pause
        if event in ("try", "both"):
            if not tries or now - tries[-1] >= SPACING_S:
                tries.append(now)
            view._try(now)
        if event in ("answer", "both"):
            answers.append(now)
            view._from_collector(now, "203.0.113.5")
        carrier, watched = carrier ^ (event == "carrier"), watched ^ (event == "eyes")
        before = machine.state
        reason = machine.step(now, Seen.from_facts(view.facts(), carrier) if watched else Seen())
        assert bool(reason) == (machine.state is not before)
        if not reason:
            continue
        moved, last_answer = (before, machine.state), max(answers, default=None)
        if moved == (State.CLOSED, State.OPEN):
            assert carrier and watched and now - max(last_answer or 0.0, 0.0) >= breaker.OPEN_AFTER_S
        elif moved == (State.OPEN, State.HALF_OPEN):
            assert watched and now - since >= breaker.RETRY_AFTER_S
        elif moved == (State.HALF_OPEN, State.CLOSED):
            assert last_answer is not None and last_answer >= since
        else:
            assert moved == (State.HALF_OPEN, State.OPEN)
            assert last_answer is None or last_answer <= since    # one at that very moment was before it
            failed = [one for one in tries if one >= since + breaker.LET_GO_S]
            assert len(failed) >= breaker.TRIES or now - since >= breaker.HALF_OPEN_S or not watched
        since = now
