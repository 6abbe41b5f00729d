"""What mirror ports send: every wrapping is opened, in any nesting, whole or in fragments, and none harms."""
import random

import pytest

from spcore.engine import Engine
from spcore.limits import Limits
from tests.spcore.tcp import START_US, Frames, Talk, bodies, feed, post
from tests.traffic import mirrors
from tests.traffic.mirrors import IPV4, QINQ, Layer

BODY = b"130\t20260509220000\t1\n" * 40
UPLOAD = post(BODY)
LAYERS: dict[str, Layer] = {
    "tzsp": mirrors.tzsp(), "tzsp with tags": mirrors.tzsp(b"\0\x0a\x01\x05\x29\x02\x05\xdc"), "vxlan": mirrors.vxlan(),
    "vxlan of old Linux": mirrors.vxlan(port=8472), "geneve": mirrors.geneve(),
    "geneve options": mirrors.geneve(bytes(8)),
    "gre": mirrors.gre(), "gre key": mirrors.gre(key=7), "gre sequence": mirrors.gre(sequence=7),
    "gre all": mirrors.gre(7, 8, True), "erspan 1": mirrors.erspan(1), "erspan 2": mirrors.erspan(2),
    "erspan 3": mirrors.erspan(3), "erspan 3 platform": mirrors.erspan(3, True), "mpls": mirrors.mpls(16, 17),
    "pseudowire": mirrors.mpls(18, pseudowire=True), "vlan": mirrors.vlan(5), "802.1ad": mirrors.vlan(6, QINQ),
    "tzsp over IPv6": mirrors.tzsp(v6=True), "vxlan over IPv6": mirrors.vxlan(v6=True),
    "gre over IPv6": mirrors.gre(v6=True),
    "erspan 2 over IPv6": mirrors.erspan(2, v6=True),
}
PACKET_LAYERS: dict[str, Layer] = {
    "pppoe": mirrors.pppoe(), "ip in ip": mirrors.ipip(), "ip in ipv6": mirrors.ipip(True), "mpls": mirrors.mpls(20),
    "gre": mirrors.gre(key=1),
}


def wrapped(frames: Frames, *layers: Layer, packets: bool = False) -> Frames:
    """Each frame (or, with `packets`, the IP packet in it) in these layers, innermost first."""
    out = []
    for time, frame in frames:
        inside, kind = (frame[14:], int.from_bytes(frame[12:14], "big")) if packets else (frame, mirrors.ETHERNET)
        for layer in layers:
            inside, kind = layer(inside, kind)
        out.append((time, mirrors.frame(inside, kind)))
    return out


def talk(v6: bool = False) -> Frames:
    ends = {"client": "2001:db8::50", "server": "2001:db8::10"} if v6 else {}
    return Talk(**ends).open().whole(UPLOAD).fin(len(UPLOAD)).frames


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("v6", [False, True])
def test_a_frame_in_any_wrapping_is_read(name, v6):
    frames = wrapped(talk(v6), LAYERS[name])
    uploads, counters = feed(frames)
    assert [(upload.body, upload.complete) for upload in uploads] == [(BODY, True)]
    tunnel = name not in ("mpls", "pseudowire", "vlan", "802.1ad")
    assert counters["packets_tunnelled"] == tunnel * len(frames)


@pytest.mark.parametrize("name", PACKET_LAYERS)
@pytest.mark.parametrize("v6", [False, True])
def test_an_ip_packet_in_any_wrapping_is_read(name, v6):
    assert bodies(wrapped(talk(v6), PACKET_LAYERS[name], packets=True)) == [(BODY, True)]


@pytest.mark.parametrize("seed", range(60))
def test_wrappings_nest_in_any_order_up_to_the_bound(seed):
    rng = random.Random(seed)
    chosen = [rng.choice(list(LAYERS.values())) for _ in range(rng.randint(2, Limits.max_nesting))]
    assert bodies(wrapped(talk(), *chosen)) == [(BODY, True)]


