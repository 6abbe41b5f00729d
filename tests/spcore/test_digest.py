"""`suntap streams`: each direction with its length, hash and gaps."""
from hashlib import sha256

from appliance.simulate import pcapfile
from spcore.digest import streams
from spcore.source import open_file
from tests.spcore.tcp import SECOND, Talk


def digests(tmp_path, *talks, **options):
    pcapfile.write(tmp_path / "x.pcap", [frame for talk in talks for frame in talk.frames])
    with open_file(str(tmp_path / "x.pcap")) as source:
        return list(streams(source, **options))


def test_a_direction_has_its_bytes_hash_and_gaps(tmp_path):
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").ack(9).wait(SECOND).ack(9).fin(9)
    assert digests(tmp_path, talk)[0] == {
        "source": "192.168.1.50:40001", "destination": "203.0.113.10:80", "bytes": 6,
        "sha256": sha256(b"abcghi").hexdigest(), "gaps": [[3, 3]]}


def test_holes_that_follow_one_another_are_one_gap(tmp_path):
    talk = Talk().open().data(0, b"abc").data(9, b"jkl").ack(6).wait(SECOND).ack(9).wait(SECOND).ack(12)
    assert [found["gaps"] for found in digests(tmp_path, talk) if found["bytes"]] == [[[3, 6]]]


def test_directions_come_in_the_order_in_which_they_end(tmp_path):
    first, second = Talk(port=1).open().data(0, b"a"), Talk(port=2).open().data(0, b"b").fin(1).ack(2)
    ends = [found["source"] for found in digests(tmp_path, first, second)]
    assert ends.index("192.168.1.50:2") < ends.index("192.168.1.50:1")


def test_only_the_ports_asked_for_are_shown(tmp_path):
    web, other = Talk().open().data(0, b"a"), Talk(port=3, server_port=8080).open().data(0, b"b")
    assert len(digests(tmp_path, web, other)) == 4
    assert {found["destination"] for found in digests(tmp_path, web, other, ports=(8080,)) if found["bytes"]} == {
        "203.0.113.10:8080"}
