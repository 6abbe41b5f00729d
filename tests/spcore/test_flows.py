"""The connection table: keys are compared in full, and both directions have one."""
import pytest

from appliance.simulate.packets import Wire
from spcore.limits import Limits
from tests.spcore.tcp import Talk, see_all


@pytest.mark.parametrize("other", [
    {"port": 40002}, {"client": "192.168.1.51"}, {"server": "203.0.113.11"}, {"wire": Wire(vlans=(5,))},
])
def test_connections_that_differ_in_one_part_of_the_key_are_never_mixed(other):
    one, two = Talk().open(), Talk(**other).open()
    for at in range(0, 600, 60):
        one.data(at, b"1" * 60)
        two.data(at, b"2" * 60)
    frames = [frame for pair in zip(one.frames, two.frames, strict=True) for frame in pair]
    found, counters = see_all(frames)
    assert counters["flows"] == 2
    assert sorted(bytes(seen.data) for source, _, seen in found if not source.endswith(":80")) == [
        b"1" * 600, b"2" * 600]


def test_keys_that_share_a_hash_bucket_are_compared_in_full():
    """Far more connections than buckets: every one keeps its own bytes."""
    talks = [Talk(port=1024 + number % 60_000, client=f"10.0.{number // 60_000}.1", isn=number).open()
             .data(0, b"%06d" % number) for number in range(3000)]
    found, _ = see_all([frame for talk in talks for frame in talk.frames], Limits(max_flows=4096))
    data = {source: bytes(seen.data) for source, _, seen in found if not source.endswith(":80")}
    assert data == {f"10.0.{number // 60_000}.1:{1024 + number % 60_000}": b"%06d" % number for number in range(3000)}


def test_both_directions_are_told_apart():
    talk = Talk().open().data(0, b"ask").server(3, payload=b"answer")
    found, _ = see_all(talk.frames)
    assert [(s.rsplit(":", 1)[1], bytes(seen.data)) for s, _, seen in found] == [("40001", b"ask"), ("80", b"answer")]


def test_ipv6_connections_work_the_same():
    talk = Talk("2001:db8::50", server="2001:db8::10").open().data(3, b"def").data(0, b"abc")
    found, _ = see_all(talk.frames)
    assert ("[2001:db8::50]:40001", "[2001:db8::10]:80", b"abcdef") in [(s, d, bytes(x.data)) for s, d, x in found]


def test_places_of_closed_connections_are_used_again_and_begin_empty():
    """More connections one after the other than the table has entries."""
    limits = Limits(max_flows=10, max_embryonic=5)
    talks = [Talk(port=2000 + number, isn=number).open().data(0, b"%04d" % number).fin(4).ack(5)
             for number in range(300)]
    found, counters = see_all([frame for talk in talks for frame in talk.frames], limits)
    assert [bytes(seen.data) for source, _, seen in found if not source.endswith(":80")] == [
        b"%04d" % number for number in range(300)]
    assert counters["flows"] == 300