def test_more_tunnels_than_the_bound_are_counted_and_cost_nothing_else():
    deep = wrapped(talk(), *[mirrors.gre()] * 4)
    assert bodies(deep, limits=Limits(max_nesting=4)) == [(BODY, True)]
    uploads, counters = feed(deep + talk(), limits=Limits(max_nesting=3))
    assert [upload.body for upload in uploads] == [BODY]
    assert counters["nested_too_deep"] == len(deep)


@pytest.mark.parametrize("name", ["tzsp", "vxlan", "erspan 2", "gre"])
@pytest.mark.parametrize("order", [1, -1])
def test_wrapped_frames_larger_than_the_mirrors_way_come_in_fragments(name, order):
    frames = []
    for number, (time, frame) in enumerate(wrapped(talk(), LAYERS[name])):
        pieces = mirrors.fragments(frame[14:], 200, number)
        frames += [(time, mirrors.frame(piece, IPV4)) for piece in pieces[::order]]
    assert bodies(frames) == [(BODY, True)]


def test_fragments_inside_a_tunnel_inside_fragments_are_put_together():
    inner = Talk().open().fragments(0, UPLOAD, 400).ack(len(UPLOAD)).frames
    frames = []
    for number, (time, frame) in enumerate(wrapped(inner, mirrors.vxlan())):
        frames += [(time, mirrors.frame(piece, IPV4)) for piece in mirrors.fragments(frame[14:], 128, number)]
    assert bodies(frames) == [(BODY, True)]


def test_a_host_filter_means_the_host_inside():
    frames = wrapped(talk(), mirrors.erspan(2))
    assert bodies(frames, host="192.168.1.50") == [(BODY, True)]
    assert bodies(frames, host="192.0.2.1") == []


def test_the_mirrors_own_tags_and_those_inside_are_told_apart():
    """Each direction arrives from another port of the switch: the outer tag differs, the connection is one."""
    frames = wrapped(talk(), mirrors.vxlan())
    frames = [(time, mirrors.vlan(10 + number % 2)(frame, mirrors.ETHERNET)[0])
              for number, (time, frame) in enumerate(frames)]
    assert bodies(frames) == [(BODY, True)]


@pytest.mark.parametrize("name", LAYERS)
def test_a_wrapped_frame_cut_anywhere_is_no_harm(name):
    frames = wrapped(talk(), LAYERS[name])
    time, frame = frames[3]
    for size in range(0, min(len(frame), 200)):
        uploads, _ = feed([(time, frame[:size]), *frames])
        assert [upload.body for upload in uploads] == [BODY]


@pytest.mark.parametrize("name", LAYERS)
def test_random_bytes_behind_a_wrapping_harm_nobody(name):
    rng = random.Random(name)
    frames = wrapped(talk(), LAYERS[name])
    spoilt = []
    for time, frame in frames * 40:
        data = bytearray(frame)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(12, min(len(data), 110))] = rng.randrange(256)
        spoilt.append((time, bytes(data)))
    engine = Engine()
    engine.feed(spoilt)
    engine.finish()
    assert engine.counters()["packets"] == len(spoilt)


@pytest.mark.parametrize("udp", [b"", b"\x01\x04\0\x01\x01", b"\x01\0\0\x12\x01" + bytes(60),
                                 b"\x02\0\0\x01\x01" + bytes(60),
                                 b"\x01\0\0\x01\x0a\xff", b"\x01\0\0\x01\0\0\0"])
def test_tzsp_that_carries_no_frame_is_other_traffic(udp):
    inside, kind = mirrors.udp(37008, udp)
    assert feed([(START_US, mirrors.frame(inside, kind))])[1]["packets_other"] == 1


def test_udp_that_is_no_tunnel_is_other_traffic():
    for port in (53, 40000):
        inside, kind = mirrors.udp(port, talk()[2][1])
        counters = feed([(START_US, mirrors.frame(inside, kind))])[1]
        assert (counters["packets_other"], counters["packets_tunnelled"]) == (1, 0)


@pytest.mark.parametrize("outer", LAYERS)
def test_every_wrapping_of_every_wrapping_is_read(outer):
    for inner in LAYERS.values():
        assert bodies(wrapped(talk(), inner, LAYERS[outer])) == [(BODY, True)]
