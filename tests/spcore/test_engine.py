"""The loop: which packets count as what, what a wrong argument says, when it pauses, and time that steps."""
import pytest

from appliance.simulate import pcapfile
from spcore.engine import Engine
from spcore.limits import Limits
from spcore.source import open_file
from tests.spcore.tcp import PVS, SECOND, Talk, bodies, feed, post

BODY = b"130\t1\n"


def batches(tmp_path, frames, **options):
    """What each pause of the loop gives: uploads, or with digest=True events."""
    engine = Engine(**options)
    pcapfile.write(tmp_path / "x.pcap", frames)
    with open_file(str(tmp_path / "x.pcap")) as source:
        return list(source.run(engine, engine.take_events if options.get("digest") else engine.take_uploads))


def test_the_loop_pauses_when_enough_bytes_wait_and_loses_none(tmp_path):
    talk = Talk().open()
    stream = post(BODY * 50)
    for number in range(400):
        talk.data(number * len(stream), stream)
    whole = batches(tmp_path, talk.frames)
    small = batches(tmp_path, talk.frames, limits=Limits(batch_bytes=1000))
    assert sum(map(len, whole)) == sum(map(len, small)) == 400
    assert len(small) > len(whole) > 1
    assert max(map(len, small)) <= 40


def test_in_streams_mode_the_loop_pauses_also_by_events(tmp_path):
    talk = Talk().open()
    for number in range(1000):
        talk.data(number, b"x")
    whole = batches(tmp_path, talk.frames, ports=None, digest=True)
    small = batches(tmp_path, talk.frames, ports=None, digest=True, limits=Limits(batch_events=10))
    assert sum(map(len, whole)) == sum(map(len, small))
    assert max(map(len, small)) < 10 + 64 < max(map(len, whole))


def test_packets_that_are_not_for_us_are_counted_and_nothing_else():
    other = Talk(server_port=443).open().whole(post(BODY))
    _, counters = feed([*other.frames, (other.now, b""), (other.now, b"\0" * 13), (other.now, b"\xff" * 60)])
    assert counters["packets"] == len(other.frames) + 3
    assert counters["packets_other"] + counters["packets_malformed"] == counters["packets"]
    assert (counters["packets_malformed"], counters["flows"]) == (2, 0)


@pytest.mark.parametrize("ends", [{}, {"client": "2001:db8::50", "server": "2001:db8::10"}])
def test_a_host_is_either_end_and_no_other(ends):
    talk = Talk(**ends).open().whole(post(BODY))
    for host in (ends.get("client", PVS), ends.get("server", "203.0.113.10")):
        assert bodies(talk.frames, host=host) == [(BODY, True)]
    for host in ("192.168.1.51", "2001:db8::51"):
        assert bodies(talk.frames, host=host) == []


def test_ports_are_the_collectors_and_none_means_every():
    talk = Talk(server_port=8080).open().whole(post(BODY))
    assert bodies(talk.frames) == []
    assert bodies(talk.frames, ports=(80, 8080)) == bodies(talk.frames, ports=None) == [(BODY, True)]


@pytest.mark.parametrize("options, says", [
    ({"host": "pvs.example"}, "not an IP address"), ({"ports": (0,)}, "no TCP port"),
    ({"ports": (65536,)}, "no TCP port"),
])
def test_a_wrong_argument_is_said(options, says):
    with pytest.raises(ValueError, match=says):
        Engine(**options)


def test_an_unknown_link_type_is_refused():
    with pytest.raises(ValueError, match="147"):
        Engine().feed([], 147)


def test_an_engine_is_initialised_once():
    engine = Engine()
    with pytest.raises(RuntimeError):
        engine.__init__()


def test_a_clock_that_steps_is_counted_and_ends_nothing():
    stream = post(BODY)
    talk = Talk().open().data(0, stream[:50]).wait(-3600 * SECOND).data(50, stream[50:60])
    talk.wait(400 * 86_400 * SECOND).data(60, stream[60:])
    uploads, counters = feed(talk.frames)
    assert [upload.body for upload in uploads] == [BODY]
    assert (counters["clock_steps"], counters["flows_expired"]) == (2, 0)
