"""Compressed captures: gzip as it is, in bounded memory, up to its damage; the others are said with what to do."""
import gzip
import os
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spcore.compressed import Gunzip, advice
from spcore.engine import Engine
from spcore.source import CaptureError, open_file
from tests.spcore.files import CONTAINERS, fed, packets, read
from tests.traffic import containers


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


@settings(max_examples=40)
@example([bytes(6), b""], 24, 5, 0)     # the first member ends where the step before had reached its limit
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=3), st.integers(7, 500), st.integers(5, 200),
       st.sampled_from([0, 1, 511, 40_000]))
def test_members_in_any_pieces_give_the_content_and_never_more_than_asked_for(parts, step, most, padding):
    data = b"".join(gzip.compress(part) for part in parts) + bytes(padding)
    pieces = iter([data[at:at + step] for at in range(0, len(data), step)])
    reader, found = Gunzip(lambda _: next(pieces, b"")), b""
    while piece := reader(most):
        assert len(piece) <= most
        found += piece
    assert (found, reader.problem) == (b"".join(parts), "")


def test_data_cut_anywhere_gives_a_beginning_and_says_that_it_is_damaged():
    content = bytes(range(256)) * 4
    data = gzip.compress(content)
    for size in range(1, len(data)):
        got = iter([data[:size]])
        reader, found = Gunzip(lambda _, got=got: next(got, b"")), b""
        while piece := reader(100):
            found += piece
        assert content.startswith(found) and "damaged" in reader.problem, size


def test_what_the_stream_raises_is_kept_and_raised():
    def broken(_):
        raise KeyboardInterrupt
    reader = Gunzip(broken)
    with pytest.raises(KeyboardInterrupt):
        reader(1)
    assert isinstance(reader.raised, KeyboardInterrupt) and reader.problem == ""


def test_what_is_nothing_known_needs_no_advice():
    assert advice(b"\xd4\xc3\xb2\xa1", "x") == advice(b"", "x") == ""
