"""Bytes of a file or stream in large steps: files that shrink or grow, pipes, and bounded memory."""
import random
import subprocess
import sys

import pytest

from spcore.engine import Engine
from spcore.filereader import OpenFile, feed
from tests.spcore.files import CONTAINERS, fed, packets
from tests.traffic import containers


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
