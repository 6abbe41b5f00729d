"""The reference capture in small: the numbers asked for, right frames, and the truth beside it."""
import hashlib
import json
import struct

import pytest

from appliance.simulate.packets import FIN, SYN, Link, checksum
from tests.simulate.test_captures import packets
from tests.simulate.wire import Reader, Segment
from tests.traffic import reference

SMALL = dict(packets=12_000, size=9_000_000, pvs_packets=1_200, count=60, broken=5)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "small.pcap"
    return path, reference.make(path, **SMALL)


def test_it_has_as_many_packets_bytes_and_uploads_as_asked(made):
    path, truth = made
    frames = packets(path)
    assert len(frames) == SMALL["packets"]
    assert abs(path.stat().st_size - SMALL["size"]) < 50_000
    assert sum(bytes([192, 168, 1, 50]) in frame[26:34] for frame in frames) == SMALL["pvs_packets"]
    assert len(truth.exact()) == SMALL["count"] - SMALL["broken"]
    assert len(truth.broken()) == SMALL["broken"]
    assert all(sent.required for sent in truth.uploads)
    assert {-(-len(sent.body) // 536) for sent in truth.uploads} <= {6, 7}


def test_the_truth_beside_it_names_every_whole_body_by_its_hash(made):
    path, truth = made
    entries = json.loads(path.with_suffix(".truth.json").read_text())
    assert [entry.get("sha256") for entry in entries] == [
        hashlib.sha256(sent.body).hexdigest() if sent.exact else None for sent in truth.uploads]
    assert [entry.get("lines") for entry in entries if not entry["exact"]] == [
        ["\t".join(line) for line in sent.lines] for sent in truth.broken()]


def test_it_is_the_same_every_time(made, tmp_path):
    reference.make(tmp_path / "again.pcap", **SMALL)
    assert (tmp_path / "again.pcap").read_bytes() == made[0].read_bytes()


def test_too_many_packets_of_the_pvs_are_an_error_not_another_file(tmp_path):
    with pytest.raises(ValueError, match="packets of the PVS"):
        reference.make(tmp_path / "x.pcap", **{**SMALL, "pvs_packets": 100})


def test_the_houses_connections_are_whole_and_every_checksum_is_right(made):
    reader = Reader(Link.ETHERNET)
    nexts: dict[tuple[str, str], int] = {}
    opened = closed = datagrams = 0
    for frame in packets(made[0]):
        if (frame[12:14] == b"\x08\x00" and frame[23] == 17) or frame[12:14] == b"\x86\xdd":
            start, length = (26, 8) if frame[12:14] == b"\x08\x00" else (22, 32)
            udp = frame[start + length:]
            udp = udp[:struct.unpack("!H", udp[4:6])[0]]
            assert checksum(frame[start:start + length] + struct.pack("!II", len(udp), 17) + udp) == 0
            datagrams += 1
            continue
        if frame[12:14] != b"\x08\x00" or bytes([192, 168, 1, 50]) in frame[26:34]:
            continue
        segment = reader.read(frame)
        assert isinstance(segment, Segment)
        key = segment.source, segment.destination
        if segment.flags & SYN:
            opened += 1
        else:
            assert segment.sequence == nexts[key]
            assert segment.acknowledged == nexts[key[::-1]]
        nexts[key] = segment.sequence + len(segment.payload) + bool(segment.flags & (SYN | FIN)) & 0xFFFFFFFF
        closed += bool(segment.flags & FIN)
    assert opened > 50 and closed > 2 and datagrams > 500
