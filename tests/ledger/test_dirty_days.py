"""What must be derived again: every day after another zone or status interval, and nothing without a reason."""
from dataclasses import replace

from appliance.history import views
from appliance.ledger import dirty_days
from appliance.ledger.folded import POWER_LIMIT_W
from appliance.store import state
from tests.ledger.support import LA, NOON, run_of

DAY = 86400


def test_the_owners_change_of_zone_derives_every_day_again(box):
    box.lines(*run_of(NOON, 24 * 12, 1000, 10))
    before = {row.day: row.production_dwh for row in views.days(box.store)}
    box.site = replace(LA, timezone="Asia/Tokyo")
    assert set(box.deliver().days) >= {"2026-05-10", "2026-05-11"}
    after = {row.day: row.production_dwh for row in views.days(box.store)}
    assert set(after) == {"2026-05-10", "2026-05-11"} != set(before) and sum(after.values()) == sum(before.values())


def test_another_status_interval_derives_every_day_again(box):
    box.lines(*run_of(NOON, 13, 1000, 10))
    state.put(box.store, state.Key.STATUS_INTERVAL, "900")
    box.deliver()
    assert box.production() == {NOON: 20, NOON + 900: 30, NOON + 1800: 30, NOON + 2700: 30, NOON + 3600: 10}


def test_settings_that_stay_make_nothing_stale(box):
    box.lines(*run_of(NOON, 13, 1000, 10))
    dirty_days.apply_settings(box.store, box.site)
    assert box.store.execute("SELECT count(*) FROM dirty_day").fetchone() == (0,)
    assert dirty_days.settings(box.store)["timezone"] == "America/Los_Angeles"


def test_a_size_that_sets_no_other_limit_makes_nothing_stale_and_is_noted(box):
    box.lines(*run_of(NOON, 13, 1000, 10))
    for size_w, days in ((4800, 0), (POWER_LIMIT_W // 2, 0), (POWER_LIMIT_W // 2 + 1, 1)):
        dirty_days.apply_settings(box.store, replace(box.site, size_w=size_w))
        assert box.store.execute("SELECT count(*) FROM dirty_day").fetchone() == (days,)
        assert dirty_days.settings(box.store)["size_w"] == size_w


def test_without_a_derivation_the_settings_are_the_defaults(box):
    assert dirty_days.settings(box.store)["rules"] == dirty_days.RULES and dirty_days.horizon(box.store) == 0


def test_a_day_is_stale_once_however_often_it_is_marked(box):
    dirty_days.mark_stale(box.store, ["2026-05-09", "2026-05-08", "2026-05-09"])
    dirty_days.mark_stale(box.store, ["2026-05-09"])
    assert box.store.execute("SELECT day FROM dirty_day ORDER BY day").fetchall() == [("2026-05-08",), ("2026-05-09",)]


def test_all_days_are_those_from_the_first_counted_reading_to_the_last_and_those_between(box):
    box.lines(*run_of(NOON, 2, 1000, 10), *run_of(NOON + 3 * DAY, 2, 2000, 10))
    dirty_days.mark_all_stale(box.store)
    days = [day for (day,) in box.store.execute("SELECT day FROM dirty_day ORDER BY day")]
    assert days == ["2026-05-09", "2026-05-10", "2026-05-11", "2026-05-12"]
