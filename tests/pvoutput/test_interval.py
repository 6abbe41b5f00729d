"""The status interval at PVOutput changes behind the box's back: rows stand elsewhere there, and in the end where they
belong; nothing is sent again and again meanwhile."""
import pytest

from appliance.pvoutput import account
from tests.pvoutput.support import Box, midnight, sunny_day

EVE, DAY = "2026-05-08", "2026-05-09"


def change_interval(box: Box, minutes: int) -> None:
    """The owner changes it at PVOutput, and PVOutput is asked."""
    box.server.site.system.interval = minutes
    account.ask_again(box.store, box.settings)
    box.run(3600)


@pytest.mark.parametrize("others", [(10,), (15,), (15, 10), (30,)])
def test_after_another_interval_for_a_while_pvoutput_holds_every_row_of_the_old_one(
        box: Box, others: tuple[int, ...]) -> None:
    box.put(sunny_day(EVE) | sunny_day(DAY, last=140))
    box.run(3600)
    for minutes in (*others, 5):
        change_interval(box, minutes)
    assert box.states() == {"sent": 288 + 140}
    assert box.curve(EVE) == box.truth(EVE) and box.curve(DAY) == box.truth(DAY)


def test_rows_that_are_answered_for_other_times_let_the_system_be_asked_again(box: Box) -> None:
    box.put(sunny_day(EVE))
    box.run(2 * 3600)
    box.server.site.system.interval = 10
    before = len(box.server.requests)
    box.put(sunny_day("2026-05-07"))
    box.run(1800)
    services = box.services()[before:]
    assert services[:2] == ["addbatchstatus", "getsystem"] and services.count("getsystem") == 1
    assert box.curve("2026-05-07")["23:50"]["v1"] == box.truth("2026-05-07")["23:55"]["v1"]


def test_an_interval_that_nobody_tells_costs_no_request_that_cannot_help(box: Box) -> None:
    """PVOutput rounds to ten minutes and does not say so: half of the rows are never answered for."""
    box.server.site.system.interval = 10
    box.server.site.system.untold = frozenset({"interval"})
    box.put(sunny_day(EVE))
    box.run(12 * 3600)
    assert "waiting" not in box.states() and "open" not in box.states()
    assert len(box.posts()) <= 5 * 10 and box.services().count("getsystem") <= 3
    before = len(box.posts())
    box.run(11 * 3600)
    assert len(box.posts()) == before


def test_rows_whose_slots_became_longer_are_not_sent_in_place_of_the_new_ones(box: Box) -> None:
    """The ledger derives the day again with the new interval: what was sent for shorter slots is not in the way."""
    box.put(sunny_day(EVE))
    box.run(3600)
    short = sunny_day(EVE)
    box.server.site.system.interval = 15
    account.ask_again(box.store, box.settings)
    box.store.execute("DELETE FROM slot")
    box.put({time: tuple(sum(short[time + step][at] for step in (0, 300, 600)) for at in (0, 1))
             for time in range(midnight(EVE), midnight(EVE) + 86400, 900)})
    box.store.execute("UPDATE slot SET seconds = 900")
    box.put({})
    box.run(2 * 3600)
    curve, truth = box.curve(EVE), box.truth(EVE)
    assert {at: curve[at]["v1"] for at in truth} == {at: row["v1"] for at, row in truth.items()}
