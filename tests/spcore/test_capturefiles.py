"""Capture files: every container gives the same packets, every length is checked, damage costs what follows."""
import gzip
import os
import random
import resource
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.simulate.packets import Link, Wire
from spcore.engine import Engine
from spcore.filereader import OpenFile, feed
from spcore.limits import Limits
from spcore.source import CaptureError, open_file, open_files
from spcore.uploads import Upload
from tests.spcore.tcp import Talk, post
from tests.traffic import containers
from tests.traffic.containers import ENHANCED, MODIFIED, NANOSECONDS, OLD_PACKET, SIMPLE, Interface, Packet, Section

BODY = b"130\t20260509220000\t1\n" * 20


def packets(link: Link = Link.ETHERNET, count: int = 3, first: int = 0) -> list[Packet]:
    """Uploads of one connection each; times are whole microseconds that every resolution here can hold."""
    found: list[Packet] = []
    for number in range(first, first + count):
        talk = Talk(port=2000 + number, wire=Wire(link), at=1_778_342_400_000_000 + number * 10_000_000)
        talk.spacing = 15_625                   # 2**-6 seconds: exact in binary and in decimal
        stream = post(BODY + b"131\t%d\n" % number)
        found += [(time * 1000, int(link), frame) for time, frame in talk.open().whole(stream).fin(len(stream)).frames]
    return found


def section(of: list[Packet], **options: object) -> Section:
    """One section with one interface for each link type."""
    interface = {key: options.pop(key) for key in ("snaplen", "resolution", "offset", "fcs") if key in options}
    links = sorted({link for _, link, _ in of}) or [1]
    made = Section([Interface(link, **interface) for link in links], **options)  # type: ignore[arg-type]
    made.packets = [(links.index(link), time, frame) for time, link, frame in of]
    return made


def read(*paths: Path | str) -> list[Upload]:
    engine = Engine()
    with open_files([str(path) for path in paths]) as source:
        found = [upload for batch in source.run(engine) for upload in batch]
    return found + engine.finish()


def read_bytes(data: bytes, folder: Path) -> list[Upload]:
    (folder / "capture").write_bytes(data)
    return read(folder / "capture")


