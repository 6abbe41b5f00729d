"""The rows follow the slots: idempotent, and nothing is sent again without a change."""
from appliance.ledger.derive import changed
from appliance.pvoutput import outbox_rows, views
from tests.pvoutput.support import DAY, NOON, Box, midnight, rows, settings_for, sunny_day


def test_the_same_slots_again_change_nothing(box: Box) -> None:
    assert box.put(sunny_day(DAY, last=20)) == 20
    assert box.put(sunny_day(DAY, last=20)) == 0


def test_a_changed_value_reopens_its_row_and_those_whose_totals_follow(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.run(60)
    assert box.put({midnight(DAY) + 300 * 17: (0, 900)}) == 3
    assert box.states() == {"sent": 17, "waiting": 3}
    box.run(60)
    assert box.states() == {"sent": 20} and box.curve(DAY) == box.truth(DAY)


def test_a_value_that_becomes_unknown_is_not_sent_again(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.run(60)
    before = len(box.posts())
    box.settings = settings_for(box.server, consumption=False)
    box.run(60)
    assert box.states() == {"sent": 20} and len(box.posts()) == before
    assert {row[3] for row in rows(box).values()} == {None}


def test_another_zone_sends_everything_again_at_its_own_places(box: Box) -> None:
    box.put(sunny_day(DAY, first=100, last=140))
    box.run(60)
    box.settings = settings_for(box.server, "America/Denver")
    box.store.execute("DELETE FROM slot")
    box.put(sunny_day(DAY, first=100, last=140))
    box.run(60)
    assert "America/Denver" in views.trouble(box.store, box.settings)
    box.server.site.days.clear()
    box.server.site.system.timezone = "America/Denver"
    box.run(2 * 3600)
    assert box.curve(DAY) == box.truth(DAY) and "13:35" not in box.curve(DAY)


def test_another_system_gets_everything(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.run(60)
    box.server.site.system.system_id = "54321"
    box.server.site.days.clear()
    box.settings = settings_for(box.server, system_id="54321")
    box.run(60)
    assert box.curve(DAY) == box.truth(DAY)


def test_a_slot_that_is_gone_is_not_sent(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.store.execute("DELETE FROM slot WHERE time = ?", (midnight(DAY),))
    outbox_rows.refresh(box.store, box.settings, [DAY], NOON)
    assert len(rows(box)) == 19


def test_refresh_inside_an_open_transaction_is_part_of_it(box: Box) -> None:
    box.store.execute("BEGIN")
    box.put(sunny_day(DAY, last=20))
    box.store.execute("ROLLBACK")
    assert rows(box) == {}


def test_lifetime_counters_end_as_the_same_day_curve(box: Box) -> None:
    box.settings = settings_for(box.server, energy="lifetime")
    box.put(sunny_day("2026-05-08"))
    box.put(sunny_day(DAY, last=140))
    box.push()
    for day in ("2026-05-08", DAY):
        curve, truth = box.curve(day), box.truth(day)
        assert len(curve) == len(truth)
        later = sorted(truth)[1:]  # the first status of a day is the site's zero
        assert all(abs(curve[at]["v1"] - truth[at]["v1"]) <= 1 and abs(curve[at]["v3"] - truth[at]["v3"]) <= 1
                   for at in later)
        assert all(curve[at]["v2"] == truth[at]["v2"] for at in truth)
    assert {request.parameters["c1"] for request in box.posts()} == {"1"}
    counters = [row.split(",") for request in box.posts() for row in request.rows if len(row) > 20]
    energies = [int(fields[2]) for fields in sorted(counters)]
    assert energies == sorted(energies) and energies[-1] > 20000  # one counter through both days


def test_lifetime_without_consumption_is_c1_2(box: Box) -> None:
    box.settings = settings_for(box.server, energy="lifetime", consumption=False)
    box.put(sunny_day(DAY, last=140))
    box.push()
    assert {request.parameters["c1"] for request in box.posts()} == {"2"}


def test_older_history_does_not_move_the_lifetime_counter_of_a_day_that_was_sent(box: Box) -> None:
    box.settings = settings_for(box.server, energy="lifetime")
    box.put(sunny_day(DAY, last=120))
    box.run(300)
    before = len(box.posts())
    box.put(sunny_day("2026-05-07"))
    outbox_rows.refresh(box.store, box.settings, [DAY], NOON)
    assert box.states() == {"sent": 120, "waiting": 288}
    box.push()
    assert all(row.startswith("20260507") for request in box.posts()[before:] for row in request.rows)


def test_only_what_rows_depend_on_is_another_shape(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    assert not outbox_rows.has_other_shape(box.store, box.settings)
    for changes in ({"energy": "lifetime"}, {"consumption": False}, {"voltage": True}, {"system_id": "54321"}):
        assert outbox_rows.has_other_shape(box.store, settings_for(box.server, **changes)), changes
    assert not outbox_rows.has_other_shape(box.store, settings_for(box.server, reserve=7))


def test_days_that_were_followed_are_taken_off_the_ledgers_list(box: Box) -> None:
    for day in (DAY, "2026-05-08"):
        box.store.execute("INSERT INTO changed_day VALUES (?)", (day,))
    box.put(sunny_day(DAY, last=20))
    assert changed(box.store) == ("2026-05-08",)
