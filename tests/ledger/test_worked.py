"""fold by hand: a table of small stories, each worked out on paper, beside the twin that draws thousands.

Readings are every five minutes, in Wh; `None` is a reading that is missing. The device's full power is 500 W (so 1000 W
is its limit): 41 Wh in five minutes is what it does at best.
"""
import pytest

from appliance.ledger.counters import CATCH_UP_S, fold
from appliance.ledger.folded import HELD, JUMP, OUTLIER, RESTART, Limit

LIMIT = Limit(1000, 500)
NET = Limit(25_000, 4000, 1800)

# story: readings in Wh, steps as (minutes long, Wh), events, the counter at the end in Wh
RISING = {
    "a plain morning":
        ([1000, 1010, 1030, 1060], [(5, 10), (5, 20), (5, 30)], [], 1060),
    "an hour is missing":
        ([1000, 1010, *[None] * 11, 1250, 1260], [(5, 10), (60, 240), (5, 10)], [], 1260),
    "it says 0 twice at dusk and the truth at dawn":
        ([1000, 1010, 0, 0, *[None] * 100, 1020], [(5, 10), (515, 10)], [OUTLIER] * 2, 1020),
    "one number far too high":
        ([1000, 1010, 99_000, 1030], [(5, 10), (10, 20)], [OUTLIER], 1030),
    "three numbers far too high, rising like energy":
        ([1000, 1010, 99_000, 99_010, 99_020, 1050], [(5, 10), (20, 40)], [OUTLIER] * 3, 1050),
    "an hour of half the counter, then the truth":
        ([5000, 5010, *(2500 + 10 * n for n in range(12)), 5140], [(5, 10), (65, 130)], [OUTLIER] * 12, 5140),
    "it begins anew and goes on":
        ([5000, 5010, 0, 10, 20, 30], [(5, 10), (5, 10), (5, 10), (5, 10)], [RESTART], 30),
    "it begins anew at night and stands at 0":
        ([5000, 5010, 0, 0, 0], [(5, 10)], [HELD] * 3, 5010),
    "it jumps by 90 kWh and goes on":
        ([5000, 5010, 95_000, 95_010, 95_020], [(5, 10), (5, 10), (5, 10)], [JUMP], 95_020),
    "it stands still for half an hour and catches up: energy, and no power of five minutes":
        ([1000, 1030, *[1030] * 6, 1240, 1270], [(5, 30), *[(5, 0)] * 6, (35, 210), (5, 30)], [], 1270),
    "a last digit down is no fall":
        ([1000, 1010, 1009, 1012], [(5, 10), (5, 0), (5, 2)], [], 1012),
    "the last reading does not fit: the next one will tell":
        ([1000, 1010, 3], [(5, 10)], [HELD], 1010),
    "one that agrees with nothing":
        ([1000, 1010, 70_000, 20, 40_000, 1050], [(5, 10), (20, 40)], [OUTLIER] * 3, 1050),
}
BOTH_WAYS = {
    "bought, sold, bought":
        ([5000, 5050, 4900, 4960], [(5, 50), (5, -150), (5, 60)], [], 4960),
    "through zero":
        ([60, -40, -140, 10], [(5, -100), (5, -100), (5, 150)], [], 10),
    "zeros for ten minutes":
        ([50_000, 49_900, 0, 0, 49_700], [(5, -100), (15, -200)], [OUTLIER] * 2, 49_700),
    "it begins anew":
        ([50_000, 49_900, 0, 30, 50], [(5, -100), (5, 30), (5, 20)], [RESTART], 50),
    "it stands still for 40 minutes and catches up: one step, nothing was used meanwhile":
        ([5000, 4900, *[4900] * 8, 4000], [(5, -100), (45, -900)], [], 4000),
    "it stands still for ten minutes: a quiet house":
        ([5000, 4990, 4990, 4990, 4890], [(5, -10), (5, 0), (5, 0), (5, -100)], [], 4890),
}


def told(readings, both_ways):
    points = [(300 * number, wh * 10) for number, wh in enumerate(readings) if wh is not None]
    return fold(None, points, None, both_ways, NET if both_ways else LIMIT)


@pytest.mark.parametrize("story", [*RISING, *BOTH_WAYS])
def test_a_story_worked_out_by_hand(story):
    readings, steps, events, end = (RISING | BOTH_WAYS)[story]
    folded = told(readings, story in BOTH_WAYS)
    assert [((stop - start) // 60, energy / 10) for start, stop, energy in folded.steps] == steps
    assert [event.kind for event in folded.events] == events
    assert folded.state.counter_dwh == end * 10


def test_the_decision_says_how_far_it_looked():
    plain = fold(None, [(0, 100), (300, 200)], (600, 200), False, LIMIT)
    assert plain.until == 600
    midnight = fold(None, [(0, 100), (300, 200)], (600, 300), False, LIMIT)     # made at night: by a wrong clock?
    assert midnight.until == 600 + 86_400
    away = fold(None, [(0, 50_000), (300, 0)], (600, 0), False, LIMIT, lambda _: [(600, 0), (90_000, 50_100)])
    assert away.until == 90_000


def test_what_an_hour_of_a_set_clock_holds_is_no_jump():
    most = LIMIT.power_w * (300 + CATCH_UP_S) // 360
    assert fold(None, [(0, 0), (300, most)], None, False, LIMIT).steps == [(0, 300, most)]
    assert fold(None, [(0, 0), (300, most + 1)], None, False, LIMIT).steps == []
