"""An open capture file, whichever its format: the same packets, the same damage, the same bounds."""

import pytest

from appliance.simulate.packets import Link
from spcore.engine import Engine
from spcore.filereader import OpenFile, feed
from spcore.limits import Limits
from spcore.source import open_file
from tests.spcore.files import CONTAINERS, cut_reading, fed, packets, read_bytes, section
from tests.traffic import containers
from tests.traffic.containers import Interface, Section


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("link", [Link.ETHERNET, Link.SLL2, Link.RAW])
def test_the_same_packets_give_the_same_uploads_out_of_every_container(name, link, tmp_path):
    of = packets(link)
    assert read_bytes(CONTAINERS[name](of), tmp_path) == fed(of)


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
