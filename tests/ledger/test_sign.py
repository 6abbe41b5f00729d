"""Which way the meter at the main panel counts: consumption cannot be negative."""
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.sign import (
    CLEAR_DWH,
    SUNNY_DAYS,
    TIMES,
    Against,
    choose,
    is_doubted,
    is_gross,
    reason,
)

ENERGY = st.integers(0, 10**6)


STRETCHES = st.lists(st.tuples(ENERGY, ENERGY), max_size=30)


def evidence(stretches: list[tuple[int, int]], resolution: int) -> tuple[int, int]:
    found = Against(resolution)
    for made, net in stretches:
        found.add(made, net)
    return found.plus_dwh, found.minus_dwh


@given(STRETCHES, st.sampled_from((100, 1000, 10_000)), ENERGY, st.sampled_from((1, -1)))
def test_a_meter_never_speaks_against_its_own_sign_whatever_its_resolution(
        stretches: list[tuple[int, int]], resolution: int, counter: int, sign: int) -> None:
    lines, shown = [], counter // resolution
    for made, used in stretches:
        counter += sign * (used - made)
        lines.append((made, (counter // resolution - shown) * resolution))
        shown = counter // resolution
    assert evidence(lines, resolution)[0 if sign == 1 else 1] == 0


@given(STRETCHES, st.sampled_from((100, 10_000)))
def test_what_speaks_against_a_sign_is_how_far_its_consumption_falls(
        stretches: list[tuple[int, int]], resolution: int) -> None:
    for sign, found in zip((1, -1), evidence(stretches, resolution), strict=True):
        total = highest = fallen = 0
        for made, net in stretches:
            total += made + sign * net
            highest = max(highest, total)
            if highest - total > resolution:
                fallen += highest - total - resolution
                highest = total + resolution
        assert found == fallen


def test_what_does_not_follow_on_what_was_before_begins_anew() -> None:
    found = Against(100)
    found.add(0, -90)
    found.forget()
    found.add(0, -90)
    assert found.plus_dwh == 0
    found.add(0, -90)
    assert found.plus_dwh == 80


def test_plus_holds_until_the_evidence_is_clear_and_one_sided() -> None:
    assert choose("auto", CLEAR_DWH, 0) == "+" and choose("auto", CLEAR_DWH + 1, 0) == "-"
    assert choose("auto", TIMES * CLEAR_DWH, CLEAR_DWH) == "+"
    assert choose("auto", TIMES * CLEAR_DWH + 1, CLEAR_DWH) == "-"


@given(st.sampled_from("+-"), ENERGY, ENERGY)
def test_what_the_owner_chose_stands_whatever_the_evidence(setting: str, plus: int, minus: int) -> None:
    assert choose(setting, plus, minus) == setting and "you set that" in reason(setting, plus, minus)


def test_the_owners_sign_is_doubted_when_days_speak_against_it_and_not_against_the_other() -> None:
    assert is_doubted("+", CLEAR_DWH + 1, 0) and is_doubted("-", 0, CLEAR_DWH + 1)
    assert not is_doubted("+", CLEAR_DWH, 0) and not is_doubted("-", CLEAR_DWH + 1, 0)
    assert not is_doubted("-", CLEAR_DWH, TIMES * CLEAR_DWH) and not is_doubted("auto", 10 * CLEAR_DWH, 0)


def test_a_meter_that_never_falls_in_weeks_of_sun_counts_what_the_house_uses() -> None:
    assert is_gross("auto", 0, SUNNY_DAYS)
    assert not is_gross("auto", 0, SUNNY_DAYS - 1) and not is_gross("auto", 1, 365)
    assert is_gross("consumption", 99, 0) and not is_gross("net", 0, 365)
