"""Who sent an upload and to whom, on every link: addresses, MAC addresses, VLAN tags, kept per direction."""
import pytest

from appliance.simulate.packets import Link, Wire
from spcore.limits import Limits
from tests.spcore.tcp import PVS_MAC, ROUTER_MAC, SECOND, Talk, feed, post

BODY = b"130\t1\n"
OTHER_MAC = "02:00:5e:00:53:66"


def senders(talk: Talk, *more: Talk) -> list[tuple[str, str]]:
    frames = [frame for each in (talk, *more) for frame in each.frames]
    return [(upload.source_mac, upload.destination_mac) for upload in feed(frames, talk.wire.link)[0]]


@pytest.mark.parametrize("link, expected", [
    (Link.ETHERNET, (PVS_MAC, ROUTER_MAC)), (Link.SLL, (PVS_MAC, "")), (Link.SLL2, (PVS_MAC, "")),
    (Link.RAW, ("", "")), (Link.NULL, ("", "")),
])
def test_an_upload_has_the_macs_that_its_link_has(link, expected):
    assert senders(Talk(wire=Wire(link)).open().whole(post(BODY))) == [expected]


@pytest.mark.parametrize("kind, at, no_length", [(Link.SLL, 4, b"\0\0"), (Link.SLL2, 11, b"\0")])
def test_a_cooked_frame_whose_address_is_no_mac_has_none(kind, at, no_length):
    talk = Talk(wire=Wire(kind)).open().whole(post(BODY))
    frames = [(time, frame[:at] + no_length + frame[at + len(no_length):]) for time, frame in talk.frames]
    assert [upload.source_mac for upload in feed(frames, kind)[0]] == [""]


def test_a_mac_of_zeros_is_none():
    assert senders(Talk(mac="00:00:00:00:00:00", server_mac="00:00:00:00:00:00").open().whole(post(BODY))) == [("", "")]


@pytest.mark.parametrize("vlans, expected", [
    ((), ()), ((5,), (5,)), ((100, 5), (100, 5)), ((0,), ()), ((0, 7), (7,)), ((7, 0), (7,)), ((9, 100, 5), (100, 5)),
])
def test_the_vlan_is_the_inner_two_tags_and_a_priority_tag_is_none(vlans, expected):
    uploads, _ = feed(Talk(wire=Wire(vlans=vlans)).open().whole(post(BODY)).frames)
    assert [(upload.vlan, upload.source_mac) for upload in uploads] == [(expected, PVS_MAC)]


def test_macs_are_found_behind_pppoe_and_with_ipv6():
    assert senders(Talk(wire=Wire(pppoe=True)).open().whole(post(BODY))) == [(PVS_MAC, ROUTER_MAC)]
    assert senders(Talk("2001:db8::50", server="2001:db8::10").open().whole(post(BODY))) == [(PVS_MAC, ROUTER_MAC)]


def test_a_segment_in_fragments_has_the_mac_of_its_frames():
    assert senders(Talk().fragments(0, b"x" * 5, 8).fragments(5, b"\n" + post(BODY), 64)) == [(PVS_MAC, ROUTER_MAC)]


def test_each_connection_has_its_own_sender_also_when_two_take_turns():
    one, two = Talk().open(), Talk(port=40002, mac=OTHER_MAC).open()
    stream = post(BODY)
    for at in range(0, len(stream), 20):
        one.data(at, stream[at:at + 20])
        two.data(at, stream[at:at + 20])
    frames = [frame for pair in zip(one.frames, two.frames, strict=True) for frame in pair]
    assert {(upload.source, upload.source_mac) for upload in feed(frames)[0]} == {
        ("192.168.1.50:40001", PVS_MAC), ("192.168.1.50:40002", OTHER_MAC)}


def test_the_sender_is_that_of_the_directions_first_frame():
    talk = Talk().open()
    stream = post(BODY)
    talk.data(0, stream[:30])
    late = Talk(mac=OTHER_MAC, at=talk.now).data(30, stream[30:])
    assert senders(talk, late) == [(PVS_MAC, ROUTER_MAC)]


def test_a_new_stream_on_reused_ports_has_its_own_sender_and_the_old_one_keeps_its():
    stream = post(b"1\n2\n3\n")
    first = Talk(isn=1000).open().data(0, stream[:-3])
    second = Talk(isn=900_000, at=first.now + SECOND, mac=OTHER_MAC).open().whole(stream)
    assert senders(first, second) == [(PVS_MAC, ROUTER_MAC), (OTHER_MAC, ROUTER_MAC)]


def test_what_an_eviction_gives_out_is_signed_by_the_evicted_not_by_who_needed_the_room():
    talks = [Talk(port=2000 + number, mac=f"02:00:5e:00:53:{number:02x}").open().data(0, post(b"1\n" * 1200)[:2300])
             for number in range(1, 60)]
    uploads, counters = feed([frame for talk in talks for frame in talk.frames], limits=Limits(max_memory=3 * 100_000))
    assert counters["memory_evicted"] > 0
    assert len(uploads) == 59
    for upload in uploads:
        assert upload.source_mac == f"02:00:5e:00:53:{int(upload.source.rpartition(':')[2]) - 2000:02x}"


def test_addresses_are_text_as_inet_ntop_writes_them():
    ends = [("0.0.0.0", "255.255.255.255"), ("2001:db8::", "::1"), ("2001:db8:1:2:3:4:5:6", "::ffff:192.0.2.1")]
    for client, server in ends:
        uploads, _ = feed(Talk(client, 65535, server).open().whole(post(BODY)).frames)
        bracket = "[{}]:{}" if ":" in client else "{}:{}"
        assert [(upload.source, upload.destination) for upload in uploads] == [
            (bracket.format(client, 65535), bracket.format(server, 80))]
