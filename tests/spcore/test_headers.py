"""IP and TCP headers, and the filter by host and port: a length that lies is counted and loses nothing else."""
import struct

import pytest

from appliance.simulate.packets import ACK, Direction, Host, Wire
from spcore.engine import Engine
from tests.spcore.tcp import COLLECTOR, PVS, START_US, Talk, bodies, feed, post, see

BODY = b"130\t20260509220000\t1\n"
UPLOAD = post(BODY)


def test_total_length_zero_means_to_the_end_of_the_frame():
    talk = Talk(wire=Wire(offload=True)).open().data(0, UPLOAD)
    assert talk.frames[-1][1][16:18] == b"\0\0"
    assert bodies(talk.frames) == [(BODY, True)]


def test_segments_of_64_kib_are_read():
    body = b"".join(b"1\t%07d\n" % number for number in range(6_400))
    upload = post(body)
    assert len(upload) < 65_400
    assert bodies(Talk().open().data(0, upload).frames) == [(body, True)]


def test_segments_larger_than_an_ip_packet_are_read_when_offload_left_the_length_out():
    body = b"".join(b"1\t%07d\n" % number for number in range(20_000))
    assert bodies(Talk(wire=Wire(offload=True)).open().data(0, post(body)).frames) == [(body, True)]


def test_ip_options_are_subtracted():
    talk = Talk().open()
    talk.data(0, UPLOAD)
    time, frame = talk.frames[-1]
    packet = bytearray(frame[14:])
    packet[0] = 0x47
    packet[2:4] = struct.pack("!H", len(packet) + 8)
    talk.frames[-1] = time, frame[:14] + bytes(packet[:20]) + b"\x94\x04\0\0\x01\x01\x01\0" + bytes(packet[20:])
    assert bodies(talk.frames) == [(BODY, True)]


def test_tcp_options_are_subtracted():
    talk = Talk().open().send(0, UPLOAD, ACK, b"\x01\x01\x08\x0a" + bytes(8))
    assert bodies(talk.frames) == [(BODY, True)]


def extension(number: int, following: int) -> bytes:
    """An IPv6 extension header of its smallest size."""
    if number == 51:
        return bytes([following, 1]) + bytes(10)
    if number == 44:
        return bytes([following, 0, 0, 0]) + bytes(4)
    return bytes([following, 0]) + bytes(6)


@pytest.mark.parametrize("chain", [[0], [43], [60], [51], [135], [44], [0, 60, 43, 44, 51, 60], [44, 44], [60] * 40])
def test_ipv6_extension_headers_are_walked_and_atomic_fragments_pass(chain):
    talk = Talk("2001:db8::50", server="2001:db8::10").open()
    segment = talk.segment(0, UPLOAD)
    payload = segment
    following = 6
    for number in reversed(chain):
        payload = extension(number, following) + payload
        following = number
    talk.frame(talk.up.frame(talk.up.datagram(payload, protocol=following)))
    assert bodies(talk.frames) == [(BODY, True)]


def test_a_frame_cut_by_the_snap_length_gives_what_is_there():
    talk = Talk().open().data(0, UPLOAD)
    time, frame = talk.frames.pop()
    talk.frames.append((time, frame[:-10]))
    talk.ack(len(UPLOAD)).wait(10 ** 6).ack(len(UPLOAD))
    assert see(talk)[:2] == (UPLOAD[:-10], [(len(UPLOAD) - 10, 10)])


@pytest.mark.parametrize("spoil", [
    lambda ip: b"\x44" + ip[1:],                         # header length below 20
    lambda ip: b"\x4f" + ip[1:],                         # header length beyond the packet's data
    lambda ip: ip[:2] + b"\0\x13" + ip[4:],              # total length below the header
    lambda ip: b"\x55" + ip[1:],                         # version 5
    lambda ip: ip[:32] + b"\x40" + ip[33:],              # TCP header of 16 bytes
    lambda ip: ip[:32] + b"\xf0" + ip[33:40],            # TCP header longer than the segment
    lambda ip: b"",
])
def test_headers_whose_lengths_lie_are_counted_and_nothing_else_is_lost(spoil):
    talk = Talk().open().data(0, UPLOAD[:10])
    frame = talk.frames[-1][1]
    bad = (talk.now, frame[:14] + spoil(frame[14:54]))
    uploads, counters = feed([*talk.frames, bad, *Talk().data(10, UPLOAD[10:]).frames])
    assert [upload.body for upload in uploads] == [BODY]
    assert counters["packets_malformed"] == 1


def test_other_peoples_traffic_is_counted_and_left_alone():
    talk = Talk()
    arp = bytes(12) + b"\x08\x06" + bytes(46)
    udp = talk.up.frame(talk.up.datagram(bytes(100), protocol=17))
    pppoe_lcp = bytes(12) + b"\x88\x64" + b"\x11\0\0\x01\0\x08\xc0\x21" + bytes(40)
    llc = bytes(12) + b"\0\x26" + bytes(46)
    null = struct.pack("<I", 7) + bytes(40)
    _, counters = feed([(START_US, frame) for frame in (arp, udp, pppoe_lcp, llc)])
    assert (counters["packets_other"], counters["packets_malformed"]) == (4, 0)
    assert feed([(START_US, null)], 0)[1]["packets_other"] == 1


@pytest.mark.parametrize("host, found", [(PVS, 1), (COLLECTOR, 1), ("192.168.1.51", 0), ("2001:db8::50", 0)])
def test_a_host_filter_keeps_both_directions_of_that_host_only(host, found):
    assert len(bodies(Talk().open().whole(UPLOAD).frames, host=host)) == found


def test_a_host_filter_works_for_ipv6_fragments_and_tags():
    talk = Talk("2001:db8::50", server="2001:db8::10", wire=Wire(vlans=(3,))).open().fragments(0, UPLOAD, 64)
    assert bodies(talk.frames, host="2001:db8:0::50") == [(BODY, True)]
    assert bodies(talk.frames, host="2001:db8::51") == []


def test_ports_other_than_80_can_be_asked_for_and_only_those_are_read():
    talks = [Talk(server_port=port).open().whole(UPLOAD) for port in (80, 8080, 65535)]
    frames = [frame for talk in talks for frame in talk.frames]
    assert len(bodies(frames)) == 1
    assert len(bodies(frames, ports=(8080, 65535))) == 2
    assert len(bodies(frames, ports=None)) == 3


def test_an_upload_in_the_answering_direction_is_none():
    talk = Talk().open().data(0, b"GET / HTTP/1.1\r\n\r\n").server(18, payload=UPLOAD)
    assert bodies(talk.frames) == []


def test_ports_and_hosts_that_are_none_are_refused():
    for port in (0, 65536, -1):
        with pytest.raises(ValueError, match=str(port)):
            Engine(ports=(port,))
    with pytest.raises(ValueError, match=r"pvs\.local"):
        Engine(host="pvs.local")


def test_frames_that_lie_at_any_address_in_memory_are_read():
    talk = Talk().open().whole(UPLOAD)
    for shift in range(8):
        frames = [(time, memoryview(bytes(shift) + frame)[shift:]) for time, frame in talk.frames]
        assert bodies(frames, host=PVS) == [(BODY, True)]


def test_directions_are_built_as_the_tests_think():
    """The helper itself: a frame is what struct says it is."""
    direction = Direction(Host(PVS, 1), Host(COLLECTOR, 80), Wire())
    packet = direction.datagram(direction.segment(1, 2, ACK, 3, b"x"))
    assert struct.unpack("!BBH", packet[:4]) == (0x45, 0, 41)
