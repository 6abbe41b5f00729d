"""TCP reassembly: what the receiver saw, every rule by name. Shown on the streams and, where it matters, on uploads."""
import random

import pytest

from appliance.simulate.packets import ACK, FIN, PSH, RST, SYN, URG, Wire
from spcore.engine import Engine
from spcore.limits import Limits
from tests.spcore.tcp import PVS, SECOND, Talk, bodies, feed, post, see, see_all

TEXT = bytes(range(256)) * 8


def test_segments_in_order_are_the_stream_and_nothing_is_queued():
    data, gaps, counters = see(Talk().open().whole(TEXT).fin(len(TEXT)))
    assert (data, gaps) == (TEXT, [])
    assert counters["segments_queued"] == 0
    assert counters["segments_in_order"] == 4


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1, 0, 2]])
def test_any_order_and_repeats_give_the_same_stream(order):
    talk = Talk().open()
    for index in order:
        talk.data(index * 100, TEXT[index * 100:index * 100 + 100])
    data, gaps, _ = see(talk)
    assert (data, gaps) == (TEXT[:300], [])


@pytest.mark.parametrize("isn", [0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFF00, 0x7FFFFFFF, 0x80000000, 0])
@pytest.mark.parametrize("reverse", [False, True])
def test_the_sequence_number_wraps_at_every_possible_byte(isn, reverse):
    talk = Talk(isn=isn).open()
    pieces = [(at, TEXT[at:at + 37]) for at in range(0, 740, 37)]
    for at, piece in reversed(pieces) if reverse else pieces:
        talk.data(at, piece)
    data, gaps, _ = see(talk)
    assert (data, gaps) == (TEXT[:740], [])


def test_a_stream_longer_than_the_sequence_space_keeps_its_64_bit_positions():
    """Acknowledged in giant steps: 5 GiB pass as holes, and the bytes behind them still stand at the right offset."""
    talk, step = Talk().open(), 1 << 29
    talk.data(0, b"begin")
    for at in range(step, 11 * step, step):
        talk.ack(at).wait(SECOND).ack(at).data(at, b"x")
        talk.ack(at + 1)
    data, gaps, _ = see(talk, Limits(idle_age=1 << 60))
    assert data == b"begin" + b"x" * 10
    assert gaps[0] == (5, step - 5)
    assert gaps[-1] == (9 * step + 1, step - 1)
    assert sum(length for _, length in gaps) + len(data) == 10 * step + 1


def test_delivered_bytes_never_change():
    talk = Talk().open().data(0, b"first").data(0, b"other").data(3, b"xxyz")
    assert see(talk)[0] == b"firstyz"


def test_among_queued_bytes_the_first_captured_win_and_the_difference_is_counted():
    talk = Talk().open().data(10, b"AAAA").data(8, b"bbBBBBbb").data(0, b"01234567")
    data, _, counters = see(talk)
    assert data == b"01234567" + b"bbAAAAbb"
    assert counters["bytes_conflicting"] > 0


def test_a_retransmission_cut_differently_adds_only_what_is_new():
    talk = Talk().open().data(0, TEXT[:100]).data(50, TEXT[50:170]).data(20, TEXT[20:300])
    assert see(talk)[:2] == (TEXT[:300], [])


def test_a_keepalive_with_a_garbage_byte_changes_nothing():
    talk = Talk().open().data(0, b"abc").ack(3).data(2, b"\0").ack(3).data(3, b"def")
    data, gaps, counters = see(talk)
    assert (data, gaps) == (b"abcdef", [])
    assert counters["segments_old"] == 1


def test_a_probe_of_a_closed_window_is_ignored():
    talk = Talk().open().data(0, b"abc").ack(3, window=0).data(3, b"?").ack(3, window=0).ack(3).data(3, b"def")
    data, gaps, counters = see(talk)
    assert (data, gaps) == (b"abcdef", [])
    assert counters["window_probes"] == 1


