"""Which connections are remembered, and which goes first when there are too many."""
from appliance.simulate.packets import ACK, FIN, RST, SYN
from spcore.engine import Engine
from spcore.limits import Limits
from tests.spcore.tcp import SECOND, Talk, feed, post, see_all


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


def test_an_ended_connection_is_remembered_so_that_its_retransmissions_start_nothing():
    talk = Talk().open().data(0, b"abc").fin(3).ack(4).data(0, b"abc").fin(3)
    found, counters = see_all(talk.frames)
    assert len(found) == 2
    assert counters["flows"] == 1


def test_a_syn_with_a_rst_and_other_nonsense_flags_start_nothing():
    frames = []
    for flags in (SYN | RST, RST, RST | ACK, FIN | RST, 0):
        frames += Talk(port=3000 + flags).send(0, b"", flags).frames
    found, counters = see_all(frames)
    assert (found, counters["flows"]) == ([], 0)


def test_what_the_collector_sends_starts_no_connection_and_needs_no_memory():
    talk = Talk()
    for at in range(0, 5000, 500):
        talk.server(0, payload=b"x" * 500, offset=at)
    _, counters = feed(talk.frames)
    assert (counters["flows"], counters["memory_peak"]) == (0, 0)


def test_the_connection_a_segment_belongs_to_is_never_the_one_that_goes():
    upload = post(b"1\n")
    talks = [Talk(port=2000 + number).open() for number in range(3)]
    for at in range(0, len(upload), 30):
        for talk in talks:
            talk.data(at, upload[at:at + 30])
    frames = [frame for group in zip(*(talk.frames for talk in talks), strict=True) for frame in group]
    uploads, counters = feed(frames, limits=Limits(max_flows=3, max_embryonic=3))
    assert ([upload.body for upload in uploads], counters["flows_evicted"]) == ([b"1\n"] * 3, 0)
