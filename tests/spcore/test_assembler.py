"""Pieces of a sequence in any order, held against a slow twin: a dict of positions."""
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spcore.tcp import Talk, see

TEXT = bytes(range(256)) * 8

@pytest.mark.parametrize("order", [[2, 1, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1, 0, 2]])
def test_any_order_and_repeats_give_the_same_stream(order):
    talk = Talk().open()
    for index in order:
        talk.data(index * 100, TEXT[index * 100:index * 100 + 100])
    data, gaps, _ = see(talk)
    assert (data, gaps) == (TEXT[:300], [])


def test_among_queued_bytes_the_first_captured_win_and_the_difference_is_counted():
    talk = Talk().open().data(10, b"AAAA").data(8, b"bbBBBBbb").data(0, b"01234567")
    data, _, counters = see(talk)
    assert data == b"01234567" + b"bbAAAAbb"
    assert counters["bytes_conflicting"] > 0


def test_a_retransmission_cut_differently_adds_only_what_is_new():
    talk = Talk().open().data(0, TEXT[:100]).data(50, TEXT[50:170]).data(20, TEXT[20:300])
    assert see(talk)[:2] == (TEXT[:300], [])


@pytest.mark.parametrize("mess", ["reversed", "repeated", "one byte"])
def test_hostile_orders_are_not_quadratic(mess):
    """Counted, not timed: pieces in hostile order stay one range, so nothing is given up and nothing is lost."""
    stream = random.Random(1).randbytes(60_000)
    size = 1 if mess == "one byte" else 50
    starts = list(range(0, len(stream), size))
    if mess == "reversed":
        starts = starts[:1] + starts[:0:-1]
    if mess == "repeated":
        starts = [start for start in starts for _ in range(3)]
    talk = Talk().open()
    for start in starts:
        talk.data(start, stream[start:start + size])
    data, gaps, _ = see(talk)
    assert (data, gaps) == (stream, [])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6000), st.integers(1, 2500), st.integers(0, 255)), min_size=1, max_size=25))
def test_any_pieces_are_what_a_dict_of_positions_keeps(pieces):
    """Queued behind one missing byte; the first captured byte of each position wins, a differing one is counted."""
    twin, differs = {}, False
    talk = Talk().open()
    for start, length, value in pieces:
        talk.data(start, bytes([value]) * length)
        for position in range(start, start + length):
            differs |= twin.setdefault(position, value) != value
    data, gaps, counters = see(talk)
    assert data == bytes(twin[position] for position in sorted(twin))
    missing = set(range(max(twin) + 1)) - twin.keys()
    assert {position for start, length in gaps for position in range(start, start + length)} == missing
    assert (counters["bytes_conflicting"] > 0) == differs
    assert counters["memory"] == 0


@pytest.mark.parametrize("start", [1, 2047, 2048, 2049, 4095, 4096])
@pytest.mark.parametrize("size", [1, 2, 2047, 2048, 2049, 6144])
def test_pieces_at_the_edges_of_pages_are_kept(start, size):
    stream = random.Random(size).randbytes(start + size)
    assert see(Talk().open().data(start, stream[start:]).data(0, stream[:start]))[:2] == (stream, [])

