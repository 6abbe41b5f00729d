"""Geometry of the small charts: nothing leaves its frame, scales are round, gaps stay gaps."""
import re

from hypothesis import given
from hypothesis import strategies as st

from webui.present import svg
from webui.present.svg import HEIGHT, WIDTH, Value

ENERGY = st.one_of(st.none(), st.integers(0, 10**10))


@given(st.lists(st.tuples(ENERGY, ENERGY), max_size=31))
def test_bars_stay_inside_and_keep_their_proportion(pairs: list[tuple[int | None, int | None]]) -> None:
    chart = svg.bars([Value(str(at), "", made, used) for at, (made, used) in enumerate(pairs)])
    assert len(chart.bars) == len(pairs) and len(chart.grid) <= 5
    for bar, (_, used) in zip(chart.bars, pairs, strict=True):
        assert bar.x >= 0 and bar.x + bar.width <= WIDTH + .1
        assert bar.y >= 0 and abs(bar.y + bar.height - (HEIGHT - svg.BOTTOM)) < .11
        assert (bar.use_y is None) == (used is None)
    known = [(bar.height, made) for bar, (made, _) in zip(chart.bars, pairs, strict=True) if made]
    for height, made in known:
        tallest, most = max(known)
        assert abs(height - tallest * made / most) < .2


@given(st.integers(0, 10**12))
def test_grid_lines_are_round_and_at_most_four(top: int) -> None:
    step, decimals = svg.nice_step(top)
    assert step * 4 >= top
    assert str(step).rstrip("0") in ("1", "2", "5")
    assert (step / 10**4 * 10**decimals) % 1 == 0


@given(st.lists(st.one_of(st.none(), st.integers(-50, 5000)), max_size=60), st.integers(0, 5000))
def test_a_curve_breaks_where_nothing_is_known(values: list[int | None], peak: int) -> None:
    path = svg.spark([(at / 60, value) for at, value in enumerate(values)], peak)
    runs = len("".join("x" if value is not None else " " for value in values).split())
    assert path.count("M") == path.count("Z") == runs
    assert re.fullmatch(r"(?:M[\d. ]+|[VHL][\d. ]+|Z)*", path)
    assert all(0 <= float(number) <= 120 for number in re.findall(r"[\d.]+", path))
