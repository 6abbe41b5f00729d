"""Capture files: libpcap reads back every packet of every format we write."""
import random
import struct

import pcapy
import pytest

from appliance.simulate import pcapfile
from appliance.simulate.packets import Link
from tests.traffic.storm import storm

PACKETS = [(1_778_342_400_000_001 + n * 999_999, random.Random(n).randbytes(60 + n % 300)) for n in range(500)]


def read(path: str) -> tuple[int, list[tuple[int, bytes]]]:
    reader = pcapy.open_offline(path)
    found = []
    while True:
        header, data = reader.next()
        if header is None:
            return reader.datalink(), found
        seconds, micros = header.getts()
        found.append((seconds * 1_000_000 + micros, data))


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_libpcap_reads_classic_pcap_of_both_orders_and_resolutions(tmp_path, big_endian, nanoseconds):
    path = tmp_path / "x.pcap"
    count = pcapfile.write(path, PACKETS, nanoseconds=nanoseconds, big_endian=big_endian)
    assert count == len(PACKETS)
    assert read(str(path)) == (Link.ETHERNET, PACKETS)


@pytest.mark.parametrize("nanoseconds", [False, True])
def test_libpcap_reads_pcapng(tmp_path, nanoseconds):
    path = tmp_path / "x.pcapng"
    assert pcapfile.write_pcapng(path, PACKETS, nanoseconds=nanoseconds) == len(PACKETS)
    assert read(str(path)) == (Link.ETHERNET, PACKETS)


@pytest.mark.parametrize("link, datalink", [(Link.NULL, 0), (Link.ETHERNET, 1), (Link.SLL, 113), (Link.SLL2, 276)])
def test_the_link_type_is_in_the_file(tmp_path, link, datalink):
    path = tmp_path / "x.pcap"
    frames = storm(1, 2, link=link).frames
    pcapfile.write(path, frames, link)
    assert read(str(path)) == (datalink, frames)


def test_a_frame_longer_than_the_snapshot_is_cut_and_keeps_its_length(tmp_path):
    path = tmp_path / "x.pcap"
    pcapfile.write(path, [(0, bytes(2000))], snaplen=100)
    data = path.read_bytes()
    assert struct.unpack("<II", data[32:40]) == (100, 2000)
    assert len(data) == 24 + 16 + 100