def test_a_segment_far_beyond_the_window_is_ignored():
    limits = Limits(window_slack=1000)
    talk = Talk().open().data(0, b"abc").ack(3, window=500).data(5000, b"evil").data(3, b"def")
    data, gaps, counters = see(talk, limits)
    assert (data, gaps) == (b"abcdef", [])
    assert counters["segments_outside"] == 1


def test_without_the_receivers_side_a_window_is_taken_for_granted():
    talk = Talk().syn().data(0, b"abc").data(5000, b"evil").data(3, b"def")
    data, gaps, counters = see(talk, Limits(unknown_window=1000))
    assert (data, gaps, counters["segments_outside"]) == (b"abcdef", [], 1)


@pytest.mark.parametrize("scale, believed", [(0, False), (7, True), (14, True), (200, True)])
def test_the_window_scale_of_both_syns_counts_and_is_capped_at_14(scale, believed):
    talk = Talk().syn(scale=2).syn_ack(scale=scale).ack(0, window=100).data(0, b"a").data(10_000, b"far")
    _, gaps, counters = see(talk, Limits(window_slack=0))
    assert (counters["segments_outside"] == 0) == believed
    assert bool(gaps) == believed


def test_a_window_scale_that_only_one_side_offers_is_not_used():
    talk = Talk().syn().syn_ack(scale=10).ack(0, window=100).data(0, b"a").data(10_000, b"far")
    assert see(talk, Limits(window_slack=0))[2]["segments_outside"] == 1


def test_data_on_the_syn_counts():
    talk = Talk().syn(b"early").syn_ack().data(5, b" late")
    assert see(talk)[0] == b"early late"


def test_an_upload_on_the_syn_is_found():
    upload = post(b"130\t1\n")
    assert bodies(Talk().syn(upload).syn_ack().ack(len(upload)).frames) == [(b"130\t1\n", True)]


def test_a_syn_captured_after_the_data_still_marks_the_beginning():
    data, gaps, _ = see(Talk().data(0, b"abc").syn().data(3, b"def"))
    assert (data, gaps) == (b"abcdef", [])


def test_the_same_syn_again_changes_nothing():
    data, _, counters = see(Talk().open().data(0, b"abc").syn().data(3, b"def"))
    assert data == b"abcdef"
    assert counters["ports_reused"] == 0


def test_fin_ahead_of_data_does_not_drop_the_data():
    data, gaps, _ = see(Talk().open().data(0, b"abc").fin(6).data(3, b"def").ack(7))
    assert (data, gaps) == (b"abcdef", [])


def test_fin_with_data_ahead_of_data_keeps_both():
    data, gaps, _ = see(Talk().open().fin(3, b"def").data(0, b"abc").ack(7))
    assert (data, gaps) == (b"abcdef", [])


def test_nothing_is_taken_behind_the_fin():
    assert see(Talk().open().fin(0, b"abc").data(3, b"ghost").data(1, b"bcXYZ"))[:2] == (b"abc", [])


def test_data_reaching_over_a_fin_that_waits_is_cut_there():
    data, gaps, counters = see(Talk().open().fin(6).data(3, b"defGHOST").data(0, b"abc"))
    assert (data, gaps) == (b"abcdef", [])
    assert counters["segments_outside"] == 1


def test_bytes_missing_before_the_fin_are_a_hole():
    assert see(Talk().open().data(0, b"abc").fin(10))[:2] == (b"abc", [(3, 7)])


def test_an_ended_connection_is_remembered_so_that_its_retransmissions_start_nothing():
    talk = Talk().open().data(0, b"abc").fin(3).ack(4).data(0, b"abc").fin(3)
    found, counters = see_all(talk.frames)
    assert len(found) == 2
    assert counters["flows"] == 1


