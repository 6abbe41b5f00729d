"""Conversations on the wire: a slow reader of the frames finds exactly what the truth says was captured."""
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.simulate.packets import ACK, FIN, RST, SYN, Host, Link, Wire
from appliance.simulate.traffic import CLIENT, SERVER, Conversation, Mischief, merge
from tests.simulate.wire import Connection, Reader, Segment
from tests.traffic.storm import posts, storm


def segments(frames: Iterable[tuple[int, bytes]], link: Link = Link.ETHERNET) -> list[Segment]:
    reader = Reader(link)
    return [segment for _, frame in frames if (segment := reader.read(frame))]


def read_stream(talk: Conversation, link: Link = Link.ETHERNET) -> Connection:
    """The client's bytes, as somebody sees them who trusts the first copy and the server's acknowledgements."""
    stream = Connection(talk._client_first)
    for segment in segments(talk.frames, link):
        if segment.source == str(talk.client):
            if not segment.flags & (SYN | RST):
                stream.data(segment.sequence, segment.payload)
        elif segment.flags & ACK and not segment.flags & RST:
            stream.acknowledge(segment.acknowledged)
    return stream


def assert_matches_truth(talk: Conversation, link: Link = Link.ETHERNET) -> None:
    stream = read_stream(talk, link)
    promised = talk.truth().streams[0]
    inside = [position for low, high in [*zip([0] + [g[1] for g in promised.gaps],
                                             [g[0] for g in promised.gaps] + [len(promised.data)], strict=True)]
              for position in range(low, high)]
    seen = {position for position in stream.bytes if 0 <= position < len(promised.data)}
    assert seen == set(inside)
    assert bytes(stream.bytes[position] for position in inside) == promised.captured()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9), mss=st.sampled_from([48, 536, 560, 1448]), wrap=st.booleans(),
       lose=st.sampled_from([0.0, 0.05]), v6=st.booleans(), link=st.sampled_from(list(Link)))
def test_whatever_the_mischief_the_first_copies_are_the_stream(seed, mss, wrap, lose, v6, link):
    mischief = Mischief(0.3, 0.2, 0.1, 0.3, 0.2, 0.3, lose, 0.5, 0.3, 0.2, 0.3)
    client = Host("2001:db8:1::50", 40001) if v6 else CLIENT
    server = Host("2001:db8:2::10", 80) if v6 else SERVER
    talk = Conversation(client, server, wire=Wire(link), seed=seed, mss=mss,
                        client_isn=0xFFFFFF00 if wrap else None, timestamps=bool(seed % 2))
    for post in posts(random.Random(seed), 3):
        talk.post(post, mischief)
    talk.close()
    assert_matches_truth(talk, link)


def test_without_loss_every_upload_is_exact_and_its_lines_are_the_body():
    talk = Conversation()
    sent = posts(random.Random(4), 5)
    for post in sent:
        talk.post(post)
    found = talk.truth().uploads
    assert [upload.body for upload in found] == [post.body for post in sent]
    assert all(upload.exact and upload.required for upload in found)
    for upload in found:
        text = "".join("\t".join(line) + "\n" for line in upload.lines)
        assert text.encode() == upload.body.replace(b"\r\n", b"\n")


def test_the_servers_acknowledgement_passes_a_segment_that_was_not_captured():
    talk = Conversation(mss=500)
    talk.write(bytes(1500))
    for at, captured in ((0, True), (500, False), (1000, True)):
        talk.transmit(at, at + 500, captured=captured)
    talk.acknowledge()
    last = segments(talk.frames)[-1]
    assert (last.acknowledged - talk._client_first) & 0xFFFFFFFF == 1500
    assert talk.truth().streams[0].gaps == [(500, 1000)]


def test_an_acknowledgement_never_passes_bytes_that_are_captured_later():
    talk = Conversation(seed=3, mss=300)
    for post in posts(random.Random(3), 4):
        talk.post(post, Mischief(reorder=0.5, retransmit=0.2, fragment=0.3))
    talk.close()
    stream = Connection(talk._client_first)
    for segment in segments(talk.frames):
        if segment.source == str(talk.client) and not segment.flags & SYN:
            stream.data(segment.sequence, segment.payload)
        elif segment.flags & ACK:
            position = stream.position(segment.acknowledged)
            assert all(at in stream.bytes for at in range(min(position, len(talk.stream))))


