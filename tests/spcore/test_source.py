"""Sources: files of every format, pipes, damage; live capture in a namespace of its own, through every misfortune."""
import os
import random
import subprocess
from pathlib import Path

import pytest

from appliance.simulate import pcapfile, uploads
from appliance.simulate.packets import Host, Link, Wire
from appliance.simulate.traffic import Conversation, Mischief
from spcore.digest import streams
from spcore.engine import Engine
from spcore.live import open_live
from spcore.livefilter import live_filter
from spcore.livereader import LiveReader
from spcore.source import CaptureError, open_file
from tests.spcore.tcp import Talk, post

BODY = b"130\t1\n" * 400
UPLOADS = 300


@pytest.fixture(scope="module")
def frames() -> list[tuple[int, bytes]]:
    found = []
    for number in range(UPLOADS):
        found += Talk(port=2000 + number, isn=number).open().whole(post(BODY)).frames
    return found


def read(path: str | Path) -> int:
    engine = Engine()
    with open_file(str(path)) as source:
        uploads = [upload for batch in source.run(engine) for upload in batch]
    uploads += engine.finish()
    assert all(upload.body == BODY and upload.complete for upload in uploads)
    return len(uploads)


@pytest.mark.parametrize("options", [{}, {"nanoseconds": True}, {"big_endian": True},
                                     {"big_endian": True, "nanoseconds": True}])
def test_classic_files_are_read(frames, tmp_path, options):
    pcapfile.write(tmp_path / "x", frames, **options)
    assert read(tmp_path / "x") == UPLOADS


@pytest.mark.parametrize("nanoseconds", [False, True])
def test_pcapng_files_are_read_with_their_times(frames, tmp_path, nanoseconds):
    pcapfile.write_pcapng(tmp_path / "x", frames, nanoseconds=nanoseconds)
    assert read(tmp_path / "x") == UPLOADS


def test_a_pipe_is_read_from_its_first_packet_to_its_last(frames, tmp_path):
    pcapfile.write(tmp_path / "x", frames)
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cp", tmp_path / "x", tmp_path / "pipe"]) as writer:
        assert read(tmp_path / "pipe") == UPLOADS
    assert writer.returncode == 0


@pytest.mark.parametrize("link", [1, 113, 276, 101])
def test_libpcap_and_its_fallback_through_next_batch_give_the_same_as_the_own_reader(tmp_path, link):
    import pcapy
    talks = [Talk(port=2000 + number, wire=Wire(link)).open().whole(post(BODY)) for number in range(40)]
    pcapfile.write(tmp_path / "x", [frame for talk in talks for frame in talk.frames], link)
    found = []
    for direct in (True, False):
        engine = Engine()
        reader = LiveReader(pcapy.open_offline(str(tmp_path / "x")), direct=direct)
        assert reader.direct == direct
        uploads, at_end = [], False
        while not at_end:
            _, at_end = reader.read(engine)
            uploads += engine.take_uploads()
        reader.close()
        found.append((uploads + engine.finish(), engine.counters()))
    assert found[0] == found[1]
    assert len(found[0][0]) == 40
    with open_file(str(tmp_path / "x")) as source:
        engine = Engine()
        uploads = [upload for batch in source.run(engine) for upload in batch] + engine.finish()
    assert (uploads, engine.counters()) == found[0]


def test_a_reader_that_is_no_pcapy_reader_is_not_looked_into():
    class Pretender:
        def datalink(self):
            return 1

        def next_batch(self, count):
            return b"", b""

        def close(self):
            pass
    reader = LiveReader(Pretender())
    assert not reader.direct
    assert reader.read(Engine()) == (0, True)
    reader.close()


def test_a_file_cut_short_gives_what_stands_before_the_damage(frames, tmp_path):
    pcapfile.write(tmp_path / "x", frames)
    data = (tmp_path / "x").read_bytes()
    (tmp_path / "cut").write_bytes(data[:-5])
    engine, uploads = Engine(), []
    with pytest.raises(CaptureError, match="before the damage was read"), open_file(str(tmp_path / "cut")) as source:
        for batch in source.run(engine):
            uploads += batch
    assert len(uploads + engine.finish()) == UPLOADS