def fed(of: list[Packet]) -> list[Upload]:
    """The same without any file."""
    engine, found = Engine(), []
    for time, link, frame in of:
        found += engine.feed([(time // 1000, frame)], link)
    return found + engine.finish()


CONTAINERS = {
    "pcap": containers.pcap, "big endian": lambda of: containers.pcap(of, big=True),
    "nanoseconds": lambda of: containers.pcap(of, magic=NANOSECONDS),
    "nanoseconds, big endian": lambda of: containers.pcap(of, magic=NANOSECONDS, big=True),
    "modified": lambda of: containers.pcap(of, magic=MODIFIED),
    "modified, big endian": lambda of: containers.pcap(of, magic=MODIFIED, big=True),
    "FCS": lambda of: containers.pcap(of, fcs=4), "version 2.3": lambda of: containers.pcap(of, version=(2, 3)),
    "pcapng": lambda of: section(of).written(), "pcapng, big endian": lambda of: section(of, big=True).written(),
    "old packet blocks": lambda of: section(of, kind=OLD_PACKET).written(),
    "unknown blocks": lambda of: section(of, junk=True).written(),
    "unknown blocks, big endian": lambda of: section(of, junk=True, big=True).written(),
    "options of packets": lambda of: section(of, options=struct.pack("<HHIHH", 2, 4, 0, 0, 0)).written(),
    "FCS in pcapng": lambda of: section(of, fcs=4).written(),
    **{f"resolution {value}": lambda of, value=value: section(of, resolution=value).written()
       for value in (0x80 | 7, 6, 7, 9, 0x80 | 6, 0x80 | 20, 0x80 | 32)},
    "picoseconds and an offset": lambda of: section(of, resolution=12, offset=1_778_342_000).written(),
    "offset": lambda of: section(of, offset=1_700_000_000).written(),
    "negative offset": lambda of: section(of, offset=-3600, resolution=9).written(),
    "two sections": lambda of: section(of[:40], big=True).written() + section(of[40:], resolution=9).written(),
    "a section in between": lambda of: section([]).written() + section(of).written() + section([], big=True).written(),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("link", [Link.ETHERNET, Link.SLL2, Link.RAW])
def test_the_same_packets_give_the_same_uploads_out_of_every_container(name, link, tmp_path):
    of = packets(link)
    assert read_bytes(CONTAINERS[name](of), tmp_path) == fed(of)


@pytest.mark.parametrize("name", CONTAINERS)
def test_gzip_and_pipes_give_the_same(name, tmp_path):
    of = packets()
    data = CONTAINERS[name](of)
    for file, content in (("x", gzip.compress(data)), ("x.gz", gzip.compress(data[:500]) + gzip.compress(data[500:]))):
        (tmp_path / file).write_bytes(content)
        assert read(tmp_path / file) == fed(of)
    os.mkfifo(tmp_path / "pipe")
    for content in (data, gzip.compress(data)):
        (tmp_path / "x").write_bytes(content)
        plain = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # dd is not ours to check
        with subprocess.Popen(["dd", f"if={tmp_path}/x", f"of={tmp_path}/pipe", "bs=7", "status=none"],
                              env=plain) as writer:
            assert read(tmp_path / "pipe") == fed(of)
        assert writer.returncode == 0


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


def test_packets_of_a_link_type_that_is_not_read_are_counted_and_cost_no_others(tmp_path):
    of = packets()
    wireless = [(time, 105, b"\x08\x02" + bytes(40)) for time, _, _ in of]
    made = section(sorted(of + wireless, key=lambda packet: packet[0]))
    (tmp_path / "x").write_bytes(made.written())
    engine, found = Engine(), []
    with open_file(str(tmp_path / "x")) as source:
        for some in source.run(engine):
            found += some
        assert source.unread_links == {105}
    assert found + engine.finish() == fed(of)
    assert engine.counters()["packets_unreadable"] == len(wireless)


# Damage -------------------------------------------------------------------------------------------------------------

def cut_reading(data: bytes) -> tuple[list[Upload], bool]:
    """What a file of these bytes gives, and whether it was found damaged."""
    got = iter([data])
    engine = Engine()
    try:
        file = OpenFile("x", -1, lambda most: next(got, b""), step=max(len(data), 1))
    except Exception:
        return [], True
    over = False
    while not over:
        _, over = feed([file], engine)
    return engine.take_uploads() + engine.finish(), bool(file.problem)


@pytest.mark.parametrize("name", ["pcap", "modified, big endian", "pcapng", "unknown blocks, big endian",
                                  "two sections"])
def test_a_file_cut_at_any_byte_gives_what_stands_before(name):
    of = packets(count=1)
    data = CONTAINERS[name](of)
    whole = fed(of)
    ends = set()
    for size in range(len(data) + 1):
        found, damaged = cut_reading(data[:size])
        assert [upload.body for upload in found if upload.complete] in ([], [upload.body for upload in whole])
        if not damaged:
            ends.add(size)
    assert len(data) in ends
    assert cut_reading(data) == (whole, False)
    assert len(ends) <= len(of) * 2 + 12            # only behind a record or block


@pytest.mark.parametrize("name", ["pcap", "modified, big endian", "pcapng", "unknown blocks, big endian"])
def test_a_mapped_file_and_a_stream_find_the_same_damage_at_the_same_byte(name, tmp_path):
    data = CONTAINERS[name](packets(count=1))
    rng = random.Random(name)
    for _ in range(300):
        spoilt = bytearray(data[:rng.randrange(30, len(data) + 1)])
        for _ in range(rng.randint(0, 3)):
            spoilt[rng.randrange(len(spoilt))] = rng.choice([0, 255, rng.randrange(256)])
        (tmp_path / "x").write_bytes(spoilt)
        results = []
        for stream in (None, iter([bytes(spoilt)])):
            with open(tmp_path / "x", "rb") as plain:
                try:
                    file = OpenFile("x", plain.fileno(), stream and (lambda most, of=stream: next(of, b"")),
                                    step=max(len(spoilt), 1))
                except Exception as error:
                    results.append((str(error), [], 0))
                    continue
                engine = Engine()
                over = False
                while not over:
                    _, over = feed([file], engine)
                results.append((file.problem, engine.take_uploads() + engine.finish(), engine.counters()["packets"]))
                file.close()
        assert results[0] == results[1]


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


@pytest.mark.parametrize("spoil, said", [
    (lambda data: data[:32] + struct.pack("<I", 1 << 24) + data[36:], "more bytes than a frame can have"),
    (lambda data: data[:-1], "cut short"),
])
def test_a_pcap_record_that_cannot_be_is_said_with_its_place(spoil, said, tmp_path):
    (tmp_path / "x").write_bytes(spoil(containers.pcap(packets(count=1))))
    with pytest.raises(CaptureError, match=said + r".* \(at byte \d+\)"), open_file(str(tmp_path / "x")) as source:
        list(source.run(Engine()))


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


def test_bounds_of_a_file_are_arguments():
    data = containers.pcap([(0, 1, bytes(200))])
    for bound, problem in ((200, False), (199, True)):
        got = iter([data])
        file = OpenFile("x", -1, lambda most, of=got: next(of, b""), Limits(max_packet=bound))
        feed([file], None)
        assert bool(file.problem) == problem
    data = Section([Interface()], [(0, 0, bytes(60))]).written()
    size = int.from_bytes(data[32:36], "little")        # the interface's block behind the section's
    for bound, problem in ((size, ""), (size - 1, "an interface description is too long (at byte 28)")):
        got = iter([data])
        file = OpenFile("x", -1, lambda most, of=got: next(of, b""), Limits(max_description=bound))
        feed([file], None)
        assert file.problem == problem
    made = Section([Interface()] * 3, [(number, 0, bytes(60)) for number in range(3)]).written()
    got = iter([made])
    engine = Engine()
    feed([OpenFile("x", -1, lambda most: next(got, b""), Limits(max_interfaces=2))], engine)
    counters = engine.counters()
    assert (counters["packets"], counters["packets_unreadable"]) == (3, 1)


def test_a_file_that_shrinks_while_it_is_read_is_an_error_and_no_crash(tmp_path):
    """Pages that are gone raise SIGBUS: in a process of its own, in case it is not caught."""
    of = [(time, 1, bytes(1400)) for time in range(5000)]
    (tmp_path / "x").write_bytes(containers.pcap(of))
    code = ("import os, sys\nfrom spcore.filereader import OpenFile, feed\n"
            "descriptor = os.open(sys.argv[1], os.O_RDWR)\nfile = OpenFile('x', descriptor)\n"
            "os.truncate(descriptor, 100_000)\nprint(feed([file], None), file.problem)\n")
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "became shorter" in done.stdout


def test_a_file_that_grows_while_it_is_read_is_read_to_its_new_end(tmp_path):
    of = packets()
    data = containers.pcap(of)
    (tmp_path / "x").write_bytes(data[:-1000])
    with open(tmp_path / "x", "rb") as plain:
        file = OpenFile("x", plain.fileno(), None)
        (tmp_path / "x").write_bytes(data)
        engine = Engine()
        while not feed([file], engine)[1]:
            pass
        assert engine.take_uploads() + engine.finish() == fed(of)
        file.close()


# Gzip and other compressions ----------------------------------------------------------------------------------------

def test_gzip_data_cut_or_spoilt_gives_what_stands_before_and_an_error(tmp_path):
    of = packets(count=40)
    data = gzip.compress(containers.pcap(of), 1)
    spoilt = data[:-8] + bytes(8)
    for bad in (data[:-300], spoilt, data[:len(data) // 2]):
        (tmp_path / "x.gz").write_bytes(bad)
        engine, found = Engine(), []
        with pytest.raises(CaptureError, match="gzip data is damaged"), open_file(str(tmp_path / "x.gz")) as source:
            for some in source.run(engine):
                found += some
        assert fed(of)[:10] == (found + engine.finish())[:10]


def test_a_gzip_bomb_is_read_in_bounded_memory(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(containers.pcap([(0, 1, bytes(1 << 19))] * 400), 9))
    code = ("import sys\nfrom spcore.source import open_file\nwith open_file(sys.argv[1]) as s: print(s.count())\n"
            "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])")
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "x.gz"], capture_output=True, text=True, check=True)
    count, peak = map(int, done.stdout.split())
    assert count == 400
    assert peak < 40_000 or "asan" in os.environ.get("LD_PRELOAD", "")     # kB; a sanitizer's memory is not ours


@pytest.mark.parametrize("magic, word", [
    (b"\x28\xb5\x2f\xfd", "zstd -dc"), (b"\xfd7zXZ\0", "xz -dc"), (b"BZh91AY", "bzip2 -dc"),
    (b"\x04\x22\x4d\x18", "lz4"), (b"PK\x03\x04", "unzip"), (b"snoop\0\0\0", "editcap"), (b"GMBU", "editcap"),
])
def test_what_is_not_read_says_what_to_do(magic, word, tmp_path):
    (tmp_path / "x.pcap").write_bytes(magic + bytes(100))
    with pytest.raises(CaptureError, match=word):
        open_file(str(tmp_path / "x.pcap"))


def test_gzip_of_something_else_is_said(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"no capture at all, but long enough"))
    with pytest.raises(CaptureError, match="not a pcap or pcapng capture, though it is gzip data"):
        open_file(str(tmp_path / "x.gz"))


# Several files ------------------------------------------------------------------------------------------------------

def ring(folder: Path, parts: list[list[Packet]], kinds: list[str]) -> list[Path]:
    paths = []
    for number, part in enumerate(parts):
        path = folder / f"ring_{number:05}"
        data = CONTAINERS[kinds[number % len(kinds)]](part)
        path.write_bytes(gzip.compress(data, 1) if number % 5 == 4 else data)
        paths.append(path)
    return paths


@pytest.mark.parametrize("seed", range(25))
def test_a_ring_in_any_order_of_any_containers_is_one_capture(seed, tmp_path):
    rng = random.Random(seed)
    of = packets(count=6)
    places = sorted(rng.sample(range(1, len(of)), rng.randint(1, 7)))
    parts = [of[low:high] for low, high in zip([0, *places], [*places, len(of)], strict=True)]
    kinds = rng.sample([name for name in CONTAINERS if name != "two sections"], 3)
    paths = ring(tmp_path, parts, kinds)
    rng.shuffle(paths)
    assert read(*paths) == fed(of)


def test_files_that_overlap_are_merged_by_time(tmp_path):
    """Two sides of a bridge, each direction in a file of its own, and a file that holds some of both again."""
    of = packets(count=6)
    paths = ring(tmp_path, [of[0::2], of[1::2], of[30:60]], ["pcap", "pcapng"])
    assert [upload.body for upload in read(*paths)] == [upload.body for upload in fed(of)]


def test_a_ring_with_a_file_missing_gives_what_is_whole(tmp_path):
    of = packets(count=6)
    third = len(of) // 3
    paths = ring(tmp_path, [of[:third], of[third:2 * third], of[2 * third:]], ["pcap"])
    assert len([upload for upload in read(paths[2], paths[0]) if upload.complete]) == 4


def test_a_ring_of_many_files_keeps_few_open(tmp_path):
    of = packets(count=50)
    paths = ring(tmp_path, [of[at:at + 2] for at in range(0, len(of), 2)], ["pcap", "pcapng"])
    assert len(paths) > 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (held + 8, hard))
    try:
        assert read(*reversed(paths)) == fed(of)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_damage_in_one_file_of_a_ring_costs_that_files_rest_alone(tmp_path):
    of = packets(count=9)
    third = len(of) // 3
    paths = ring(tmp_path, [of[:third], of[third:2 * third], of[2 * third:]], ["pcap"])
    paths[1].write_bytes(paths[1].read_bytes()[:-5])
    said: list[CaptureError] = []
    engine, found = Engine(), []
    with open_files([str(path) for path in paths]) as source:
        for some in source.run(engine, complain=said.append):
            found += some
    assert [upload.body for upload in found + engine.finish()] == [upload.body for upload in fed(of)]
    assert len(said) == 1 and "ring_00001" in str(said[0])


def test_a_ring_with_a_file_that_is_none_reads_the_others_where_it_may(tmp_path):
    paths = ring(tmp_path, [packets()], ["pcap"])
    said: list[CaptureError] = []
    engine = Engine()
    with open_files([str(tmp_path / "none"), str(paths[0])], said.append) as source:
        found = [upload for some in source.run(engine) for upload in some]
    assert found + engine.finish() == fed(packets())
    assert len(said) == 1
    with pytest.raises(CaptureError, match="none"):
        open_files([str(tmp_path / "none"), str(paths[0])])