def test_a_capture_that_starts_in_the_middle_lacks_what_was_before():
    talk = Conversation()
    first, second = posts(random.Random(8), 2)
    talk.post(first)
    talk.begin_capture()
    talk.post(second)
    before, after = talk.truth().uploads
    assert (before.exact, before.lines) == (False, ())
    assert after.exact and after.required
    assert_matches_truth(talk)


@pytest.mark.parametrize("how, flags", [
    ("fin", [FIN | ACK, FIN | ACK, ACK]), ("half", [FIN | ACK]), ("rst", [RST | ACK]), ("server rst", [RST | ACK]),
    ("none", []),
])
def test_a_connection_ends_as_asked(how, flags):
    talk = Conversation()
    before = len(talk.frames)
    talk.close(how)
    assert [segment.flags for segment in segments(talk.frames[before:])] == flags


def test_a_keepalive_probe_is_one_byte_before_the_next_and_changes_nothing():
    talk = Conversation()
    talk.send(b"x" * 100)
    talk.probe(b"?")
    probe, answer = segments(talk.frames)[-2:]
    assert ((probe.sequence - talk._client_first) & 0xFFFFFFFF, probe.payload) == (99, b"?")
    assert (answer.acknowledged - talk._client_first) & 0xFFFFFFFF == 100
    assert_matches_truth(talk)


def test_fin_can_come_ahead_of_data_and_data_is_still_all_there():
    for seed in range(30):
        talk = Conversation(seed=seed, mss=200)
        talk.send(bytes(range(256)) * 8, Mischief(reorder=0.6), fin=True)
        assert_matches_truth(talk)
        kinds = [s for s in segments(talk.frames) if s.source == str(talk.client) and (s.payload or s.flags & FIN)]
        if not kinds[-1].flags & FIN:
            return
    pytest.fail("no seed put the FIN ahead")


def test_merged_conversations_are_in_the_order_of_time():
    talks = [Conversation(Host("192.168.1.50", 1000 + n), start_us=10**15 + n * 777, seed=n) for n in range(5)]
    for talk in talks:
        talk.send(bytes(3000))
    frames = merge(talk.frames for talk in talks)
    assert [time for time, _ in frames] == sorted(time for time, _ in frames)
    assert len(frames) == sum(len(talk.frames) for talk in talks)


@pytest.mark.parametrize("link", list(Link))
def test_a_storm_is_repeatable_and_readable(link):
    once, again = storm(11, 30, link=link), storm(11, 30, link=link)
    assert once.frames == again.frames
    assert once.truth == again.truth
    assert segments(once.frames, link)
    assert once.truth.exact() and storm(12, 30, lose=0.2).truth.broken()


def test_a_storm_reaches_every_kind_of_mischief():
    frames = storm(5, 200, link=Link.ETHERNET).frames
    reader = Reader(Link.ETHERNET)
    found = [segment for _, frame in frames if (segment := reader.read(frame))]
    assert reader.fragments > 100
    assert any(":" in segment.source.split("]")[0] for segment in found)
    assert any(segment.window == 0 for segment in found)
    assert any(len(segment.payload) == 1 for segment in found)
    assert {frame[12:14] for _, frame in frames} >= {b"\x08\x00", b"\x86\xdd", b"\x81\x00", b"\x88\xa8", b"\x88\x64"}


def test_fragments_of_a_segment_are_put_together_whatever_their_order():
    for host in ("192.168.1.50", "2001:db8:1::50"):
        peer = "203.0.113.10" if "." in host else "2001:db8:2::10"
        talk = Conversation(Host(host, 5000), Host(peer, 80), mss=1400)
        talk.write(random.Random(1).randbytes(1400))
        talk.transmit(0, 1400, fragment=256, order=[3, 0, 5, 1, 1, 4, 2])
        assert_matches_truth(talk)
        assert not talk.truth().streams[0].gaps
        talk.write(bytes(1400))
        talk.transmit(1400, 2800, fragment=256, order=[0, 1, 2, 3, 4])
        talk.acknowledge()
        assert talk.truth().streams[0].gaps == [(1400, 2800)]
