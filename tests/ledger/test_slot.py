"""The mean power of a slot: what the slot's energy is over the seconds in which it was counted."""
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.slot import COLUMNS, Slot, watts


def test_power_is_the_mean_over_the_slot() -> None:
    slot = Slot(0, 1190, -500, 690, 0, 0, 300, False)
    assert (slot.production_w, slot.net_w, slot.consumption_w) == (1428, -600, 828)


def test_without_energy_or_time_there_is_no_power() -> None:
    assert watts(None, 300) is None and watts(5, 0) is None


@given(st.integers(-10**9, 10**9), st.integers(1, 10**6))
def test_power_is_the_exact_quotient_rounded_half_up(energy_dwh: int, seconds: int) -> None:
    exact = Fraction(energy_dwh, 10) * 3600 / seconds
    power_w = watts(energy_dwh, seconds)
    assert power_w is not None and Fraction(-1, 2) < power_w - exact <= Fraction(1, 2)


def test_a_row_of_the_table_is_a_slot_with_its_names() -> None:
    slot = Slot.from_row((600, 1, 2, 3, 4, 5, 300, 1))
    assert [getattr(slot, name) for name in COLUMNS.split(", ")] == [600, 1, 2, 3, 4, 5, 300, True]
