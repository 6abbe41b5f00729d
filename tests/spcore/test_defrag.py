"""IP fragments: every order, and every lie, which costs its own datagram and nothing else."""
import itertools
import random
import struct

import pytest

from appliance.simulate.packets import Direction, Host, Wire
from spcore.limits import Limits
from tests.spcore.tcp import COLLECTOR, SECOND, Talk, bodies, feed, post, see

BODY = b"".join(b"130\t%04d\n" % number for number in range(12))
UPLOAD = post(BODY)
V6 = {"client": "2001:db8::50", "server": "2001:db8::10"}
FAMILIES = pytest.mark.parametrize("ends", [{}, V6], ids=["v4", "v6"])


def piece(talk: Talk, number: int, offset: int, payload: bytes, more: bool, protocol: int = 6) -> tuple[int, bytes]:
    talk.now += 10
    if protocol != 6 and talk.up.v6:
        packet = talk.up.datagram(payload, number, offset, more)
        packet = packet[:40] + bytes([protocol]) + packet[41:]
    else:
        packet = talk.up.datagram(payload, number, offset, more, protocol)
    return talk.now, talk.up.frame(packet)


@FAMILIES
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_fragments_in_any_order_are_the_segment(ends, order):
    talk = Talk(**ends).open()
    assert len(talk.up.fragments(talk.segment(0, UPLOAD), 64)) == 4
    assert see(talk.fragments(0, UPLOAD, 64, order))[:2] == (UPLOAD, [])


@FAMILIES
def test_a_fragment_that_comes_twice_is_ignored_and_counted(ends):
    data, gaps, counters = see(Talk(**ends).open().fragments(0, UPLOAD, 64, [2, 2, 0, 0, 3, 3, 1]))
    assert (data, gaps) == (UPLOAD, [])
    assert counters["fragments_duplicate"] == 3
    assert (counters["fragments"], counters["datagrams"]) == (7, 1)


@FAMILIES
def test_a_fragment_inside_what_is_held_is_a_duplicate_whatever_it_says(ends):
    talk = Talk(**ends).open()
    segment = talk.segment(0, UPLOAD)
    frames = [piece(talk, 9, 0, segment[:96], True), piece(talk, 9, 24, b"\xff" * 24, True),
              piece(talk, 9, 96, segment[96:], False)]
    data, _, counters = see(talk_with(talk, frames))
    assert (data, counters["fragments_duplicate"]) == (UPLOAD, 1)


def talk_with(talk: Talk, frames: list[tuple[int, bytes]]) -> Talk:
    talk.frames += frames
    return talk


@FAMILIES
@pytest.mark.parametrize("start, size", [(80, 32), (88, 24), (64, 64), (96, 16)])
def test_any_other_overlap_drops_the_whole_datagram_and_counts_it(ends, start, size):
    talk = Talk(**ends).open()
    segment = talk.segment(0, UPLOAD)
    frames = [piece(talk, 9, 0, segment[:88], True), piece(talk, 9, 104, segment[104:120], True),
              piece(talk, 9, start, segment[start:start + size], True), piece(talk, 9, 120, segment[120:], False)]
    _, counters = feed(talk_with(talk, frames).frames)
    assert (counters["fragments_overlapping"], counters["datagrams"]) == (1, 0)


@FAMILIES
def test_after_an_overlap_the_same_segment_sent_again_is_read(ends):
    talk = Talk(**ends).open()
    segment = talk.segment(0, UPLOAD)
    frames = [piece(talk, 9, 0, segment[:96], True), piece(talk, 9, 88, segment[88:], False)]
    talk_with(talk, frames).wait(SECOND).data(0, UPLOAD)
    data, _, counters = see(talk)
    assert (data, counters["fragments_overlapping"]) == (UPLOAD, 1)


@FAMILIES
@pytest.mark.parametrize("lie", [
    ("no data", 0, b"", True), ("not a multiple of eight", 0, bytes(60), True),
    ("beyond 65,535", 65_528, bytes(16), False), ("beyond 65,535 in 16 bits", 65_528, bytes(32), True),
])
def test_lengths_that_lie_are_dropped_and_counted(ends, lie):
    _, offset, payload, more = lie
    talk = Talk(**ends).open()
    talk_with(talk, [piece(talk, 9, offset, payload, more)]).data(0, UPLOAD)
    data, _, counters = see(talk)
    assert (data, counters["fragments_bad"]) == (UPLOAD, 1)


