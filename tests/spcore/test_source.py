"""Sources: files of every format, pipes, and what cannot be opened, said in words. Live capture: test_live."""
import os
import subprocess
from pathlib import Path

import pytest

from appliance.simulate import pcapfile
from spcore.digest import streams
from spcore.engine import Engine
from spcore.live import open_live
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


def test_an_interface_that_does_not_exist_is_said_in_words():
    with pytest.raises(CaptureError, match=r"no such interface|right to capture"):
        open_live("nosuch0")
