"""When an upload was sent, by its PVS's clock and by ours; what late ones say of that clock, in whatever order."""
import random

import pytest

from appliance.ledger import clocks
from appliance.ledger.upload_times import Frame, frame_of, learn
from appliance.store import transaction
from spcore.uploads import Upload
from tests.ledger.support import HOUR, NOON, PVS, Box, upload

DAY = 86_400


def frame(sent: int, captured: int, pvs: str = PVS) -> Frame:
    return Frame(upload([], captured), pvs, sent, captured)


def told(box: Box, frames: list[Frame]) -> bool:
    with transaction(box.store):
        return learn(box.store, frames)


def judged(box: Box) -> dict[int, bool]:
    """When each late upload was captured → whether its clock was slow."""
    rows = box.store.execute("SELECT captured, is_off FROM late_upload")
    return {captured: bool(is_off) for captured, is_off in rows}


def test_line_100_says_who_sent_an_upload_and_when() -> None:
    found = frame_of(upload([], NOON), is_guess=False)
    assert (found.pvs, found.sent, found.captured, found.is_off) == (PVS, NOON, NOON, False)


@pytest.mark.parametrize("body", [
    b"", b"130\t20260509190000\tX\n", b"100\n", b"\xff\xfe\n", b"100\tSPMS\t10\tZT1\tno time\n"])
def test_an_upload_that_does_not_say_when_it_was_sent_is_of_no_wrong_clock(body: bytes) -> None:
    found = frame_of(Upload(NOON * 1_000_000, "192.0.2.20:49152", "198.51.100.7:80", "/", body, True), is_guess=False)
    assert (found.sent, found.is_off, found.is_lost) == (0, False, False)


def test_while_our_clock_is_a_guess_a_later_line_100_tells_the_time_and_an_earlier_one_is_lost() -> None:
    ours = Upload(NOON * 1_000_000, *_rest(upload([], NOON + DAY)))
    assert frame_of(ours, is_guess=True).captured == NOON + DAY
    behind = frame_of(Upload(NOON * 1_000_000, *_rest(upload([], NOON - DAY))), is_guess=True)
    assert behind.is_lost and behind.captured == NOON


def _rest(one: Upload) -> tuple[str, str, str, bytes, bool]:
    return one.source, one.destination, one.path, one.body, True


def test_one_late_upload_was_repeated_and_two_that_are_late_by_the_same_are_of_a_slow_clock(box: Box) -> None:
    assert not told(box, [frame(NOON, NOON + HOUR)])
    assert judged(box) == {NOON + HOUR: False}
    assert told(box, [frame(NOON + 300, NOON + HOUR + 300)])      # the first one is judged otherwise now
    assert judged(box) == {NOON + HOUR: True, NOON + HOUR + 300: True}


def test_a_right_heartbeat_near_by_shows_that_the_late_ones_were_repeated(box: Box) -> None:
    told(box, [frame(NOON, NOON + HOUR), frame(NOON + 300, NOON + HOUR + 300)])
    assert told(box, [frame(NOON + HOUR + 60, NOON + HOUR + 60), frame(NOON + HOUR + 290, NOON + HOUR + 290)])
    assert set(judged(box).values()) == {False}


def test_another_boxes_uploads_say_nothing_of_this_ones_clock(box: Box) -> None:
    told(box, [frame(NOON, NOON + HOUR), frame(NOON + 300, NOON + HOUR + 300, "ZT160000000441C0002")])
    assert set(judged(box).values()) == {False}


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_any_batches_end_with_the_same_judgement(quick_path, seed: int) -> None:
    rng = random.Random(seed)
    frames = [frame(NOON + 300 * number - late, NOON + 300 * number) for number in range(30)
              for late in rng.choice([(0,), (HOUR,), (HOUR, 2 * HOUR), (HOUR + 30 * number,)])]
    found = []
    for order in range(3):
        box = Box(quick_path / str(order))
        todo = rng.sample(frames, len(frames))
        while todo:
            batch, todo = todo[:7], todo[7:]
            told(box, [Frame(one.upload, one.pvs, one.sent, one.captured) for one in batch])
        found.append((judged(box), box.store.execute("SELECT first, last FROM right_clock ORDER BY first").fetchall()))
        box.close()
    assert found[0] == found[1] == found[2]
    assert all(last - first >= 0 for first, last in found[0][1]) and clocks.RIGHT_S < 300