@FAMILIES
def test_a_datagram_of_65535_bytes_is_put_together_and_one_byte_more_is_not(ends):
    """The bound is not computed in 16 bits."""
    for extra, whole in ((0, 1), (1, 0)):
        talk = Talk(**ends).open()
        segment = talk.segment(0, random.Random(1).randbytes(65_535 - 20 + extra))
        frames = [piece(talk, 9, at, segment[at:at + 8192], at + 8192 < len(segment))
                  for at in range(0, len(segment), 8192)]
        _, counters = feed(frames, limits=Limits(unknown_window=1 << 20))
        assert (counters["datagrams"], counters["fragments_bad"]) == (whole, extra)


@FAMILIES
def test_a_tiny_first_fragment_drops_its_datagram(ends):
    talk = Talk(**ends).open()
    segment = talk.segment(0, UPLOAD)
    frames = [piece(talk, 9, 0, segment[:16], True), piece(talk, 9, 16, segment[16:], False)]
    _, counters = feed(talk_with(talk, frames).frames)
    assert (counters["fragments_tiny"], counters["datagrams"]) == (1, 0)


@FAMILIES
def test_a_fragment_that_would_overwrite_the_tcp_header_drops_its_datagram(ends):
    talk = Talk(**ends).open()
    segment = talk.segment(0, UPLOAD)
    frames = [piece(talk, 9, 8, segment[8:64], True), piece(talk, 9, 64, segment[64:], False),
              piece(talk, 9, 0, segment[:24], True)]
    _, counters = feed(talk_with(talk, frames).frames)
    assert (counters["fragments_tiny"], counters["datagrams"]) == (1, 0)


@FAMILIES
@pytest.mark.parametrize("second", [120, 160])
def test_a_second_last_fragment_with_another_end_drops_the_datagram(ends, second):
    talk = Talk(**ends).open()
    segment = talk.segment(0, UPLOAD)
    frames = [piece(talk, 9, 128, segment[128:144], False), piece(talk, 9, second, segment[second:second + 8], False),
              piece(talk, 9, 0, segment[:120], True)]
    _, counters = feed(talk_with(talk, frames).frames)
    assert (counters["fragments_bad"], counters["datagrams"]) == (1, 0)


@FAMILIES
def test_a_fragment_behind_the_end_drops_the_datagram(ends):
    talk = Talk(**ends).open()
    frames = [piece(talk, 9, 128, bytes(16), False), piece(talk, 9, 144, bytes(16), True)]
    assert feed(frames)[1]["fragments_bad"] == 1


@FAMILIES
@pytest.mark.parametrize("differ", ["identification", "protocol", "source", "vlan"])
def test_fragments_that_differ_in_one_part_of_the_key_are_never_mixed(ends, differ):
    talk = Talk(**ends).open()
    segment = talk.segment(0, UPLOAD)
    there = ends.get("server", COLLECTOR)
    other = talk
    if differ == "source":
        other = Talk(**ends)
        other.up = Direction(Host("2001:db8::51" if ends else "192.168.1.51", 40001), Host(there, 80), Wire())
    if differ == "vlan":
        other = Talk(**ends, wire=Wire(vlans=(9,)))
    evil = piece(other, 10 if differ == "identification" else 9, 96, b"\xee" * (len(segment) - 96), False,
                 17 if differ == "protocol" else 6)
    frames = [piece(talk, 9, 0, segment[:96], True), evil, piece(talk, 9, 96, segment[96:], False)]
    talk.frames += frames
    data, gaps, _ = see(talk)
    assert (data, gaps) == (UPLOAD, [])


