"""Days too old for statuses: their totals, proven by the site, and never over what it holds already."""
from datetime import date

from appliance.pvoutput import outbox, outbox_rows, views
from appliance.simulate.pvoutput import Fault
from tests.pvoutput.support import DAY_S, NOON, Box, sunny_day

OLD = "2026-04-10"


def total(box: Box, day: str = OLD) -> dict[str, int]:
    output = box.server.site.output(date.fromisoformat(day)) or {}
    return {name: int(output[name]) for name in ("g", "c") if name in output}


def truth(day: str) -> dict[str, int]:
    slots = sunny_day(day).values()
    return {"g": (sum(s[0] for s in slots) + 5) // 10, "c": (sum(s[1] for s in slots) + 5) // 10}


def state(box: Box, day: str = OLD) -> tuple[str, str]:
    return next((row.total_state, row.total_reason) for row in views.day_states(box.store) if row.day == day)


def test_an_expired_day_is_sent_as_its_total_and_verified(box: Box) -> None:
    box.put(sunny_day(OLD))
    box.run(60)
    assert box.states() == {"expired": 288} and total(box) == truth(OLD)
    assert box.services() == ["getsystem", "getoutput", "addoutput", "getoutput"]
    assert state(box) == ("done", "")
    assert not box.posts()


def test_a_total_that_the_site_says_it_took_and_did_not_is_sent_again_and_then_told(box: Box) -> None:
    box.put(sunny_day(OLD))
    box.server.fail(Fault.FORGET, times=1, service="addoutput")
    box.run(60)
    assert total(box) == truth(OLD) and box.services().count("addoutput") == 2

    box.put(sunny_day("2026-04-11"))
    box.server.fail(Fault.FORGET, times=None, service="addoutput")
    box.run(60)
    assert box.services().count("addoutput") == 4
    assert state(box, "2026-04-11") == ("refused", "PVOutput said OK but does not hold the total")
    box.run(DAY_S / 4)
    assert box.services().count("addoutput") == 4


def test_a_total_that_the_site_holds_already_is_left_alone(box: Box) -> None:
    box.server.site.outputs[date.fromisoformat(OLD)] = {"d": "20260410", "g": "30000", "c": "30000"}
    box.put(sunny_day(OLD))
    box.run(60)
    assert total(box) == {"g": 30000, "c": 30000} and "addoutput" not in box.services()
    assert state(box) == ("done", "")


def test_years_of_history_are_looked_up_fifty_days_at_a_time_within_the_quota(box: Box) -> None:
    days = [date.fromordinal(date(2026, 4, 20).toordinal() - back).isoformat() for back in range(60)]
    for day in days:
        box.put(sunny_day(day, first=140, last=146))
    box.run(3 * 3600)
    assert all(row.total_state == "done" for row in views.day_states(box.store))
    assert box.services().count("addoutput") == 60
    assert box.services().count("getoutput") <= 2 + 2 + 1
    assert max(box.server.spent(int(NOON // 3600) + hour) for hour in range(4)) <= 55


def test_rows_wait_for_as_long_as_the_site_takes_them(box: Box) -> None:
    """14 days back is taken, 15 is not: the last day counts as sendable until its end."""
    box.put(sunny_day("2026-04-25"))
    box.put(sunny_day("2026-04-24"))
    box.run(1800)
    assert box.curve("2026-04-25") == box.truth("2026-04-25")
    assert {row.day: (row.sent, row.expired) for row in views.day_states(box.store)} == {
        "2026-04-25": (288, 0), "2026-04-24": (0, 288)}
    assert not [request for request in box.server.requests if request.status == 400
                and request.service == "addbatchstatus"]


def test_the_servers_own_word_that_a_day_is_too_old_is_kept(box: Box) -> None:
    box.server.site.system.donor = True
    box.put(sunny_day("2026-03-01"))
    box.step()
    box.server.site.system.donor = False
    box.run(60)
    reasons = {reason for (reason,) in box.store.execute("SELECT reason FROM outbox WHERE state = 'expired'")}
    assert reasons <= {"Date is older than 14 days [20260301]",
                       "older than 14 days: PVOutput takes only the day's total"} and len(reasons) == 1
    assert total(box, "2026-03-01") == truth("2026-03-01")


def test_late_records_of_an_expired_day_correct_its_total(box: Box) -> None:
    box.put(sunny_day(OLD, last=150))
    box.run(60)
    assert total(box) != truth(OLD)
    box.put(sunny_day(OLD))
    box.run(60)
    assert total(box) == truth(OLD) and state(box) == ("done", "")


def test_a_clock_a_year_ahead_expires_nothing(box: Box) -> None:
    box.clock.step(366 * DAY_S)
    box.put(sunny_day("2026-05-08"))
    outbox_rows.refresh(box.store, box.settings, ["2026-05-08"], box.clock.time())
    box.run(600)
    assert box.states() == {"sent": 288}


def test_an_old_day_sent_again_by_hand_is_offered_as_its_total(box: Box) -> None:
    box.put(sunny_day(OLD))
    box.run(60)
    box.server.site.outputs.clear()
    outbox.resend_day(box.store, OLD)
    box.run(60)
    assert total(box) == truth(OLD)


def test_a_day_that_the_ledger_took_back_is_neither_asked_for_nor_sent(box: Box) -> None:
    """A supervisor that came up with its firmware's date made it; it was known for what it is before the time was."""
    ghost = "2010-10-26"
    box.put(sunny_day(ghost))
    box.step()
    box.store.execute("DELETE FROM slot WHERE day = ?", (ghost,))
    box.store.execute("DELETE FROM site_day WHERE day = ?", (ghost,))
    outbox_rows.refresh(box.store, box.settings, [ghost], NOON)
    box.run(7200)
    assert box.services() == ["getsystem"] and outbox.waiting(box.store) == 0 and box.states() == {}


def test_a_day_from_before_any_supervisor_was_built_is_sent_to_nobody(box: Box) -> None:
    box.put(sunny_day("1999-12-31"))
    box.put(sunny_day("2001-01-01"))
    box.run(7200)
    assert box.services() == ["getsystem"] and outbox.waiting(box.store) == 0