def test_rst_in_the_window_ends_the_stream():
    upload = post(b"1\n")
    talk = Talk().open().data(0, upload).ack(len(upload)).rst(len(upload))
    engine = Engine()
    assert [u.body for u in engine.feed(talk.frames)] == [b"1\n"]
    assert engine.counters()["resets_outside"] == 0


@pytest.mark.parametrize("offset", [-1, -100, 1 << 20, -(1 << 20), (1 << 31) - 1])
def test_rst_outside_the_window_is_ignored_and_counted(offset):
    talk = Talk().open().data(0, b"abc").ack(3).rst(3 + offset).data(3, b"def")
    data, gaps, counters = see(talk)
    assert (data, gaps) == (b"abcdef", [])
    assert counters["resets_outside"] == 1


def test_rst_is_a_position_and_data_captured_late_before_it_is_given_out():
    assert see(Talk().open().data(0, b"abc").ack(3).rst(6).data(3, b"def"))[:2] == (b"abcdef", [])


def test_a_rst_that_the_receiver_did_not_honour_does_not_end_the_stream():
    talk = Talk().open().data(0, b"abc").ack(3).rst(100).data(3, b"x" * 200).ack(203)
    assert see(talk)[:2] == (b"abc" + b"x" * 200, [])


def test_a_syn_with_another_initial_number_starts_a_new_stream_also_without_a_fin():
    first = Talk(isn=1000).open().data(0, b"one")
    second = Talk(isn=900_000, at=first.now).open().data(0, b"two").fin(3)
    found, counters = see_all(first.frames + second.frames)
    assert [bytes(seen.data) for source, _, seen in found if source.startswith(PVS)] == [b"one", b"two"]
    assert counters["ports_reused"] == 1


def test_ports_reused_after_a_fin_do_not_merge_two_streams():
    first = Talk(isn=1000).open().data(0, b"one").fin(3).ack(4)
    second = Talk(isn=2000, at=first.now).open().data(0, b"two").fin(3)
    found, _ = see_all(first.frames + second.frames)
    assert [bytes(seen.data) for source, _, seen in found if source.startswith(PVS)] == [b"one", b"two"]


def test_an_upload_cut_off_by_a_reused_port_is_salvaged_and_the_next_is_whole():
    upload = post(b"1\tone\n2\ttwo\n3\tthree\n")
    first = Talk(isn=1000).open().data(0, upload[:-4])
    second = Talk(isn=77, at=first.now).open().whole(post(b"9\tnine\n"))
    assert bodies(first.frames + second.frames) == [(b"1\tone\n2\ttwo\n", False), (b"9\tnine\n", True)]


@pytest.mark.parametrize("other", [
    {"port": 40002}, {"client": "192.168.1.51"}, {"server": "203.0.113.11"}, {"wire": Wire(vlans=(5,))},
])
def test_connections_that_differ_in_one_part_of_the_key_are_never_mixed(other):
    one, two = Talk().open(), Talk(**other).open()
    for at in range(0, 600, 60):
        one.data(at, b"1" * 60)
        two.data(at, b"2" * 60)
    frames = [frame for pair in zip(one.frames, two.frames, strict=True) for frame in pair]
    found, counters = see_all(frames)
    assert counters["flows"] == 2
    assert sorted(bytes(seen.data) for source, _, seen in found if not source.endswith(":80")) == [
        b"1" * 600, b"2" * 600]


def test_keys_that_share_a_hash_bucket_are_compared_in_full():
    """Far more connections than buckets: every one keeps its own bytes."""
    talks = [Talk(port=1024 + number % 60_000, client=f"10.0.{number // 60_000}.1", isn=number).open()
             .data(0, b"%06d" % number) for number in range(3000)]
    found, _ = see_all([frame for talk in talks for frame in talk.frames], Limits(max_flows=4096))
    data = {source: bytes(seen.data) for source, _, seen in found if not source.endswith(":80")}
    assert data == {f"10.0.{number // 60_000}.1:{1024 + number % 60_000}": b"%06d" % number for number in range(3000)}