@FAMILIES
def test_a_datagram_waits_30_seconds_of_packet_time_and_not_longer(ends):
    for seconds, whole in ((28, True), (33, False)):
        talk = Talk(**ends).open()
        pieces = talk.up.fragments(talk.segment(0, UPLOAD), 96)
        talk.frame(talk.up.frame(pieces[0]))
        for _ in range(seconds // 4):
            talk.wait(4 * SECOND).ack(0)
        for packet in pieces[1:]:
            talk.frame(talk.up.frame(packet))
        engine_counters = feed(talk.frames)[1]
        assert engine_counters["datagrams"] == whole
        assert engine_counters["datagrams_expired"] == (not whole)


def test_a_clock_that_steps_back_while_fragments_wait_loses_nothing():
    talk = Talk().open()
    pieces = talk.up.fragments(talk.segment(0, UPLOAD), 96)
    talk.frame(talk.up.frame(pieces[0])).wait(-3600 * SECOND).frame(talk.up.frame(pieces[1]))
    for packet in pieces[2:]:
        talk.wait(86_400 * SECOND).frame(talk.up.frame(packet))
    assert see(talk)[:2] == (UPLOAD, [])


def test_the_oldest_datagram_goes_when_there_are_too_many():
    talk = Talk().open()
    segment = talk.segment(0, UPLOAD)
    frames = [piece(talk, number, 0, segment[:64], True) for number in range(10)]
    frames += [piece(talk, number, 64, segment[64:], False) for number in range(10)]
    _, counters = feed(frames, limits=Limits(max_datagrams=4))
    assert counters["datagrams_evicted"] >= 6
    assert counters["datagrams"] <= 4
    assert feed(frames[:14:-1] + frames[6:10], limits=Limits(max_datagrams=8))[1]["datagrams_evicted"] == 0


def test_datagrams_share_a_budget_of_bytes_and_the_oldest_goes_first():
    limits = Limits(max_memory=3 * 40_000)
    talk = Talk().open()
    segment = talk.segment(0, UPLOAD)
    frames = [piece(talk, number, 0, bytes(1400), True) for number in range(100)]
    frames += [piece(talk, 900, 0, segment[:64], True), piece(talk, 900, 64, segment[64:], False)]
    uploads, counters = feed(talk.frames + frames, limits=limits)
    assert [upload.body for upload in uploads] == [BODY]
    assert counters["datagrams_evicted"] > 50
    assert counters["memory_peak"] <= limits.max_memory


def test_a_datagram_larger_than_the_budget_is_dropped_and_the_next_is_read():
    talk = Talk().open()
    frames = [piece(talk, 1, at, bytes(8000), True) for at in range(0, 40_000, 8000)]
    talk.frames += frames
    talk.fragments(0, UPLOAD, 64)
    uploads, counters = feed(talk.frames, limits=Limits(max_memory=3 * 16_000))
    assert [upload.body for upload in uploads] == [BODY]
    assert counters["datagrams_evicted"] >= 1


def test_a_datagram_in_more_pieces_than_any_wire_makes_is_dropped():
    talk = Talk().open()
    frames = [piece(talk, 1, at, bytes(8), True) for at in range(16, 16 + 16 * 200, 16)]
    assert feed(frames)[1]["fragments_bad"] == 1
    assert feed(frames[:Limits.max_fragments])[1]["fragments_bad"] == 0
    assert feed(frames[:4], limits=Limits(max_fragments=4))[1]["fragments_bad"] == 0
    assert feed(frames[:5], limits=Limits(max_fragments=4))[1]["fragments_bad"] == 1


def test_fragments_of_protocols_that_carry_no_tunnel_are_other_peoples_traffic():
    talk = Talk()
    _, counters = feed([piece(talk, 1, 0, bytes(64), True, 50)])
    assert (counters["packets_other"], counters["fragments"]) == (1, 0)


def test_ipv6_fragments_may_carry_further_extension_headers():
    talk = Talk(**V6).open()
    whole = b"\x06\0" + bytes(6) + talk.segment(0, UPLOAD)
    frames = [piece(talk, 5, 0, whole[:64], True, 60), piece(talk, 5, 64, whole[64:], False, 60)]
    assert bodies(talk.frames + frames) == [(BODY, True)]


def test_a_fragment_within_a_fragment_is_not_followed():
    """A datagram that, put together, is again a fragment: dropped, nothing is put together a second time."""
    talk = Talk(**V6).open()
    inner = struct.pack("!BBHI", 6, 0, 1, 77) + talk.segment(0, UPLOAD)
    frames = [piece(talk, 5, 0, inner[:64], True, 44), piece(talk, 5, 64, inner[64:], False, 44)]
    uploads, counters = feed(talk.frames + frames)
    assert (uploads, counters["datagrams"]) == ([], 1)


@FAMILIES
def test_random_fragments_never_harm_anybody(ends):
    rng = random.Random(7)
    talk = Talk(**ends).open()
    frames = []
    for _ in range(5000):
        frames.append(piece(talk, rng.randrange(4), rng.randrange(0, 300) * 8, rng.randbytes(rng.randrange(90)),
                            rng.random() < 0.8, rng.choice((6, 17, 44, 60, 0))))
    _, counters = feed(frames, limits=Limits(max_memory=3 * 20_000))
    assert counters["fragments"] > 900
    assert counters["memory_peak"] <= 60_000
