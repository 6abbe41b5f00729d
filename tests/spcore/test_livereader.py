"""Packets out of libpcap: pcapy's own pointer and its public interface give the same as the reader of files."""
import pytest

from appliance.simulate import pcapfile
from appliance.simulate.packets import Wire
from spcore.engine import Engine
from spcore.livereader import LiveReader
from spcore.source import open_file
from tests.spcore.tcp import Talk, post

BODY = b"130\t1\n" * 400


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
