"""What to send next: live rows of every system first, then the backlog as far as the quota leaves it something."""
from appliance.pvoutput import account, outbox, pauses, plan, quota, servertime
from appliance.pvoutput.servertime import Now
from tests.pvoutput.several import DAY, EVE, record
from tests.pvoutput.support import NOON, Box, sunny_day


def test_the_backlog_leaves_the_reserve_and_what_live_rows_still_need(box: Box) -> None:
    for day in range(26, 31):
        box.put(sunny_day(f"2026-04-{day}"))
    for day in range(1, 9):
        box.put(sunny_day(f"2026-05-0{day}"))
    box.run(600)
    assert 60 - 5 - (12 + 1) <= box.server.spent() <= 60 - 5 - (10 + 1)
    box.run(3600 * 5)
    assert box.states() == {"sent": 13 * 288}
    assert max(box.server.spent(hour) for hour in range(int(NOON // 3600), int(NOON // 3600) + 6)) <= 55


def test_live_rows_of_every_system_come_before_any_backlog(owner: Box) -> None:
    owner.push()
    for site in owner.server.sites:
        site.days.clear()
    outbox.resend_day(owner.store, EVE)
    record(owner, DAY, 138, 141)
    owner.clock.pass_(900)
    before = len(owner.posts())
    owner.run(60)
    first = [request.system_id for request in owner.posts()[before:]]
    assert set(first[:2]) == {"12345", "777"} and first[2] == "778"


def now_of(box: Box) -> Now:
    return servertime.read(box.store, box.clock)


def test_before_the_servers_time_is_known_only_the_systems_are_asked_for(box: Box) -> None:
    box.put(sunny_day(DAY, last=140))
    task = plan.next_task(box.store, box.settings, now_of(box))
    assert isinstance(task, account.Probe)


def test_with_nothing_to_send_it_looks_again_within_a_minute(box: Box) -> None:
    box.run(5)
    task = plan.next_task(box.store, box.settings, now_of(box))
    assert isinstance(task, plan.Wait) and 0 < task.seconds <= plan.IDLE_S and task.what == "nothing waits"


def test_a_spent_quota_waits_for_the_next_hour(box: Box) -> None:
    box.run(5)
    quota.mark_exhausted(box.store, now_of(box), None)
    task = plan.next_task(box.store, box.settings, now_of(box))
    assert isinstance(task, plan.Wait) and 0 < task.seconds <= quota.WINDOW_S + quota.MARGIN_S
    assert "used up" in task.what


def test_a_pause_of_its_only_system_is_the_wait(box: Box) -> None:
    box.run(5)
    pauses.block(box.store, now_of(box), "", "Invalid API Key", 600)
    task = plan.next_task(box.store, box.settings, now_of(box))
    assert isinstance(task, plan.Wait) and task.what == "Invalid API Key" and 0 < task.seconds <= 600
