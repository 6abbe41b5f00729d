"""pcapng: sections, interfaces and packets of every kind, and a block that cannot be is said with its place."""
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.simulate.packets import Link
from spcore.engine import Engine
from spcore.filereader import OpenFile
from spcore.source import CaptureError, open_file
from tests.spcore.files import cut_reading, fed, packets, read_bytes, section
from tests.traffic import containers
from tests.traffic.containers import ENHANCED, SIMPLE, Interface


def test_simple_packets_have_no_time_and_are_read(tmp_path):
    found = read_bytes(section(packets(), kind=SIMPLE).written(), tmp_path)
    assert [upload.body for upload in found] == [upload.body for upload in fed(packets())]
    assert {upload.captured_us for upload in found} == {0}


def test_interfaces_of_different_link_types_and_snap_lengths_are_one_capture(tmp_path):
    """Each connection's two directions were captured on interfaces of different kinds."""
    kinds = [packets(link) for link in (Link.ETHERNET, Link.SLL, Link.SLL2, Link.RAW)]
    mixed = [kinds[number % 4][number] for number in range(len(kinds[0]))]
    made = section(mixed)
    for number, interface in enumerate(made.interfaces):
        interface.snaplen, interface.resolution = 262_144 - number, (None, 9, 0x80 | 20, 6)[number]
    assert read_bytes(made.written(), tmp_path) == fed(mixed)
    assert [(upload.body, upload.complete) for upload in fed(mixed)] == [(u.body, u.complete) for u in fed(kinds[0])]


def test_a_simple_packet_is_cut_at_the_interfaces_snap_length(tmp_path):
    engine = Engine()
    (tmp_path / "x").write_bytes(section(packets(), kind=SIMPLE, snaplen=100).written())
    with open_file(str(tmp_path / "x")) as source:
        list(source.run(engine))
    assert engine.counters()["packets_cut"] > 0


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_blocks_in_any_order_give_the_packets_of_the_interfaces_that_were_described_before(data):
    """Property: against a slow twin that follows the definition."""
    of = packets(count=1)
    blocks: list[tuple[str, int]] = []
    for index in range(len(of)):
        blocks += [("packet", index)]
        if data.draw(st.integers(0, 5)) == 0:
            blocks.append((data.draw(st.sampled_from(["interface", "junk", "section"])), 0))
    order, described, written, expected = "<", 0, b"", []
    for kind, index in [("section", 0), ("interface", 0), *blocks]:
        if kind == "section":
            order, described = data.draw(st.sampled_from("<>")), 0
            written += containers.block(order, containers.SECTION, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
        elif kind == "interface":
            described += 1
            written += containers.block(order, containers.INTERFACE, Interface().described(order))
        elif kind == "junk":
            written += containers.block(order, 77, b"?" * data.draw(st.integers(0, 40)))
        else:
            time, _, frame = of[index]
            number = data.draw(st.integers(0, 2))
            written += containers.block(order, ENHANCED, struct.pack(
                order + "IIIII", number, time // 1000 >> 32, time // 1000 & 0xFFFFFFFF, len(frame), len(frame)) + frame)
            if number < described:
                expected.append(of[index])
    found, damaged = cut_reading(written)
    assert not damaged
    assert found == fed(expected)


def spoilt_block(kind: int, body: bytes = b"", length: int | None = None, trailer: int | None = None) -> bytes:
    size = 12 + len(body) if length is None else length
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size if trailer is None else trailer)


@pytest.mark.parametrize("added, said", [
    (spoilt_block(6, bytes(20), trailer=31), "two lengths"),
    (spoilt_block(6, bytes(8)), "too short"),
    (spoilt_block(6, struct.pack("<IIIII", 0, 0, 0, 500, 500)), "longer than its block"),
    (spoilt_block(5, length=8), "length cannot be"),
    (spoilt_block(5, length=0xFFFFFFFF), "length cannot be"),
    (spoilt_block(6, length=0xFFFFFFF0), "more bytes than"),
    (spoilt_block(1, length=0x7FFFFFF0), "too long"),
    (spoilt_block(1, bytes(4)), "too short"),
    (spoilt_block(0x0A0D0D0A, bytes(16)), "no byte order"),
    (spoilt_block(77, length=0x7FFFFFF0), "cut short"),
])
def test_a_block_that_cannot_be_is_said_with_its_place_and_costs_nothing_before_it(added, said, tmp_path):
    of = packets(count=1)
    (tmp_path / "x").write_bytes(section(of).written() + added)
    engine, found = Engine(), []
    with pytest.raises(CaptureError, match=said + r".* \(at byte \d+\)"), open_file(str(tmp_path / "x")) as source:
        for some in source.run(engine):
            found += some
    assert found + engine.finish() == fed(of)


def seen_us(resolution: int, ticks: int, offset: int = 0) -> int:
    """When a packet of so many ticks was captured, as the reader has it."""
    interface = Interface(resolution=resolution, offset=offset)
    packet = struct.pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, 4, 4) + b"data"
    data = containers.block("<", containers.SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    data += containers.block("<", containers.INTERFACE, interface.described("<"))
    data += containers.block("<", ENHANCED, packet)
    got = iter([data])
    found = OpenFile("x", -1, lambda most: next(got, b"")).first_us()
    assert found is not None
    return int(found)


@settings(max_examples=80)
@given(st.integers(0, 12) | st.integers(0x80, 0x80 | 40), st.integers(0, (1 << 42) - 1))
def test_a_time_is_its_ticks_in_whole_microseconds_whatever_the_resolution(resolution: int, ticks: int) -> None:
    """The twin: a fraction of a second, multiplied out."""
    rate = 2 ** (resolution & 127) if resolution & 128 else 10 ** resolution
    assert seen_us(resolution, ticks) == ticks * 1_000_000 // rate


@given(st.integers(0, 255), st.integers(0, (1 << 64) - 1), st.integers(-(1 << 63), (1 << 63) - 1))
@settings(max_examples=50)
def test_no_clock_makes_a_time_beyond_what_a_number_holds(resolution: int, ticks: int, offset: int) -> None:
    assert abs(seen_us(resolution, ticks, offset)) <= 1 << 63
