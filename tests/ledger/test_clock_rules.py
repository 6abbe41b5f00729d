"""Which readings of an upload a wrong clock stamped, and what time it really was."""
import pytest

from appliance.ledger import clocks
from spcore.uploads import Upload
from tests.ledger.support import HOUR, NOON, Box, inverter, run_of, texts, upload

DAY = 86400
DATA = "/Data/SMS2DataCollector.aspx"


def sent_at(box: Box, captured: int, ahead: int, lines, mark: str, path: str = DATA, is_guess: bool = False) -> None:
    """An upload that says it was sent `ahead` of when it was captured."""
    from appliance import ledger
    from appliance.store import inbox
    one = upload(lines, captured + ahead, mark, path)
    inbox.append(box.inbox, [Upload(captured * 1_000_000, one.source, one.destination, one.path, one.body, True)],
                 is_guess=is_guess)
    ledger.ingest(box.inbox, box.store, box.site)


@pytest.mark.parametrize("ahead", [-16 * 365 * DAY, -30 * DAY, -DAY, -8 * HOUR, -HOUR, HOUR, 8 * HOUR, DAY, 365 * DAY])
def test_readings_of_a_wrong_clock_are_put_right_by_the_difference(box, ahead):
    for number in range(60):
        true = NOON + 300 * number
        wrong = ahead if 20 <= number < 40 else 0
        sent_at(box, true + 20, wrong, [inverter(true + wrong, 1_000_000 + 100 * number)], str(number))
    assert box.production() == {NOON + 300 * number: 100 for number in range(1, 60)}
    assert "20 readings were made while your SunPower box's clock was wrong" in texts(box)


def test_a_backlog_from_before_in_an_upload_of_a_wrong_clock_keeps_its_time(box):
    ahead = -16 * 365 * DAY
    lines = [*run_of(NOON, 6, 1000, 100), *run_of(NOON + 6 * HOUR + ahead, 6, 5000, 100)]
    sent_at(box, NOON + 6 * HOUR + 1800, ahead, lines, "1")
    assert min(box.production()) == NOON + 300 and max(box.production()) == NOON + 6 * HOUR + 1500


def test_a_repeated_upload_is_late_and_not_wrong(box):
    """The same bytes are sent for hours; heartbeats tell the right time meanwhile."""
    for number in range(6):
        true = NOON + 300 * number
        sent_at(box, true + 3 * HOUR, -3 * HOUR, [inverter(true, 1000 + 100 * number)], str(number))
        sent_at(box, true + 3 * HOUR + 60, 0, [], f"beat{number}", "/Command/SMS2DataCollector.aspx")
    assert set(box.production()) == {NOON + 300 * number for number in range(1, 6)}


def test_an_upload_that_shows_others_were_judged_wrongly_has_them_read_again(box):
    for number in (0, 1, 2):        # alone, the first is taken for a repeated one
        true = NOON + 300 * number
        sent_at(box, true + 20, -DAY, [inverter(true - DAY, 1000 + 100 * number)], str(number))
    assert set(box.production()) == {NOON + 300, NOON + 600}


def test_a_reading_that_no_flash_remembers_is_held_and_told(box):
    box.lines(*run_of(NOON, 3, 1000, 100))
    sent_at(box, NOON + 1200, 0, run_of(NOON - 16 * 365 * DAY, 4, 1200, 100), "late")
    assert box.total() == 200 and "4 readings were made under a wrong clock" in texts(box)


def test_while_our_own_clock_is_a_guess_line_100_tells_the_time(box):
    """The recorder was off for a month, and no time server has answered yet."""
    guess = NOON - 30 * DAY
    for number in range(3):
        sent_at(box, guess + 300 * number, 30 * DAY, [inverter(NOON + 300 * number, 1000 + 100 * number)], str(number),
                is_guess=True)
    assert set(box.production()) == {NOON + 300, NOON + 600}


def test_a_pvs_behind_a_guess_is_held(box):
    sent_at(box, NOON, -16 * 365 * DAY, run_of(NOON - 16 * 365 * DAY - 1500, 5, 1000, 100), "0", is_guess=True)
    assert box.total() == 0 and "5 readings were made under a wrong clock" in texts(box)


@pytest.mark.parametrize("ahead", [-365 * DAY, -30 * DAY, 30 * DAY, 365 * DAY])
def test_a_backlog_that_the_wrong_clock_stamped_is_put_right_whatever_its_age(box, ahead):
    """Made and kept under the wrong clock, and sent under it days later, without a reading of the time of sending."""
    box.lines(*run_of(NOON - 3600, 12, 98_800, 100))
    sent_at(box, NOON + 3 * DAY, ahead, run_of(NOON + ahead, 12, 100_000, 100), "backlog")
    box.lines(*run_of(NOON + 3600, 12, 101_200, 100))
    assert box.production() == {NOON - 3300 + 300 * number: 100 for number in range(35)}


def test_a_run_ends_at_a_gap_as_long_as_the_clocks_step():
    sent, captured = NOON + 8 * HOUR, NOON
    times = [sent - 600, sent - 300, NOON - 600, NOON - 300]
    assert clocks.put_right(times, sent, captured) == {sent - 600: NOON - 600, sent - 300: NOON - 300}
