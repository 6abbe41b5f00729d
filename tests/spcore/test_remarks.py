"""What an owner is told about a capture: frames cut short, other ports and hosts, link types that are not read."""
from pathlib import Path

import pytest

from spcore.engine import Engine
from spcore.remarks import not_read, remarks
from spcore.source import open_file
from tests.spcore.tcp import Talk, post
from tests.traffic import containers, mirrors

BODY = b"130\t1\n" * 300
STREAM = post(BODY)


def said(path: Path, data: bytes, **options: object) -> list[str]:
    """The remarks about a capture file."""
    path.write_bytes(data)
    engine = Engine(**options)          # type: ignore[arg-type]
    with open_file(str(path)) as source:
        list(source.run(engine))
        engine.end()
        return remarks(engine, source)


def frames(**talk: object) -> list[containers.Packet]:
    return [(time * 1000, 1, frame)
            for time, frame in Talk(**talk).open().whole(STREAM).frames]    # type: ignore[arg-type]


def test_a_capture_with_what_was_wanted_needs_no_remark(tmp_path):
    assert said(tmp_path / "x", containers.pcap(frames())) == []


@pytest.mark.parametrize("snaplen", [40, 60, 68, 96, 200])
def test_cut_frames_are_counted_and_said_with_the_cure(snaplen, tmp_path):
    lines = said(tmp_path / "x", containers.pcap(frames(), snaplen=snaplen))
    assert "packets are cut short" in lines[0] and "-s 0" in lines[0]


def test_a_mirror_that_slices_is_said_too(tmp_path):
    """The capture holds all of the mirror's frame, but that holds only a part of the supervisor's."""
    wrapped = [(time, link, mirrors.frame(*mirrors.erspan(2)(frame[:200], mirrors.ETHERNET)))
               for time, link, frame in frames()]
    assert "packets are cut short" in said(tmp_path / "x", containers.pcap(wrapped))[0]


def test_a_capture_of_other_ports_says_which_ports_and_hosts_it_has(tmp_path):
    of = frames(server_port=8080) + frames(server_port=443, server="203.0.113.77", port=5)
    line, = said(tmp_path / "x", containers.pcap(of))
    assert "no TCP traffic of port 80" in line
    for part in ("port 8080", "port 443", "192.168.1.50 to 203.0.113.10", "192.168.1.50 to 203.0.113.77", "--port"):
        assert part in line


def test_a_capture_without_the_wanted_host_says_which_hosts_it_has(tmp_path):
    line, = said(tmp_path / "x", containers.pcap(frames()), host="192.168.1.99")
    assert "host 192.168.1.99" in line and "192.168.1.50 to 203.0.113.10" in line


def test_ports_inside_tunnels_are_named_by_the_hosts_inside(tmp_path):
    wrapped = [(time, link, mirrors.frame(*mirrors.vxlan()(frame, mirrors.ETHERNET)))
               for time, link, frame in frames(server_port=8080)]
    line, = said(tmp_path / "x", containers.pcap(wrapped))
    assert "port 8080" in line and "192.168.1.50" in line


def test_a_capture_without_tcp_asks_for_the_right_interface(tmp_path):
    of = [(0, 1, mirrors.frame(*mirrors.udp(53, b"x" * 30)))] * 7
    line, = said(tmp_path / "x", containers.pcap(of))
    assert "in 7 packets" in line and "mirror port" in line
    line, = said(tmp_path / "x", containers.pcap([]))
    assert "holds no packets" in line


def test_thousands_of_conversations_are_a_few_words(tmp_path):
    of = [packet for port in range(3000) for packet in
          [(0, 1, frame) for _, frame in Talk(f"10.0.{port % 250}.1", server_port=1000 + port).syn().frames]]
    line, = said(tmp_path / "x", containers.pcap(of))
    assert len(line) < 700 and "more ports" in line


def test_link_types_that_are_not_read_are_one_line_with_what_to_use(tmp_path):
    section = containers.Section([containers.Interface(105), containers.Interface(1)])
    section.packets = [(0, 0, bytes(60))] * 3 + [(1, time, frame) for time, _, frame in frames()]
    line, = said(tmp_path / "x", section.written())
    assert "3 packets were not read: link type 105" in line
    for number in (105, 127, 189, 227, 253, 6, 999):
        assert "\n" not in not_read(number) and str(number) in not_read(number)
    assert "wired" in not_read(127) and "ip -brief link" in not_read(189)
