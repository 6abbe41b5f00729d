"""A clock that was hours off while readings were made, and right when they were sent; inverters are silent at night."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import ledger
from appliance.history import views
from appliance.ledger.counters import fold
from appliance.ledger.folded import ANY_W, LAST_DIGIT_DWH, Limit, State
from appliance.ledger.misplaced import falls
from tests.ledger.support import HOUR, NOON, SECOND, Box, inverter, meter, upload

LIMIT = Limit(1000, 250)
DAY = 86400
WRONG = {"yesterday evening": (7, 9, -10), "last night": (10, 12, -8), "across midnight": (9, 12, -10),
         "this evening": (9, 12, 11), "tomorrow morning": (10, 13, 15)}     # made from, until, the clock's error


def days_of(made_from: int, until: int, hours: int):
    """Three days of an upload each half hour, from 6 to 20 h for inverters; what was made on the second day in some
    hours claims another time by `hours`, and came in one upload."""
    uploads, kept = [], []
    counter = 1_000_000
    for slot in range(3 * 288):
        time = NOON - 12 * HOUR + 300 * slot
        hour = slot % 288 / 12
        is_off = slot // 288 == 1 and made_from <= hour < until
        claimed = time + (hours * HOUR + 130 if is_off else 0)
        lines = [meter(claimed, 500_000 + 200 * slot - (counter - 1_000_000) // 100 * 100)]
        if 6 <= hour < 20:
            counter += 100
            lines += [inverter(claimed, counter), inverter(claimed, 3 * counter, SECOND)]
        kept.append((time, lines))
        if not is_off:
            uploads.append(upload([line for _, some in kept for line in some], time + 20, str(slot)))
            kept = []
    return uploads


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("name", WRONG)
def test_energy_stays_on_the_day_on_which_it_was_counted(quick_path, name, order):
    box = Box(quick_path)
    box.deliver(*days_of(*WRONG[name])[::order])
    assert [row.production_dwh for row in views.days(box.store)] == [167 * 400, 168 * 400, 168 * 400]
    assert [row.import_dwh for row in views.days(box.store)][1] > 0
    assert box.kinds() == {"outlier"}
    before = box.derived()
    ledger.rebuild(box.inbox, box.store, box.site)
    assert box.derived() == before
    box.close()


@pytest.mark.parametrize("name", WRONG)
def test_the_meters_readings_of_those_hours_are_left_out_with_them(quick_path, name):
    """Otherwise the night's import has the afternoon's readings in it, there and back."""
    wrong, right = Box(quick_path / "wrong"), Box(quick_path / "right")
    wrong.deliver(*days_of(*WRONG[name]))
    right.deliver(*days_of(0, 0, 0))
    for found, true in zip(views.days(wrong.store), views.days(right.store), strict=True):
        assert abs(found.consumption_dwh - true.consumption_dwh) <= 400
        assert found.import_dwh <= true.import_dwh + 400
    wrong.close()
    right.close()


def test_a_run_that_fits_into_the_hole_behind_the_fall_is_the_wrong_one():
    evening, run = [(0, 50_000)], [(40_000 + 300 * n, 52_000 + 100 * n) for n in range(4)]
    morning = [(60_000 + 300 * n, 50_100 + 100 * n) for n in range(4)]
    back = [(60_900 + 300 * 5, 52_400)]
    folded = fold(None, [*evening, *run, *morning, *back], None, False, LIMIT)
    assert folded.misplaced == [time for time, _ in run]
    assert folded.steps == [*((60_000 + 300 * n - (300 if n else 60_000), 60_000 + 300 * n, 100) for n in range(4)),
                            (60_900, 62_400, 2000)]


def test_the_shorter_run_is_wrong_where_both_fit_or_none_does():
    points = [(0, 10_000), (9000, 12_000), (9300, 12_100), (9600, 10_100), (9900, 10_200), (10_200, 10_300),
              (90_000, 13_000)]
    assert fold(None, points, None, False, LIMIT).misplaced == [9000, 9300]
    points = [(0, 10_000), (9000, 12_000), (9300, 12_100), (9600, 12_200), (9900, 10_100), (10_200, 10_300),
              (90_000, 13_000)]
    assert fold(None, points, None, False, LIMIT).misplaced == [9900, 10_200]


def test_a_counter_that_began_anew_tells_no_order():
    points = [(0, 0), (300, 200), (600, 400), (900, 400), (1200, 0), (1500, 20), (1800, 40), (2100, 60), (2400, 80)]
    folded = fold(None, points, None, False, Limit(1000, 500))
    assert not folded.misplaced and folded.energy_dwh == 400 + 80


def test_what_an_inverters_new_counter_shows_first_it_has_counted_since_it_began_anew(box):
    box.lines(*(inverter(NOON + 300 * n, 9_000_000 + 100 * n) for n in range(5)))
    box.lines(*(inverter(NOON + 3000 + 300 * n, 90 + 100 * n) for n in range(5)))
    assert box.total() == 400 + 90 + 400 and box.kinds() == {"restart"}


@pytest.mark.parametrize("below", [[-207, -788, -30], [-1900] * 3, [-2]])
@pytest.mark.parametrize("order", [1, -1])
def test_an_inverter_that_restarts_and_says_numbers_below_zero_counts_what_it_made(box, below, order):
    values = [*(9_000_000 + 100 * n for n in range(6)), 0, *below, *(400 + 100 * n for n in range(8))]
    lines = [inverter(NOON + 300 * n, value) for n, value in enumerate(values)]
    for line in lines[::order]:
        box.lines(line, captured=NOON + DAY)
    assert box.total() == 500 + 400 + 700 and "restart" in box.kinds()


@pytest.mark.parametrize("before", [-9000, -60_000])
def test_an_inverter_that_restarts_from_below_zero_counts_no_way_up_to_it(box, before):
    box.lines(*(inverter(NOON + 300 * n, before + 100 * n) for n in range(12)),
              *(inverter(NOON + 3600 + 300 * n, 100 * n) for n in range(12)))
    assert box.total() == 1100 + 1100 and box.kinds() == {"restart"}


def test_an_inverter_that_began_below_zero_passes_it(box):
    box.lines(*(inverter(NOON + 300 * n, 100 * n - 1250) for n in range(30)))
    assert box.total() == 2900 and not box.kinds()


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(1, DAY // 2), st.integers(0, 500)), min_size=1, max_size=8))
def test_the_first_fall_within_a_day_of_the_first_reading_behind_is_found(counter, steps):
    times = [sum(seconds for seconds, _ in steps[:number + 1]) for number in range(len(steps))]
    rest = [(time, value) for time, (_, value) in zip(times, steps, strict=True)]
    befores = [counter, *(value for _, value in rest)]
    found = [place for place, (time, value) in enumerate(rest)
             if value < befores[place] - LAST_DIGIT_DWH and time <= rest[0][0] + DAY]
    assert falls(State(0, counter, 0), rest) == (found[0] if found else None)


@pytest.mark.parametrize(("late", "is_looked_at"), [(0, True), (1, False)])
def test_a_day_that_ends_under_the_sun_is_looked_at_again_where_the_counter_falls_within_a_day(late, is_looked_at):
    """The reading behind it may be two hours after midnight: what is read ahead reaches a day further."""
    midnight, behind = 301, (300 + 2 * HOUR, 102_000)
    rest = [behind, (behind[0] + DAY + late, 90_000)]
    folded = fold(None, [(0, 100_000), (300, 101_000)], behind, False, LIMIT,
                  lambda seconds: [point for point in rest if point[0] <= midnight + seconds])
    assert (folded.top_w == ANY_W) is is_looked_at
