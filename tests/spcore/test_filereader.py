"""Several files as one capture: in any order, merged by time, few of them open, and damage costs its file alone."""
import os
import random
import resource

import pytest

from spcore.engine import Engine
from spcore.source import CaptureError, open_files
from tests.spcore.files import CONTAINERS, fed, packets, read, ring


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