@pytest.mark.parametrize("content", [b"", b"not a capture", bytes(24), b"\xd4\xc3\xb2\xa1"])
def test_what_is_no_capture_is_named_as_such(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CaptureError, match="x: "):
        open_file(str(tmp_path / "x"))


def test_a_missing_file_and_a_link_type_nobody_reads_are_said_in_words(tmp_path):
    with pytest.raises(CaptureError, match="No such file"):
        open_file(str(tmp_path / "none"))
    pcapfile.write(tmp_path / "x", [], 105)  # type: ignore[arg-type]
    with pytest.raises(CaptureError, match="link type 105"):
        open_file(str(tmp_path / "x"))


def test_a_closed_source_can_be_closed_again_and_reads_no_more(frames, tmp_path):
    pcapfile.write(tmp_path / "x", frames[:10])
    source = open_file(str(tmp_path / "x"))
    source.close()
    source.close()
    with pytest.raises(CaptureError, match="closed"):
        list(source.run(Engine()))


def test_streams_of_a_file_are_its_directions_with_bytes_hash_and_gaps(tmp_path):
    import hashlib
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").ack(9).server(9, payload=b"answer").fin(9)
    pcapfile.write(tmp_path / "x", talk.frames)
    with open_file(str(tmp_path / "x")) as source:
        found = {entry["source"]: entry for entry in streams(source)}
    assert found["192.168.1.50:40001"] == {
        "source": "192.168.1.50:40001", "destination": "203.0.113.10:80", "bytes": 6, "gaps": [[3, 3]],
        "sha256": hashlib.sha256(b"abcghi").hexdigest()}
    assert found["203.0.113.10:80"]["bytes"] == 6


def test_the_live_filter_lets_fragments_and_tags_through_and_compiles():
    import pcapy
    for text in (live_filter((80, 8080)), live_filter((80,), "192.168.1.50"), live_filter((80,), "2001:db8::50")):
        assert "vlan" in text
        pcapy.compile(1, 65535, text, 1, 0)


CHOICES = [{}, {"host": "192.168.1.50"}, {"host": "2001:db8::1"}, {"mac": "02:00:5e:00:53:01"}]


@pytest.mark.parametrize("link", [0, 1, 9, 12, 50, 51, 104, 108, 113, 166, 228, 229, 239, 276])
@pytest.mark.parametrize("chosen", CHOICES)
def test_every_link_type_that_is_read_live_has_a_filter_that_compiles(link, chosen):
    import pcapy
    pcapy.compile(link, 65535, live_filter((80, 8080), link_type=link, **chosen), 1, 0)


@pytest.mark.parametrize("tags", [(), (5,), (5, 6)])
@pytest.mark.parametrize(("client", "server"), [("192.168.1.50", "203.0.113.10"), ("2001:db8:1::50", "2001:db8:2::10")])
@pytest.mark.parametrize("one_pvs", ["none", "host", "mac"])
def test_the_live_filter_takes_every_frame_of_a_pvs_also_fragments_behind_one_or_two_tags(
        tmp_path, tags, client, server, one_pvs):
    import pcapy
    talk = Conversation(Host(client, 40001, "02:00:5e:00:53:50"), Host(server, 80), seed="f",
                        wire=Wire(Link.ETHERNET, tags))
    lines = [["130", "20260509160000", str(device), "x", "", "1.0"] for device in range(60)]
    talk.post(uploads.post(uploads.body(lines, "ZT1", 1778342400, random.Random(1))), Mischief(fragment=0.5))
    talk.close("fin")
    pcapfile.write(tmp_path / "x.pcap", talk.frames)
    only = {"none": {}, "host": {"host": client}, "mac": {"mac": "02:00:5e:00:53:50"}}[one_pvs]
    reader = pcapy.open_offline(str(tmp_path / "x.pcap"))
    reader.setfilter(live_filter((80,), **only))
    taken = 0
    while reader.next()[0] is not None:
        taken += 1
    assert taken == len(talk.frames)


def test_an_interface_that_does_not_exist_is_said_in_words():
    with pytest.raises(CaptureError, match=r"no such interface|right to capture"):
        open_live("nosuch0")
