"""Which way the meter at the main panel counts: consumption cannot be negative."""
from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.sign import (
    CLEAR_DWH,
    DAY_DWH,
    SUNNY_DAYS,
    TIMES,
    TURN_DWH,
    against,
    choose,
    is_doubted,
    is_gross,
    reason,
    sign_of,
    stretches,
    turned_reason,
)

ENERGY = st.integers(0, 10**6)


STRETCHES = st.lists(st.tuples(ENERGY, ENERGY), max_size=30)


@given(STRETCHES, st.sampled_from((100, 1000, 10_000)), ENERGY, st.sampled_from((1, -1)))
def test_a_meter_never_speaks_against_its_own_sign_whatever_its_resolution(
        stretches: list[tuple[int, int]], resolution: int, counter: int, sign: int) -> None:
    lines, shown = [], counter // resolution
    for made, used in stretches:
        counter += sign * (used - made)
        lines.append((made, (counter // resolution - shown) * resolution))
        shown = counter // resolution
    assert against(lines, resolution)[0 if sign == 1 else 1] == 0


@given(STRETCHES, st.sampled_from((100, 10_000)))
def test_what_speaks_against_a_sign_is_how_far_its_consumption_falls(
        stretches: list[tuple[int, int]], resolution: int) -> None:
    for sign, found in zip((1, -1), against(stretches, resolution), strict=True):
        total = highest = fallen = 0
        for made, net in stretches:
            total += made + sign * net
            highest = max(highest, total)
            if highest - total > resolution:
                fallen += highest - total - resolution
                highest = total + resolution
        assert found == fallen


def test_what_does_not_follow_on_what_was_before_begins_anew() -> None:
    assert against([(0, -90), None, (0, -90)], 100)[0] == 0
    assert against([(0, -90), None, (0, -90), (0, -90)], 100)[0] == 80


def test_plus_holds_until_the_evidence_is_clear_and_one_sided() -> None:
    assert choose("auto", CLEAR_DWH, 0) == "+" and choose("auto", CLEAR_DWH + 1, 0) == "-"
    assert choose("auto", TIMES * CLEAR_DWH, CLEAR_DWH) == "+"
    assert choose("auto", TIMES * CLEAR_DWH + 1, CLEAR_DWH) == "-"


@given(st.sampled_from("+-"), ENERGY, ENERGY)
def test_what_the_owner_chose_stands_whatever_the_evidence(setting: str, plus: int, minus: int) -> None:
    assert choose(setting, plus, minus) == setting and "as you chose" in reason(setting, plus, minus)


def test_the_owners_sign_is_doubted_when_days_speak_against_it_and_not_against_the_other() -> None:
    assert is_doubted("+", CLEAR_DWH + 1, 0) and is_doubted("-", 0, CLEAR_DWH + 1)
    assert not is_doubted("+", CLEAR_DWH, 0) and not is_doubted("-", CLEAR_DWH + 1, 0)
    assert not is_doubted("-", CLEAR_DWH, TIMES * CLEAR_DWH) and not is_doubted("auto", 10 * CLEAR_DWH, 0)


def test_a_meter_that_never_falls_in_weeks_of_sun_counts_what_the_house_uses() -> None:
    assert is_gross("auto", 0, SUNNY_DAYS)
    assert not is_gross("auto", 0, SUNNY_DAYS - 1) and not is_gross("auto", 1, 365)
    assert is_gross("consumption", 99, 0) and not is_gross("net", 0, 365)


def days_of(*runs: tuple[int, int, int]) -> list[tuple[str, int, int]]:
    """Days in June and July with evidence, from (how many, against plus, against minus)."""
    every = [(plus, minus) for count, plus, minus in runs for _ in range(count)]
    return [(f"2026-{6 + number // 30:02}-{1 + number % 30:02}", *one) for number, one in enumerate(every)]


def test_a_meter_that_was_turned_has_a_sign_before_and_another_since() -> None:
    assert stretches(days_of((10, 0, DAY_DWH), (10, DAY_DWH, 0))) == ("+", ["2026-06-11"])
    assert stretches(days_of((10, 15_000, 0), (3, 0, 0), (10, 500, 15_000)))[0] == "-"
    back = days_of((8, 0, DAY_DWH), (11, DAY_DWH, 0), (8, 0, DAY_DWH))
    assert stretches(back) == ("+", ["2026-06-09", "2026-06-20"])


def test_days_of_little_or_two_sided_evidence_are_no_turn() -> None:
    assert stretches(days_of((20, 0, DAY_DWH), (4, DAY_DWH, 0))) == ("+", [])
    assert stretches(days_of((20, DAY_DWH, 0), (4, 0, DAY_DWH))) == ("-", [])
    assert stretches(days_of((20, 6_000, DAY_DWH), (20, DAY_DWH, 6_000))) == ("+", [])
    assert stretches([]) == ("+", [])


@given(st.lists(st.tuples(st.integers(0, DAY_DWH), st.integers(0, DAY_DWH)), max_size=9))
def test_no_other_split_of_the_days_has_less_against_it(evidence: list[tuple[int, int]]) -> None:
    """Held against all splits."""
    days = [(f"2026-06-{number + 1:02}", plus * 9, minus * 9) for number, (plus, minus) in enumerate(evidence)]
    first, turns = stretches(days)
    if not turns:
        return

    def cost(signs: tuple[int, ...]) -> int:
        against = sum(plus if sign == 1 else minus for sign, (_, plus, minus) in zip(signs, days, strict=True))
        return against + TURN_DWH * sum(one != other for one, other in pairwise(signs))
    newest = first if len(turns) % 2 == 0 else "-" if first == "+" else "+"
    found = tuple(sign_of(day, newest, turns) for day, _, _ in days)
    assert cost(found) == min(map(cost, product((1, -1), repeat=len(days))))


def test_the_owner_is_told_in_one_sentence_when_the_meter_was_turned() -> None:
    text = turned_reason("-", ["2026-06-11"])
    assert text == ("The grid meter was turned round on 2026-06-11: it counted up when you bought, and now when you "
                    "sell.")
    assert "on 2026-06-09, 2026-06-17. It now counts up when you buy." in turned_reason(
        "+", ["2026-06-09", "2026-06-17"])
