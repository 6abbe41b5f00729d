"""Uploads: what each says, how they compare, and that none is lost on its way out."""
import pytest

from spcore.engine import Engine
from spcore.uploads import Upload
from tests.spcore.requests import BODY, CUTS, cut
from tests.spcore.tcp import PATH, PVS_MAC, ROUTER_MAC, Talk, feed, post


def test_an_upload_says_when_whence_whither_and_what():
    talk = Talk().open().data(0, post(BODY))
    when = talk.frames[-1][0]
    assert feed(talk.frames)[0] == [
        Upload(when, "192.168.1.50:40001", "203.0.113.10:80", PATH, BODY, True, PVS_MAC, ROUTER_MAC)]
    v6 = Talk("2001:db8::50", server="2001:db8::10").open().data(0, post(BODY))
    (found,) = feed(v6.frames)[0]
    assert (found.source, found.destination) == ("[2001:db8::50]:40001", "[2001:db8::10]:80")


def test_uploads_compare_by_value_and_say_what_they_are():
    one = Upload(1, "a", "b", "/p", b"x", True)
    assert one == Upload(1, "a", "b", "/p", b"x", True) != Upload(1, "a", "b", "/p", b"x", False)
    assert len({one, Upload(1, "a", "b", "/p", b"x", True)}) == 1
    assert repr(one) == (
        "Upload(1, 'a', 'b', '/p', 1 bytes, complete=True, source_mac='', destination_mac='', vlan=())")
    assert one != "Upload"
    assert one != Upload(1, "a", "b", "/p", b"x", True, PVS_MAC)


@CUTS
def test_the_path_is_the_request_target(how):
    talk = Talk().open()
    stream = post(BODY, path="http://x.example/Data/SMS2DataCollector.aspx?q=1")
    for at, piece in cut(stream, how):
        talk.data(at, piece)
    assert [upload.path for upload in feed(talk.frames)[0]] == ["/Data/SMS2DataCollector.aspx?q=1"]


@pytest.mark.parametrize("change", [
    {"captured_us": 2}, {"source": "x"}, {"destination": "x"}, {"path": "/x"}, {"body": b"y"}, {"complete": False},
    {"source_mac": PVS_MAC}, {"destination_mac": ROUTER_MAC}, {"vlan": (5,)},
])
def test_uploads_that_differ_in_one_thing_are_not_equal(change):
    same = {"captured_us": 1, "source": "a", "destination": "b", "path": "/p", "body": b"x", "complete": True}
    assert Upload(**same) != Upload(**same | change)


def test_uploads_come_once_and_in_the_order_in_which_they_were_completed():
    engine = Engine()
    talks = [Talk(port=2000 + number) for number in range(70)]
    stream = post(b"1\n")
    engine.feed([frame for talk in talks for frame in talk.open().data(0, stream[:40]).frames])
    assert not engine.pending()
    last = [talk.data(40, stream[40:]).frames[-1] for talk in reversed(talks)]
    found = engine.feed(last)
    assert [upload.source for upload in found] == [f"192.168.1.50:{2000 + number}" for number in range(69, -1, -1)]
    assert [upload.captured_us for upload in found] == [time for time, _ in last]
    assert engine.take_uploads() == engine.finish() == []
