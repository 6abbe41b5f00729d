"""What page and status are told."""
from datetime import date

from appliance.pvoutput import outbox, views
from tests.pvoutput.support import NOON, Box, midnight, sunny_day

DAY = "2026-05-09"


def test_every_day_tells_what_became_of_its_rows(box: Box) -> None:
    box.put(sunny_day("2026-04-01", last=10))
    slots = sunny_day(DAY, last=140)
    slots[midnight(DAY) + 110 * 300] = (900, 99_000)
    box.put(slots)
    outbox.skip(box.store, midnight(DAY))
    box.run(120)
    box.put({int(NOON): (100, 100)})
    assert views.day_states(box.store) == [
        views.DayState(DAY, 141, 138, 1, 1, 0, 1, "", ""),
        views.DayState("2026-04-01", 10, 0, 0, 0, 10, 0, "done", "")]
    (row,) = views.refused(box.store)
    assert (row.time, row.v4, row.reason) == (midnight(DAY) + 110 * 300, 118800, "Power consumption [118800] too high")


def test_an_empty_store_tells_that_nothing_is_known(box: Box) -> None:
    assert views.day_states(box.store) == [] and views.refused(box.store) == []
    assert views.last_success(box.store) is None and views.held(box.store) == ""
    assert views.trouble(box.store, box.settings) == ""
    assert views.oldest_unsent(box.store, box.settings, date(2026, 5, 9)) is None
    view = views.quota_view(box.store, box.settings, box.clock)
    assert (view.limit, view.used, view.reserve, view.pause) == (60, 0, 5, "")


def test_the_quota_is_shown_as_the_server_told_it(box: Box) -> None:
    box.server.spend(20)
    box.run(5)
    view = views.quota_view(box.store, box.settings, box.clock)
    assert (view.limit, view.used) == (60, 21)


def test_a_zone_mismatch_is_trouble_and_a_pause_that_a_correction_ends(box: Box) -> None:
    box.server.site.system.timezone = "Europe/Berlin"
    box.put(sunny_day(DAY, last=140))
    box.run(60)
    assert "Europe/Berlin" in views.trouble(box.store, box.settings)
    view = views.quota_view(box.store, box.settings, box.clock)
    assert view.pause_kind == "settings" and "Europe/Berlin" in view.pause
