"""Any stream, segmentation, order, repeats, overlap, fragmentation, loss, start point: same bytes, holes, lines."""
import os
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from appliance.simulate.packets import ACK, FIN
from spcore.engine import Engine
from spcore.lines import records
from tests.property import reference
from tests.spcore.tcp import COLLECTOR, PATH, PVS, Talk, see_all

# Shrinking takes minutes here; the seed that hypothesis prints repeats a failure.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
EXAMPLE_COUNT = int(os.environ.get("SUNTAP_EXAMPLES", "150"))
EXAMPLES = settings(max_examples=EXAMPLE_COUNT, deadline=None, phases=PHASES, suppress_health_check=[
    HealthCheck.too_slow,
                                                                            HealthCheck.data_too_large])
V6 = ("2001:db8::50", "2001:db8::10")


@dataclass
class Wire:
    """What one capture does with a stream, drawn by hypothesis, told to core and reference alike."""

    talk: Talk
    half: reference.Half = field(default_factory=reference.Half)


@st.composite
def captures(draw, streams):
    """A stream, and a capture of it with every mischief there is; nothing ages, no bound is reached."""
    stream = draw(streams)
    client, server = V6 if draw(st.booleans()) else (PVS, COLLECTOR)
    talk = Talk(client, server=server, isn=draw(st.sampled_from([1000, 0xFFFFFFFF, 0xFFFFFF80, 0x7FFFFFF0])))
    talk.spacing = 1                         # thousands of fragments, and still nothing ages
    wire = Wire(talk)
    if draw(st.booleans()):
        talk.open()
        wire.half.syn()
    size = draw(st.sampled_from([1, 7, 60, 300, 1400]))
    size = max(size, len(stream) // 150)
    steps = []
    at = 0
    while at < len(stream):
        length = draw(st.integers(1, size))
        steps.append((at, min(at + length, len(stream))))
        at += length
    kept = [step for step in steps if draw(st.integers(0, 19))] if draw(st.booleans()) else list(steps)
    for _ in range(draw(st.integers(0, 6))):
        if kept:
            low = draw(st.integers(0, len(stream) - 1))
            kept.append((low, min(len(stream), low + draw(st.integers(1, 2 * size)))))
    if draw(st.booleans()):
        kept = draw(st.permutations(kept)) if len(kept) < 60 else kept[::-1]
    fin = draw(st.booleans())
    for low, high in kept:
        kind = draw(st.integers(0, 15))
        payload = stream[low:high]
        if kind == 0 and wire.half.bytes:
            payload = bytes(byte ^ 0x20 for byte in payload)
        if kind == 1:
            position = draw(st.integers(0, len(stream)))
            talk.ack(position)
            wire.half.ack(position)
        if kind == 2 and len(payload) > 1:
            _fragments(draw, wire, low, payload)
            continue
        talk.data(low, payload)
        wire.half.data(low, payload)
    if fin:
        talk.send(len(stream), b"", ACK | FIN)
        wire.half.fin(len(stream))
    return wire


def _fragments(draw, wire, low, payload):
    """One segment in fragments: shuffled, repeated, one lost or altered in place and length; the twin decides."""
    talk = wire.talk
    segment = talk.segment(low, payload)
    size = draw(st.sampled_from([24, 40, 256]))
    pieces = [(at, segment[at:at + size], at + size < len(segment)) for at in range(0, len(segment), size)]
    order = list(draw(st.permutations(pieces))) if len(pieces) < 30 else pieces[::-1]
    order += [order[0]] * draw(st.integers(0, 1))
    mischief = draw(st.integers(0, 5))
    if mischief == 0:
        order.pop()
    elif mischief == 1:
        at, part, more = order[-1]
        order.insert(draw(st.integers(0, len(order))), (max(0, at - 8), part, more))
    number = next(talk.up._identifications)
    twin = reference.Datagrams()
    for at, part, more in order:
        talk.frame(talk.up.frame(talk.up.datagram(part, number, at, more) if more or at
                                 else talk.up.datagram(part, number)))
        whole = twin.add(at, part, more) if more or at else part
        if whole is not None:
            wire.half.data(low + int.from_bytes(whole[4:8], "big") - (talk.first + low & 0xFFFFFFFF),
                           whole[(whole[12] >> 4) * 4:])


@EXAMPLES
@given(captures(st.binary(min_size=1, max_size=3000)))
def test_streams_have_the_same_bytes_and_the_same_holes(wire):
    found, _ = see_all(wire.talk.frames)
    mine = [seen for source, _, seen in found if not source.endswith(":80")]
    stream = wire.half.stream()
    if not mine:
        assert not wire.half.known
        return
    assert len(mine) == 1
    assert bytes(mine[0].data) == bytes(byte for byte in stream if byte is not None)
    merged = reference.gaps(stream)
    assert sum(length for _, length in mine[0].gaps) == sum(length for _, length in merged)
    assert _merge(mine[0].gaps) == merged


def _merge(gaps):
    merged = []
    for offset, length in gaps:
        if merged and sum(merged[-1]) == offset:
            merged[-1] = (merged[-1][0], merged[-1][1] + length)
        else:
            merged.append((offset, length))
    return merged


LINE = st.builds(lambda number, fields: "\t".join([str(number), *fields]).encode("utf-8", "surrogateescape"),
                 st.integers(1, 140),
                 st.lists(st.text(st.characters(exclude_characters="\t\n\r", codec="utf-8"), max_size=12), max_size=6))
BODY = st.builds(lambda lines, newline, last: newline.join(lines) + (newline if last else b""),
                 st.lists(LINE, min_size=1, max_size=12), st.sampled_from([b"\n", b"\r\n"]), st.booleans())


@st.composite
def requests(draw):
    """One request of any shape that an upload may have, or one that must be skipped."""
    body = draw(BODY)
    newline = draw(st.sampled_from([b"\r\n", b"\r\n", b"\n"]))
    method, path = draw(st.sampled_from([("POST", PATH), ("POST", PATH + "?a=1"), ("POST", PATH), ("PUT", PATH),
                                         ("POST", "/other"), ("GET", "/x")]))
    if method == "GET":
        return newline.join([b"GET /x HTTP/1.1", b"Host: a", b"", b""])
    head = [f"{method} {path} HTTP/1.1".encode(), *draw(st.lists(st.sampled_from(
        [b"Host: h", b"X-Empty:", b"Expect: 100-continue", b"Accept: */*"]), max_size=2))]
    if not draw(st.integers(0, 3)):
        sizes = [*draw(st.lists(st.integers(1, 60), max_size=4)), 10 ** 6]
        chunks, at = b"", 0
        for size in sizes:
            part = body[at:at + size]
            if part:
                chunks += b"%x" % len(part) + newline + part + newline
            at += size
        trailer = draw(st.sampled_from([b"", b"X-Sum: 1" + newline]))
        return newline.join([*head, b"transfer-ENCODING: Chunked", b"", chunks + b"0", trailer + newline])
    length = f"{draw(st.sampled_from(['Content-Length', 'content-length', 'CONTENT-LENGTH']))}: {len(body)}".encode()
    return newline.join([*head, length, b"", body])


STREAMS = st.builds(lambda parts: b"".join(parts), st.lists(
    st.one_of(requests(), requests(), requests(), st.just(b"\r\n"), st.just(b"\x16\x03junk \n")),
    min_size=1, max_size=5))


@EXAMPLES
@given(captures(STREAMS))
def test_uploads_have_the_same_bodies_and_the_same_lines(wire):
    expected = reference.uploads(wire.half.stream(), wire.half.start is not None)
    engine = Engine()
    uploads = engine.feed(wire.talk.frames) + engine.finish()
    assert [(upload.body, upload.complete) for upload in uploads] == expected
    assert [records(upload.body) for upload in uploads] == [reference.records(body) for body, _ in expected]


@EXAMPLES
@given(st.binary(max_size=300) | BODY)
def test_any_body_has_the_same_records(body):
    assert records(body) == reference.records(body)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 8, 16, 24, 32, 40, 48, 64]),
                          st.sampled_from([0, 5, 8, 16, 20, 24, 32, 48]),
                          st.booleans()), max_size=12))
def test_any_fragments_make_the_same_datagrams(pieces):
    """Fragments that fit, overlap, repeat and lie, of a TCP segment whose bytes count what came out."""
    talk = Talk().open()
    whole = talk.segment(0, bytes(range(100)))
    twin, expected = reference.Datagrams(), 0
    for offset, length, more in pieces:
        if not more and offset == 0:
            continue
        part = whole[offset:offset + length]
        talk.frame(talk.up.frame(talk.up.datagram(part, 77, offset, more)))
        expected += twin.add(offset, part, more) is not None
    engine = Engine()
    engine.feed(talk.frames)
    assert engine.counters()["datagrams"] == expected
