"""The log of notices: what begins is taken down once, what ends has its end, and a year is kept."""
from pathlib import Path

import pytest

from appliance import store
from appliance.health import log
from appliance.health.log import AGAIN_S, KEEP_S, LASTED_S, MAX_ROWS, Log
from appliance.outputs.contract import Fact, Facts

NOW = 1_778_400_000
LAMP = Facts([Fact("disk", "bad", "The card is full.", "Use a larger one.")])
DEAD = Facts(notices=[Fact("dead", "warn", "Inverter 7 made nothing.", "Look at it.", "7")])
JUMP = Facts(notices=[Fact("jump", "warn", "The counter jumped.", "Compare.", "7", NOW - 999)])
FINE = Facts([Fact("disk", "ok", "1 GB free.")], [Fact("sign", "ok", "It counts up.")])


@pytest.fixture
def conn(tmp_path: Path):
    found = store.connect(tmp_path)
    yield found
    found.close()


def spans(conn) -> list[tuple[str, int, int | None]]:
    return [(one.matter, one.since - NOW, None if one.until is None else one.until - NOW)
            for one in log.entries(conn)]


def test_what_is_in_order_is_not_taken_down(conn) -> None:
    Log().keep(conn, FINE, NOW)
    assert log.entries(conn) == []


def test_a_notice_is_taken_down_at_once_and_a_lamp_when_it_lasted(conn) -> None:
    kept = Log()
    kept.keep(conn, DEAD, NOW)
    kept.keep(conn, Facts(LAMP.lamps, DEAD.notices), NOW + 60)
    assert spans(conn) == [("notice dead 7", 0, None)]
    kept.keep(conn, Facts(LAMP.lamps, DEAD.notices), NOW + 60 + LASTED_S)
    assert spans(conn) == [("lamp disk", 60, None), ("notice dead 7", 0, None)]
    (lamp, dead) = log.entries(conn)
    assert (lamp.bad, lamp.is_lamp, dead.bad, dead.is_lamp) == (True, True, False, False)
    assert (dead.text, dead.advice, dead.is_open) == ("Inverter 7 made nothing.", "Look at it.", True)


def test_what_is_over_has_its_end_and_what_comes_back_soon_goes_on(conn) -> None:
    kept = Log()
    for facts, after in ((DEAD, 0), (FINE, 100), (DEAD, 100 + AGAIN_S - 1), (FINE, 5000), (DEAD, 5001 + AGAIN_S)):
        kept.keep(conn, facts, NOW + after)
    assert spans(conn) == [("notice dead 7", 5001 + AGAIN_S, None), ("notice dead 7", 0, 5000)]


@pytest.mark.parametrize(("away", "entries"), [(AGAIN_S - 60, 1), (AGAIN_S, 2)])
def test_a_lamp_that_comes_back_soon_goes_on_in_its_entry_once_it_lasted_again(conn, away: int, entries: int) -> None:
    """As after the recorder was without power: for some minutes it does not know yet that nobody reports."""
    kept, again = Log(), Log()
    for after in (0, LASTED_S):
        kept.keep(conn, LAMP, NOW + after)
    for facts, after in ((FINE, 0), (LAMP, away), (LAMP, away + LASTED_S)):
        again.keep(conn, facts, NOW + 2000 + after)
    assert len(log.entries(conn)) == entries
    assert log.entries(conn)[0].until is None and log.entries(conn)[-1].since == NOW


def test_a_restart_takes_nothing_down_twice(conn) -> None:
    for after in (0, 10, 20):
        Log().keep(conn, Facts(DEAD.lamps, [*DEAD.notices, *JUMP.notices]), NOW + after)
    assert len(log.entries(conn)) == 2
    Log().keep(conn, FINE, NOW + 30)
    assert spans(conn) == [("notice dead 7", 0, 30), (f"notice jump 7 {NOW - 999}", -999, -999)]