def test_ipv6_connections_work_the_same():
    talk = Talk("2001:db8::50", server="2001:db8::10").open().data(3, b"def").data(0, b"abc")
    found, _ = see_all(talk.frames)
    assert ("[2001:db8::50]:40001", "[2001:db8::10]:80", b"abcdef") in [(s, d, bytes(x.data)) for s, d, x in found]


def test_urgent_data_stays_inline():
    talk = Talk().open().data(0, b"ab")
    talk.frame(talk.up.frame(talk.up.datagram(talk.segment(2, b"!c", ACK | URG | PSH, urgent=1)))).data(4, b"d")
    assert see(talk)[0] == b"ab!cd"


def test_both_directions_are_told_apart():
    talk = Talk().open().data(0, b"ask").server(3, payload=b"answer")
    found, _ = see_all(talk.frames)
    assert [(s.rsplit(":", 1)[1], bytes(seen.data)) for s, _, seen in found] == [("40001", b"ask"), ("80", b"answer")]


def test_a_new_connection_right_behind_one_seen_from_the_middle_is_not_taken_for_its_late_syn():
    first, second = post(b"1\n"), post(b"2\n")
    for isn in (900, 2 ** 31, 3 * 2 ** 30, 50_000_000):
        old = Talk(isn=50_000).data(0, first).ack(len(first)).fin(len(first))
        new = Talk(isn=(50_000 + isn + len(first)) & 0xFFFFFFFF, at=old.now).open().whole(second)
        assert bodies(old.frames + new.frames) == [(b"1\n", True), (b"2\n", True)]


def test_an_ack_further_away_than_any_window_is_ignored_and_counted():
    for acked, outside in ((1003, 0), (1004, 1), (-998, 1), (1 << 31, 1)):
        talk = Talk().open().data(0, b"abc").ack(acked)
        _, gaps, counters = see(talk, Limits(max_ack_jump=1000))
        assert counters["acks_outside"] == outside
        assert gaps == ([] if outside else [(3, 1000)])
    assert see(Talk().open().data(0, b"abc").ack(3 + Limits.max_ack_jump))[1] == [(3, Limits.max_ack_jump)]


# Holes ------------------------------------------------------------------------------------------------------------

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


# Start in the middle ----------------------------------------------------------------------------------------------

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


# Time -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("step", [-5 * SECOND, -400 * SECOND, -10 ** 15, 10 ** 15, 3600 * SECOND])
def test_a_clock_that_steps_loses_nothing(step):
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").wait(step).data(3, b"def").ack(9)
    data, gaps, counters = see(talk)
    assert (data, gaps) == (b"abcdefghi", [])
    assert counters["clock_steps"] >= 1


def test_a_clock_that_steps_back_and_forth_for_ever_still_lets_holes_go():
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").ack(9)
    for number in range(10):
        talk.wait(-3 * SECOND if number % 2 else 3 * SECOND).ack(9)
    engine = Engine(ports=None, digest=True)
    engine.feed(talk.frames)
    assert ("hole", 0, 3, 3) in engine.take_events()


# Bounds -----------------------------------------------------------------------------------------------------------

def test_the_connection_silent_for_longest_goes_when_there_are_too_many():
    talks = [Talk(port=2000 + number).open().data(0, post(b"1\n2\n")[:-2]) for number in range(6)]
    uploads, counters = feed([frame for talk in talks for frame in talk.frames], limits=Limits(max_flows=4))
    assert counters["flows_evicted"] == 2
    assert [(upload.body, upload.complete) for upload in uploads] == [(b"1\n", False)] * 6


def test_connections_without_data_cannot_push_out_one_with_data():
    upload = post(b"1\n")
    first = Talk(port=999).open().data(0, upload[:30])
    noise = [frame for number in range(500) for frame in Talk(port=2000 + number, isn=number).syn().frames]
    rest = Talk(port=999).data(30, upload[30:])
    uploads, counters = feed(first.frames + noise + rest.frames, limits=Limits(max_flows=64, max_embryonic=32))
    assert [upload.body for upload in uploads] == [b"1\n"]
    assert counters["embryonic_evicted"] == 500 - 32


