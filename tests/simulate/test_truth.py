"""The truth about a capture: what is certain after a loss, worked out by hand and against a slow twin."""
import hashlib
import json
import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.simulate import truth, uploads
from appliance.simulate.traffic import Conversation, Mischief
from appliance.simulate.truth import Sent, Stream, Truth, join
from tests.traffic.storm import posts


def test_a_lost_segment_costs_only_the_lines_that_touch_it_and_the_one_behind_it():
    body = b"".join(b"130\t%04d\tabcdefghijklmnopqrstuvw\n" % number for number in range(100))
    post = uploads.post(body)
    talk = Conversation(mss=400)
    start, end = talk.begin(post)
    for at in range(start, end, 400):
        talk.transmit(at, min(at + 400, end), captured=at != 1200)
    talk.acknowledge()
    (sent,) = talk.truth().uploads
    first, last = 1200 - post.head, 1600 - post.head
    expected = [number for number in range(100)
                if (number + 1) * 33 <= first or number * 33 > last]
    assert not sent.exact
    assert [int(line[1]) for line in sent.lines] == expected


def test_a_hole_that_ends_at_a_line_start_does_not_make_that_line_certain():
    body = b"1\taaaa\n2\tbbbb\n3\tcccc\n"
    post = uploads.post(body)
    assert truth.certain(post, [(post.head + 7, post.head + 14)]) == [["1", "aaaa"]]
    assert truth.certain(post, [(post.head + 7, post.head + 13)]) == [["1", "aaaa"], ["3", "cccc"]]
    assert truth.certain(post, [(post.head + 6, post.head + 7)]) == [["3", "cccc"]]


def test_a_hole_in_the_header_block_leaves_nothing_certain_and_uploads_behind_it_optional():
    talk = Conversation()
    for number, post in enumerate(posts(random.Random(1), 3)):
        talk.post(post, Mischief(lose=1.0) if number == 1 else Mischief())
    first, second, third = talk.truth().uploads
    assert first.exact and first.required
    assert second.lines == () and not second.exact
    assert third.exact and not third.required


def test_a_hole_in_a_chunk_size_ends_what_is_certain():
    body = b"1\taaaa\n2\tbbbb\n3\tcccc\n"
    post = uploads.post(body, chunks=[7])
    _, second, third = (offset for offset, _ in post.pieces)
    assert truth.certain(post, [(second - 3, second - 2)]) == [["1", "aaaa"]]
    assert truth.certain(post, [(second, second + 3)]) == [["1", "aaaa"], ["3", "cccc"]]
    assert truth.framing_lost(post, [(third - 2, third)])
    assert not truth.framing_lost(post, [(second, second + 7)])


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda span: (span[0], sum(span))), max_size=12)


@settings(max_examples=50)
@given(SPANS, st.integers(0, 60), st.integers(0, 60))
def test_ranges_hold_what_a_set_of_positions_holds(spans, low, high):
    ranges, positions = [], set()
    for start, end in spans:
        truth.add(ranges, start, end)
        positions |= set(range(start, end))
    assert {position for start, end in ranges for position in range(start, end)} == positions
    assert all(before[1] < after[0] for before, after in pairwise(ranges)) and all(start < end for start, end in ranges)
    missing = {position for start, end in truth.gaps(ranges, low, high) for position in range(start, end)}
    assert missing == set(range(low, high)) - positions


def test_lines_of_a_body_are_those_that_begin_with_a_number():
    assert truth.lines(b"100\tSPMS\r\nnonsense\n\n130\ta\tb") == [["100", "SPMS"], ["130", "a", "b"]]
    assert truth.lines(b"") == []


def test_what_is_written_beside_a_capture_is_what_must_come_out(tmp_path):
    sent = [Sent("192.0.2.1:1", "192.0.2.2:80", "/x", b"1\ta\n", True, True, (("1", "a"),)),
            Sent("192.0.2.1:1", "192.0.2.2:80", "/x", b"2\tb\n3\tc\n", False, True, (("3", "c"),)),
            Sent("192.0.2.1:1", "192.0.2.2:80", "/x", b"4\td\n", True, False, (("4", "d"),))]
    found = join([Truth(sent[:1], []), Truth(sent[1:], [])])
    assert (found.exact(), found.broken(), found.records()) == (sent[:1], sent[1:2], ["1\ta", "3\tc"])
    found.save_records(tmp_path / "x.records")
    found.save(tmp_path / "x.json")
    assert (tmp_path / "x.records").read_text() == "1\ta\n3\tc\n"
    entries = json.loads((tmp_path / "x.json").read_text())
    assert entries[0]["sha256"] == hashlib.sha256(b"1\ta\n").hexdigest() and entries[1]["lines"] == ["3\tc"]


def test_a_streams_captured_bytes_are_those_outside_its_gaps():
    assert Stream("a", "b", b"0123456789", [(2, 4), (8, 10)]).captured() == b"014567"
