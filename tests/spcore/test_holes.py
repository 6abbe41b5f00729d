"""When a hole is given up: by acknowledgement, by what waits behind it, by age, at the end; the unknown beginning."""
import pytest

from spcore.engine import Engine
from spcore.limits import Limits
from tests.spcore.tcp import SECOND, Talk, bodies, post, see

TEXT = bytes(range(256)) * 8

def test_a_hole_is_declared_when_the_receivers_ack_passed_it_and_its_bytes_stay_away():
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").ack(9).wait(SECOND).data(9, b"jkl")
    data, gaps, counters = see(talk)
    assert (data, gaps) == (b"abcghijkl", [(3, 3)])
    assert counters["holes_by_ack"] == 1
    assert counters["hole_bytes"] == 3


def test_bytes_captured_shortly_after_their_ack_are_no_hole():
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").ack(9).data(3, b"def").ack(9)
    assert see(talk)[:2] == (b"abcdefghi", [])


def test_an_ack_that_passes_a_part_of_the_hole_gives_up_that_part_only():
    talk = Talk().open().data(0, b"abc").data(9, b"jkl").ack(6).wait(SECOND).ack(6).data(6, b"ghi")
    assert see(talk)[:2] == (b"abcghijkl", [(3, 3)])


def test_a_hole_that_nobody_acknowledged_waits_for_its_bytes():
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").ack(3).wait(30 * SECOND).ack(3).data(3, b"def")
    assert see(talk)[:2] == (b"abcdefghi", [])


def test_a_hole_that_nobody_acknowledged_is_given_up_by_age():
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").ack(3)
    for _ in range(7):
        talk.wait(9 * SECOND).ack(3)
    engine = Engine(ports=None, digest=True)
    engine.feed(talk.frames)
    assert ("hole", 0, 3, 3) in engine.take_events()
    assert engine.counters()["holes_by_age"] == 1


def test_a_hole_is_given_up_when_too_many_bytes_wait_behind_it():
    talk = Talk().open().data(0, b"abc")
    for at in range(6, 6 + 5000, 100):
        talk.data(at, b"q" * 100)
    data, gaps, counters = see(talk, Limits(max_queue=4096))
    assert (data, gaps) == (b"abc" + b"q" * 5000, [(3, 3)])
    assert counters["holes_by_queue"] == 1


def test_a_hole_is_given_up_when_too_many_pieces_wait_behind_it():
    talk = Talk().open().data(0, b"a")
    for at in range(2, 42, 2):
        talk.data(at, b"q")
    data, gaps, counters = see(talk, Limits(max_ranges=8))
    assert data == b"a" + b"q" * 20
    assert gaps == [(at, 1) for at in range(1, 41, 2)]
    assert counters["holes_by_queue"] > 0


def test_holes_are_events_never_bytes():
    talk = Talk().open().data(0, b"abc").data(1000, b"xyz").ack(1003)
    data, gaps, counters = see(talk)
    assert (data, gaps) == (b"abcxyz", [(3, 997)])
    assert counters["hole_bytes"] == 997


def test_bytes_acknowledged_but_never_captured_at_the_end_are_a_hole():
    assert see(Talk().open().data(0, b"abc").ack(10))[:2] == (b"abc", [(3, 7)])


def test_acknowledged_bytes_of_a_silent_capture_are_a_hole_from_the_first_byte():
    assert see(Talk().open().ack(10).wait(SECOND).data(10, b"x"))[:2] == (b"x", [(0, 10)])


def test_a_capture_that_starts_in_the_middle_begins_at_its_lowest_byte():
    talk = Talk().data(100, b"def").data(97, b"abc").ack(103).wait(SECOND).data(103, b"ghi")
    assert see(talk)[:2] == (b"abcdefghi", [])


def test_in_the_middle_earlier_bytes_are_refused_once_something_was_delivered():
    talk = Talk().data(100, b"abc").ack(103).wait(SECOND).data(103, b"def").data(90, b"z" * 10)
    assert see(talk)[:2] == (b"abcdef", [])


def test_in_the_middle_of_a_body_the_next_request_is_found():
    stream = post(b"1\tlost\n") + post(b"2\tfound\n")
    talk = Talk()
    for at in range(60, len(stream), 50):
        talk.data(at, stream[at:at + 50]).ack(min(at + 50, len(stream)))
    assert bodies(talk.frames) == [(b"2\tfound\n", True)]


@pytest.mark.parametrize("start", range(0, 140))
def test_wherever_the_capture_starts_only_what_was_sent_comes_out(start):
    stream = post(b"1\tlost\n") + post(b"2\tfound\n")
    talk = Talk().data(start, stream[start:start + 40]).data(start + 40, stream[start + 40:]).ack(len(stream))
    found = bodies(talk.frames)
    assert found in ([(b"1\tlost\n", True), (b"2\tfound\n", True)], [(b"2\tfound\n", True)], [])
    assert (len(found) == 2) == (start == 0)
    if start <= len(post(b"1\tlost\n")):
        assert found[-1:] == [(b"2\tfound\n", True)]


def test_a_keepalive_byte_captured_first_does_not_hide_the_upload_behind_it():
    upload = post(b"1\tone\n")
    talk = Talk().data(999, b"\0").ack(1000).wait(40 * SECOND).data(999, b"\0").ack(1000).wait(SECOND)
    for at in range(0, len(upload), 60):
        talk.data(1000 + at, upload[at:at + 60])
    talk.ack(1000 + len(upload))
    assert bodies(talk.frames) == [(b"1\tone\n", True)]


def test_one_byte_segments_from_the_middle_on_lose_nothing_but_perhaps_the_first():
    for order in (range(20), range(19, -1, -1)):
        talk = Talk()
        for at in order:
            talk.data(500 + at, TEXT[at:at + 1])
        assert see(talk)[:2] == (TEXT[1 if order[0] == 0 else 0:20], [])