def test_a_connection_silent_for_too_long_is_finished():
    talk = Talk().open().data(0, post(b"1\n2\n")[:-2])
    engine = Engine(limits=Limits(idle_age=20 * SECOND))
    assert engine.feed(talk.frames) == []
    other = Talk(port=50_000, at=talk.now)
    found = []
    for _ in range(200):
        found += engine.feed(other.wait(SECOND).syn().frames[-1:])
    assert [(upload.body, upload.complete) for upload in found] == [(b"1\n", False)]
    assert engine.counters()["flows_expired"] == 1


def test_queued_bytes_of_all_connections_stay_within_the_budget():
    limits = Limits(max_memory=3 * 200_000)
    talks = [Talk(port=2000 + number).open() for number in range(100)]
    frames = [frame for talk in talks for frame in talk.data(10, b"x" * 5000).frames]
    _, counters = feed(frames, limits=limits)
    assert counters["memory_evicted"] > 0
    assert counters["memory_peak"] <= limits.max_memory
    assert counters["memory"] <= 64 * 200


def test_one_connection_that_fills_the_budget_alone_declares_its_hole():
    limits = Limits(max_memory=3 * 100_000)
    talk = Talk().open()
    for at in range(10, 200_000, 1000):
        talk.data(at, b"x" * 1000)
    data, gaps, counters = see(talk, limits)
    assert (len(data), gaps) == (200_000, [(0, 10)])
    assert counters["holes_by_queue"] >= 1
    assert counters["memory_peak"] <= limits.max_memory


def test_evicting_one_upload_for_the_sake_of_another_that_is_evicted_itself_harms_nobody():
    """Every flow holds half an upload and a full queue behind a hole: each eviction needs memory of its own."""
    limits = Limits(max_memory=3 * 60_000)
    upload = post(b"".join(b"1\t%0200d\n" % number for number in range(200)))
    talks = [Talk(port=2000 + number, isn=number).open() for number in range(60)]
    for round_ in range(6):
        for number, talk in enumerate(talks):
            talk.data(round_ * 1200, upload[round_ * 1200:round_ * 1200 + 1000]).wait(number)
    frames = sorted(frame for talk in talks for frame in talk.frames)
    uploads, counters = feed(frames, limits=limits)
    assert counters["memory_evicted"] > 0
    assert counters["memory_peak"] <= limits.max_memory
    whole = set(upload.split(b"\r\n\r\n")[1].splitlines(keepends=True))
    assert all(set(found.body.splitlines(keepends=True)) <= whole for found in uploads)


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


def test_a_syn_with_a_rst_and_other_nonsense_flags_start_nothing():
    frames = []
    for flags in (SYN | RST, RST, RST | ACK, FIN | RST, 0):
        frames += Talk(port=3000 + flags).send(0, b"", flags).frames
    found, counters = see_all(frames)
    assert (found, counters["flows"]) == ([], 0)


def test_a_tcp_option_list_that_lies_does_no_harm():
    talk = Talk().syn()
    for options in (b"\x03\xff\x00\x00", b"\x03\x00\x00\x00", b"\x02\x04\x05\xb4", b"\x03\x03\xff\x01",
                    b"\x01\x01\x01\x03", b"\x05\x01\x00\x00"):
        frame = talk.up.segment(talk.first - 1, 0, SYN, 100, b"", options)
        talk.frame(talk.up.frame(talk.up.datagram(frame)))
    assert see(talk.data(0, b"abc"))[0] == b"abc"


def test_the_first_packet_may_carry_time_zero():
    talk = Talk(at=0).open().whole(post(b"1\n"))
    assert bodies(talk.frames) == [(b"1\n", True)]
