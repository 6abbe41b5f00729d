"""Segments to frames on every link layer, with checksums as a slow twin adds them up."""
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.simulate.packets import ACK, MIN_ETHERNET, PSH, TCP, Direction, Host, Link, Wire, checksum
from tests.simulate.wire import Reader, ip_packet

FOUR = Host("192.0.2.50", 40001), Host("203.0.113.10", 80)
SIX = Host("2001:db8:1::50", 40001), Host("2001:db8:2::10", 80)
WIRES = [Wire(link) for link in Link] + [Wire(vlans=(5,)), Wire(vlans=(5, 6)), Wire(pppoe=True), Wire(offload=True)]


@settings(max_examples=100)
@given(st.binary(max_size=99), st.integers(0, 0xFFFF))
def test_a_checksum_is_the_ones_complement_sum_of_words(data: bytes, start: int) -> None:
    total = start
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at:at + 2].ljust(2, b"\0"), "big")
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    expected = 0xFFFF - total
    assert checksum(data, start) % 0xFFFF == expected % 0xFFFF


@pytest.mark.parametrize("wire", WIRES, ids=str)
@pytest.mark.parametrize("ends", [FOUR, SIX], ids=["4", "6"])
def test_a_segment_comes_back_out_of_its_frame_on_every_wire(wire: Wire, ends: tuple[Host, Host]) -> None:
    direction = Direction(*ends, wire)
    segment = direction.segment(0xFFFFFFFF, 7, PSH | ACK, 1000, b"abc" * 20)
    (frame,) = direction.frames(segment)
    if wire.offload:
        assert segment in frame
        return
    read = Reader(wire.link).read(frame)
    assert read is not None
    assert (read.source, read.destination) == (str(ends[0]), str(ends[1]))
    assert (read.sequence, read.acknowledged, read.flags, read.payload) == (0xFFFFFFFF, 7, PSH | ACK, b"abc" * 20)


def test_a_short_frame_is_padded_with_what_is_no_data() -> None:
    direction = Direction(*FOUR, Wire())
    (frame,) = direction.frames(direction.segment(1, 1, ACK, 1000, b""))
    assert len(frame) == MIN_ETHERNET and len(ip_packet(Link.ETHERNET, frame)) > 40
    read = Reader(Link.ETHERNET).read(frame)
    assert read is not None and read.payload == b""


@pytest.mark.parametrize("link", [Link.RAW, Link.NULL])
def test_a_link_without_types_has_no_room_for_tags(link: Link) -> None:
    for wire in (Wire(link, vlans=(5,)), Wire(link, pppoe=True)):
        with pytest.raises(ValueError, match="no room"):
            Direction(*FOUR, wire)


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=3000), st.integers(1, 1500), st.booleans())
def test_fragments_cover_the_datagram_once_in_pieces_of_eight(payload: bytes, size: int, v6: bool) -> None:
    direction = Direction(*(SIX if v6 else FOUR), Wire(Link.RAW))
    found = bytearray()
    packets = direction.fragments(payload, size)
    for number, packet in enumerate(packets):
        if len(packets) == 1:
            continue
        if v6:
            (word,) = struct.unpack_from("!H", packet, 42)
            offset, more, data = word & ~7, word & 1, packet[48:]
        else:
            (word,) = struct.unpack_from("!H", packet, 6)
            offset, more, data = (word & 0x1FFF) << 3, word >> 13 & 1, packet[20:]
            assert packet[9] == TCP
        assert offset == len(found) and bool(more) is (number < len(packets) - 1) and len(data) <= max(8, size)
        found += data
    assert len(packets) == 1 or bytes(found) == payload


def test_datagrams_are_numbered_one_after_the_other() -> None:
    direction = Direction(*FOUR, Wire(Link.RAW))
    first, second = (struct.unpack_from("!H", direction.datagram(b"x"), 4)[0] for _ in range(2))
    assert second == first + 1
