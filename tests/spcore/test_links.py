"""From a frame to its IP packet: every link layer is read, and a length that lies is counted and loses nothing else."""
import random
import struct

import pytest

from appliance.simulate.packets import Link, Wire
from spcore import links
from spcore.engine import Engine
from tests.spcore.tcp import START_US, Talk, bodies, feed, post, see

EVERY_WIRE = [
    *(Wire(link) for link in Link),
    *(Wire(link, vlans) for link in (Link.ETHERNET, Link.SLL, Link.SLL2) for vlans in ((5,), (5, 6), (1, 2, 3))),
    Wire(pppoe=True), Wire(vlans=(7,), pppoe=True), Wire(Link.SLL, pppoe=True), Wire(offload=True),
]

BODY = b"130\t20260509220000\t1\n"
UPLOAD = post(BODY)


@pytest.mark.parametrize("v6", [False, True])
@pytest.mark.parametrize("wire", EVERY_WIRE, ids=str)
def test_every_link_layer_is_read(wire, v6):
    ends = {"client": "2001:db8::50", "server": "2001:db8::10"} if v6 else {}
    talk = Talk(**ends, wire=wire).open().whole(UPLOAD)
    assert bodies(talk.frames, int(wire.link)) == [(BODY, True)]


@pytest.mark.parametrize("number", [12, 14, 101])
def test_raw_ip_has_several_numbers(number):
    talk = Talk(wire=Wire(Link.RAW)).open().whole(UPLOAD)
    assert bodies(talk.frames, number) == [(BODY, True)]


@pytest.mark.parametrize("link, v6", [(228, False), (229, True)])
def test_raw_ip_of_one_version_is_read(link, v6):
    ends = {"client": "2001:db8::50", "server": "2001:db8::10"} if v6 else {}
    assert bodies(Talk(**ends, wire=Wire(Link.RAW)).open().whole(UPLOAD).frames, link) == [(BODY, True)]


@pytest.mark.parametrize("family, v6", [(2, False), (10, True), (24, True), (28, True), (30, True)])
@pytest.mark.parametrize("order", ["<I", ">I"])
def test_loopback_families_of_every_system_and_byte_order_are_read(family, v6, order):
    ends = {"client": "2001:db8::50", "server": "2001:db8::10"} if v6 else {}
    frames = [(time, struct.pack(order, family) + frame[4:])
              for time, frame in Talk(**ends, wire=Wire(Link.NULL)).open().whole(UPLOAD).frames]
    for link in (0, 108):
        assert bodies(frames, link) == [(BODY, True)]


def test_a_link_type_nobody_can_read_is_refused_by_number():
    assert links.is_supported(1) and not links.is_supported(105)
    with pytest.raises(ValueError, match="105"):
        Engine().feed([], 105)


def test_every_link_type_that_is_read_has_a_name():
    assert all(links.is_supported(number) for number in links.LINK_NAMES)
    assert sum(links.is_supported(number) for number in range(512)) == len(links.LINK_NAMES)


def test_ethernet_padding_is_not_data():
    talk = Talk().open()
    for at in range(0, len(UPLOAD), 2):
        talk.data(at, UPLOAD[at:at + 2])
    assert all(len(frame) == 60 for _, frame in talk.frames)
    assert see(talk)[:2] == (UPLOAD, [])


@pytest.mark.parametrize("wire", EVERY_WIRE, ids=str)
@pytest.mark.parametrize("v6", [False, True])
def test_a_frame_cut_anywhere_is_counted_and_the_rest_is_read(wire, v6):
    ends = {"client": "2001:db8::50", "server": "2001:db8::10"} if v6 else {}
    talk = Talk(**ends, wire=wire).open().data(0, UPLOAD)
    (time, frame), link = talk.frames[-1], int(wire.link)
    head = len(frame) - len(UPLOAD)
    for size in range(0, head):
        uploads, counters = feed([(time, frame[:size]), *talk.frames], link)
        assert [upload.body for upload in uploads] == [BODY]
        assert counters["packets_malformed"] + counters["packets_other"] == 1, size


def test_a_pppoe_discovery_code_in_a_session_frame_is_malformed():
    frame = bytes(12) + b"\x88\x64" + b"\x11\x09\0\x01\0\x08\0\x21" + bytes(40)
    assert feed([(START_US, frame)])[1]["packets_malformed"] == 1


@pytest.mark.parametrize("link", [0, 1, 12, 101, 108, 113, 228, 229, 276])
def test_random_bytes_never_harm_anybody(link):
    rng = random.Random(link)
    starts = [b"", bytes(12) + b"\x08\0\x45", bytes(12) + b"\x86\xdd\x60", b"\x45", b"\x60", b"\x02\0\0\0\x45",
              bytes(14) + b"\x08\0\x45", b"\x08\0" + bytes(18) + b"\x45", bytes(12) + b"\x81\0\0\x05\x08\0\x45"]
    frames = [(START_US + number, rng.choice(starts) + rng.randbytes(rng.randrange(120))) for number in range(5000)]
    uploads, counters = feed(frames, link, ports=None)
    assert uploads == []
    assert counters["packets"] == 5000