def test_an_event_stays_until_it_is_dismissed(conn) -> None:
    Log().keep(conn, JUMP, NOW)
    (jump,) = log.entries(conn)
    assert jump.is_open and log.dismiss(conn, jump.id, NOW + 5) and not log.dismiss(conn, jump.id, NOW + 6)
    Log().keep(conn, JUMP, NOW + 10)
    assert [(one.is_open, one.dismissed) for one in log.entries(conn)] == [(False, NOW + 5)]
    assert not log.dismiss(conn, 999, NOW)


def test_the_log_has_its_bounds(conn) -> None:
    kept = Log()
    kept.keep(conn, DEAD, NOW)
    kept.keep(conn, FINE, NOW + 10)
    for number in range(3):
        kept.keep(conn, Facts(notices=[Fact("dead", "warn", "x", device=str(index)) for index in range(
            number * MAX_ROWS // 2, (number + 1) * MAX_ROWS // 2)]), NOW + 20 + number)
    assert len(log.entries(conn)) == MAX_ROWS and all(one.text == "x" for one in log.entries(conn))
    kept.keep(conn, DEAD, NOW + KEEP_S + 100)
    kept.keep(conn, FINE, NOW + 2 * KEEP_S + 200)
    assert spans(conn) == [("notice dead 7", KEEP_S + 100, 2 * KEEP_S + 200)]


def test_the_log_is_read_with_what_is_not_taken_down_yet_and_in_the_words_of_the_moment(conn) -> None:
    assert [(one.id, one.text, one.is_open) for one in log.shown([], LAMP, NOW)] == [(0, "The card is full.", True)]
    Log().keep(conn, DEAD, NOW)
    later = Facts(LAMP.lamps, [Fact("dead", "warn", "Inverter 7 made nothing for 3 days.", "Look at it.", "7")])
    assert [(one.id, one.text) for one in log.shown(log.entries(conn), later, NOW + 60)] == [
        (0, "The card is full."), (1, "Inverter 7 made nothing for 3 days.")]
    assert log.shown([], JUMP, NOW) == []      # an event has its moment in the log


def test_what_is_over_is_read_as_over_before_it_is_taken_down_so(conn) -> None:
    Log().keep(conn, Facts(DEAD.lamps, [*DEAD.notices, *JUMP.notices]), NOW)
    found = {one.matter.split()[1]: one for one in log.shown(log.entries(conn), FINE, NOW + 60)}
    assert (found["dead"].is_open, found["dead"].until, found["jump"].is_open) == (False, NOW + 60, True)


def test_a_lamp_that_knows_since_when_is_told_since_then(conn) -> None:
    kept, silent = Log(), Facts([Fact("capture", "warn", "Nothing heard.", "Is it powered?", since=NOW - 9000)])
    for after in (0, LASTED_S):
        kept.keep(conn, silent, NOW + after)
    assert spans(conn) == [("lamp capture", -9000, None)]


@pytest.mark.parametrize(("now", "over"), [
    ("Nothing heard from your SunPower box for 34 minutes.", "Nothing heard from your SunPower box."),
    ("The newest reading is from 2 hours ago, and your SunPower box is silent.",
     "No new reading came, and your SunPower box is silent."),
    ("Your SunPower box has had no answer from the internet for 1 hour. It keeps its readings.",
     "Your SunPower box has had no answer from the internet. It keeps its readings.")])
def test_what_is_over_does_not_say_how_long_it_had_lasted_when_it_was_taken_down(conn, now: str, over: str) -> None:
    kept, there = Log(), Facts([Fact("capture", "warn", now, "Is it powered?")])
    for after in (0, LASTED_S):
        kept.keep(conn, there, NOW + after)
    assert log.shown(log.entries(conn), there, NOW + LASTED_S)[0].text == now     # in the words of the moment
    kept.keep(conn, FINE, NOW + 2 * LASTED_S)
    assert [one.text for one in log.entries(conn)] == [over]


def test_an_inverter_is_listed_since_the_first_day_of_its_fault(conn) -> None:
    dead = Fact("dead", "warn", "Inverter 4 made next to nothing.", "Look.", "4", since=NOW - 86_400)
    Log().keep(conn, Facts([], [dead]), NOW)
    assert spans(conn) == [("notice dead 4", -86_400, None)]
