"""The progress bar of what a PVS still keeps."""
from hypothesis import given
from hypothesis import strategies as st

from webui.present.pvs_backlog import Draining, draining


def test_without_points_there_is_no_bar():
    assert draining([]) is None
    assert draining([(0, 500), (300, 0)]) is None


def test_it_says_what_is_done_and_how_long_the_rest_takes_at_the_pace_of_late():
    points = [(0, 100_000)] + [(300 * number, 100_000 - 1000 * number) for number in range(1, 51)]
    found = draining(points)
    assert (found.top, found.done, found.percent) == (100_000, 50_000, 50)
    assert round(found.left_s) == 15_000
    slow = [*points, *((15_000 + 300 * number, 50_000 - 10 * number) for number in range(1, 200))]
    assert draining(slow).left_s > 20 * found.left_s


def test_what_grows_has_no_end_in_sight():
    assert draining([(300 * number, 10 * number) for number in range(1, 50)]) == Draining(490, 0, None)


@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 1_000_000)), min_size=1, max_size=40))
def test_whatever_was_reported_the_bar_is_a_bar(steps):
    at, points = 0, []
    for pause, kept in steps:
        at += pause
        points.append((at, kept))
    found = draining(points)
    assert (found is None) == (points[-1][1] == 0)
    assert found is None or (0 <= found.percent <= 100 and (found.left_s is None or found.left_s > 0))
