"""Devices that are replaced, restart, jump or say nothing."""
import pytest

from appliance.history import views
from tests.ledger.support import HOUR, NOON, SECOND, Box, inverter, meter, run_of, texts


def test_a_replaced_inverter_starts_and_the_old_one_ends(box):
    box.lines(*run_of(NOON, 5, 9_000_000, 100), *run_of(NOON + 1500, 5, 20, 100, SECOND))
    assert box.total() == 400 + 400 and not box.kinds()


def test_a_counter_that_restarts_does_not_let_the_site_fall_and_is_told(box):
    box.lines(*run_of(NOON, 5, 9_000_000, 100), *run_of(NOON + 1500, 5, 0, 100))
    assert box.total() == 800 and box.kinds() == {"restart"}
    assert "fell from 900.0400 to 0.0000 kWh" in texts(box)


def test_a_serial_that_leaves_and_returns_has_a_hole_and_loses_nothing(box):
    box.lines(*run_of(NOON, 5, 1000, 100), *run_of(NOON, 30, 1000, 100, SECOND))
    box.lines(*run_of(NOON + 86400 * 3, 5, 9000, 100))
    assert box.total() == 8400 + 2900
    assert [row.hole for row in views.day(box.store, "2026-05-12")] == [True, False, False, False, False]


def test_an_impossible_jump_is_held_shown_and_resolved_by_what_follows(box):
    box.lines(*run_of(NOON, 5, 1000, 100))
    box.lines(inverter(NOON + 1500, 900_000_000))
    assert box.total() == 400 and box.kinds() == {"held"} and "waits for the next one" in texts(box)
    box.lines(inverter(NOON + 1800, 1600))
    assert box.total() == 600 and box.kinds() == {"outlier"} and "left it out" in texts(box)


def test_a_jump_that_stays_is_told_and_not_counted(box):
    box.lines(*run_of(NOON, 5, 1000, 100), *run_of(NOON + 1500, 5, 900_000_000, 100))
    assert box.total() == 800 and box.kinds() == {"jump"} and "Nothing is counted" in texts(box)


def test_the_decision_about_an_evenings_last_reading_waits_for_the_morning(box):
    evening, morning = NOON + 8 * HOUR, NOON + 18 * HOUR
    box.lines(*run_of(evening, 3, 1000, 100), inverter(evening + 900, 3))
    assert box.kinds() == {"held"}
    box.lines(inverter(morning, 1250))
    assert box.kinds() == {"outlier"} and box.total() == 250
    assert box.store.execute("SELECT day FROM notice").fetchall() == [("2026-05-09",)]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_lie_that_lasts_over_midnight_is_left_out_on_both_days(box, one_by_one):
    """At midnight the device could have made what the lie claims: the next day must know that it began as one."""
    evening = NOON + 10 * HOUR
    lies = {number: 150_000 for number in range(5, 48)}
    lines = [inverter(evening + 300 * number, 1000 + 2500 * number + lies.get(number, 0)) for number in range(60)]
    for part in [[line] for line in lines] if one_by_one else [lines]:
        box.lines(*part, captured=evening + 20_000)
    assert box.total() == 59 * 2500 and box.kinds() == {"outlier"}
    assert [sum(slot.production_dwh or 0 for slot in views.day(box.store, row.day)) for row in views.days(box.store)
            ] == [4 * 2500, 55 * 2500]


def test_a_field_that_does_not_parse_costs_only_that_field(box):
    box.lines(inverter(NOON, 1000), inverter(NOON + 300, "broken"), inverter(NOON + 600, ""),
              inverter(NOON + 900, 1300))
    assert box.production() == {NOON + 900: 300}
    assert [row[0] for row in box.store.execute("SELECT power_dw FROM reading ORDER BY time")] == [1000] * 4


def test_two_lines_that_claim_one_moment_give_the_same_in_any_order(quick_path):
    derived = []
    for name, values in (("one", (1100, 1150)), ("other", (1150, 1100))):
        box = Box(quick_path / name)
        box.lines(inverter(NOON, 1000), captured=NOON + 9000)
        for value in values:
            box.lines(inverter(NOON + 300, value), captured=NOON + 9000)
        assert box.total() == 150
        derived.append(box.derived()["slot"])
        box.close()
    assert derived[0] == derived[1]


@pytest.mark.parametrize(("hole_s", "kinds", "exported"), [(900, {"restart"}, 0), (HOUR, {"restart"}, 0),
                                                           (5 * 86400, set(), 5_004_000)])
def test_a_net_counter_that_begins_anew_is_seen_unless_a_household_could_have_brought_it_there(
        box, hole_s, kinds, exported):
    """After a hole of days nothing tells a counter of zero from one that ran down to it: it is energy, in the hole."""
    for start, made, energy in ((NOON, 1000, 5_000_000), (NOON + 1200 + hole_s, 2000, 0)):
        box.lines(*(line for n in range(5) for line in (
            inverter(start + 300 * n, made + 100 * n), meter(start + 300 * n, energy + 1000 * n))))
    assert box.kinds() == kinds
    assert sum(row.export_dwh for row in views.days(box.store)) == exported
    assert not exported or any(slot.hole and slot.net_dwh == -exported for row in views.days(box.store)
                               for slot in views.day(box.store, row.day))
