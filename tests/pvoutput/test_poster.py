"""Posting end to end: slots in, the simulated PVOutput's curve out."""
from tests.pvoutput.support import Box, sunny_day


def test_a_morning_is_posted_and_the_site_holds_its_curve(box: Box) -> None:
    box.put(sunny_day("2026-05-09", last=144))
    box.run(120)
    assert box.curve("2026-05-09") == box.truth("2026-05-09")
    assert box.states() == {"sent": 144}


def test_three_days_are_posted_exactly(box: Box) -> None:
    for day in ("2026-05-06", "2026-05-07", "2026-05-08"):
        box.put(sunny_day(day))
    box.push()
    for day in ("2026-05-06", "2026-05-07", "2026-05-08"):
        assert box.curve(day) == box.truth(day)
