"""Which way the meter at the main panel counts: consumption cannot be negative."""
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.sign import (
    CLEAR_DWH,
    RESOLUTION_DWH,
    SUNNY_DAYS,
    TIMES,
    against,
    choose,
    is_doubted,
    is_gross,
    reason,
)

ENERGY = st.integers(0, 10**6)


@given(ENERGY, ENERGY)
def test_a_true_slot_never_speaks_against_its_own_sign(made: int, used: int) -> None:
    net = used - made                   # + is import
    assert against(made, net)[0] == 0 and against(made, -net)[1] == 0


@given(ENERGY, st.integers(-10**6, 10**6))
def test_a_slot_speaks_against_a_sign_by_what_consumption_would_be_below_zero(made: int, net: int) -> None:
    for sign, evidence in zip((1, -1), against(made, net), strict=True):
        assert evidence == max(0, -(made + sign * net) - RESOLUTION_DWH)


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
