"""TCP reassembly: what the receiver saw, every rule by name. Shown on the streams and, where it matters, on uploads."""

import pytest

from appliance.simulate.packets import ACK, PSH, SYN, URG
from spcore.engine import Engine
from spcore.limits import Limits
from tests.spcore.tcp import PVS, SECOND, Talk, bodies, post, see, see_all

TEXT = bytes(range(256)) * 8


def test_segments_in_order_are_the_stream_and_nothing_is_queued():
    data, gaps, counters = see(Talk().open().whole(TEXT).fin(len(TEXT)))
    assert (data, gaps) == (TEXT, [])
    assert counters["segments_queued"] == 0
    assert counters["segments_in_order"] == 4


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


def test_urgent_data_stays_inline():
    talk = Talk().open().data(0, b"ab")
    talk.frame(talk.up.frame(talk.up.datagram(talk.segment(2, b"!c", ACK | URG | PSH, urgent=1)))).data(4, b"d")
    assert see(talk)[0] == b"ab!cd"


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
