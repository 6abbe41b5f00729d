"""Posting rows: what an answer, or its absence, makes of the rows that were in the request."""
from appliance.pvoutput import outbox, servertime, views
from appliance.pvoutput.batches import backlog, live, trial
from appliance.pvoutput.targets import main_target
from appliance.simulate.pvoutput import Fault
from tests.pvoutput.support import DAY, NOON, Box, HandClock, midnight, sunny_day


def test_rows_that_were_stored_before_the_answer_got_lost_are_sent_once_more_and_believed(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.run(1)
    box.server.site.days.clear()
    outbox.resend_day(box.store, DAY)
    box.server.fail(Fault.CLOSE)
    box.run(120)
    assert [request.fault for request in box.posts()[-2:]] == [Fault.CLOSE, None]
    assert box.posts()[-1].reply.count(",0;") == 19
    assert box.states() == {"sent": 20}


def test_nothing_changed_is_asked_once_more_and_then_believed(box: Box) -> None:
    box.put(sunny_day(DAY, last=20))
    box.run(60)
    before = len(box.posts())
    outbox.resend_day(box.store, DAY)
    box.run(60)
    assert len(box.posts()) == before + 2 and box.states() == {"sent": 20}


def test_a_row_that_the_server_takes_for_a_future_one_is_kept_and_does_not_hold_up_the_past(box: Box) -> None:
    box.put(sunny_day("2026-05-08", first=200))
    box.put(sunny_day(DAY, last=140))
    box.run(0.5)
    behind = HandClock(moment=box.clock.moment, error=[-7200.0])
    box.server.clock, true_date = behind, box.server.clock
    box.store.execute("UPDATE outbox SET state = 'waiting'")
    real = servertime.learn
    servertime.learn = lambda store, clock, date: real(store, clock, NOON)  # a Date that denies what it refuses
    try:
        box.run(60)
    finally:
        servertime.learn = real
    assert "future" in views.held(box.store).lower()
    assert box.curve("2026-05-08") == box.truth("2026-05-08")
    assert box.states()["waiting"] > 0 and "refused" not in box.states()
    box.server.clock = true_date
    box.run(2 * 3600)
    assert box.curve(DAY) == box.truth(DAY)


def test_live_rows_are_those_of_today_and_of_a_day_that_ended_within_the_hour(box: Box) -> None:
    target, midnight_s = main_target(box.settings), midnight(DAY)
    box.put(sunny_day("2026-05-08", first=280))
    box.put(sunny_day(DAY, last=4))
    server = midnight_s + 1500.0
    outbox.complete(box.store, server)
    first = live(box.store, target, server, DAY, 300, 30)
    assert first is not None and {row.day for row in first.rows} == {"2026-05-08"}
    outbox.mark_sent(box.store, target.key, first.rows, int(server))
    second = live(box.store, target, server, DAY, 300, 30)
    assert second is not None and {row.day for row in second.rows} == {DAY}
    assert live(box.store, target, server + 2 * 86_400, "2026-05-11", 300, 30) is None


def test_the_backlog_begins_with_the_oldest_day_and_keeps_to_the_size_of_a_batch(box: Box) -> None:
    target = main_target(box.settings)
    for day in ("2026-05-07", "2026-05-06"):
        box.put(sunny_day(day))
    found = backlog(box.store, target, NOON, 300, 30)
    assert found is not None and (len(found.rows), found.rows[0].day) == (30, "2026-05-06")
    assert [row.time for row in found.rows] == sorted(row.time for row in found.rows)
    assert found.what == "sending 30 rows of 2026-05-06"


def test_what_was_refused_before_goes_alone(box: Box) -> None:
    target = main_target(box.settings)
    box.put(sunny_day("2026-05-06", last=5))
    box.store.execute("UPDATE outbox SET reason = 'Moon Powered' WHERE time = ?", (midnight("2026-05-06"),))
    sizes = []
    while (found := backlog(box.store, target, NOON, 300, 30)) is not None:
        sizes.append(len(found.rows))
        outbox.mark_sent(box.store, target.key, found.rows, int(NOON))
    assert sizes == [4, 1]


def test_without_rows_there_is_nothing_to_send(box: Box) -> None:
    target = main_target(box.settings)
    assert [live(box.store, target, NOON, DAY, 300, 30), backlog(box.store, target, NOON, 300, 30),
            trial(box.store, target, 300, 30)] == [None] * 3
