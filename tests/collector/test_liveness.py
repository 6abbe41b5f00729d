"""What counts as a try and as an answer, from frames as they are on the wire; and that no frame is an error."""
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.collector import NAME, PATHS
from appliance.collector.dns import query
from appliance.collector.liveness import MAX_ADDRESSES, MAX_TRIES, WireView, is_public
from appliance.simulate import traffic, uploads
from appliance.simulate.traffic import Conversation
from tests.collector.support import answer_of_names

MAKER, PVS, ROUTER = "203.0.113.5", "192.0.2.50", "192.0.2.1"
OWN, OTHER = bytes.fromhex("02005e005301"), bytes.fromhex("02005e005302")
SYN = 2


def ip(source: str, destination: str, protocol: int, payload: bytes, mac: bytes = OTHER, fragment: int = 0) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, fragment, 64, protocol, 0)
    return OWN + mac + b"\x08\0" + head + socket.inet_aton(source) + socket.inet_aton(destination) + payload


def tcp(source: str, sport: int, destination: str, dport: int, payload: bytes = b"", flags: int = 0x18,
        mac: bytes = OTHER) -> bytes:
    head = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 5 << 4, flags, 1000, 0, 0)
    return ip(source, destination, 6, head + payload, mac)


def udp(source: str, sport: int, destination: str, dport: int, payload: bytes, mac: bytes = OTHER) -> bytes:
    return ip(source, destination, 17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload, mac)


@pytest.fixture
def view():
    return WireView(0.0, OWN)


def test_an_exchange_as_a_capture_has_it_is_a_try_and_an_answer():
    view = WireView(0.0)
    talk = Conversation(traffic.CLIENT, traffic.SERVER, start_us=0, seed=1)
    talk.post(uploads.post(b"100\tSPMS\n" + b"x" * 3000))
    talk.close()
    for number, (_, frame) in enumerate(talk.frames):
        view.frame(float(number), frame)
    assert view.answered is not None and view.unanswered_since is None and len(view.tries) == 1
    assert view.addresses == [traffic.SERVER.address]


def test_a_question_for_the_name_is_a_try_in_whatever_case_and_one_for_another_name_is_none(view):
    view.frame(1.0, udp(PVS, 4000, ROUTER, 53, query("www.example.com", 1)))
    view.frame(2.0, udp(PVS, 4000, ROUTER, 53, query(f"x{NAME}", 1)))
    assert not view.tries
    view.frame(3.0, udp(PVS, 4000, ROUTER, 53, query(NAME.upper(), 1)))
    assert list(view.tries) == [3.0] and view.unanswered_since == 3.0


def test_addresses_are_learned_from_answers_and_uploads_and_are_public(view):
    view.frame(1.0, udp(ROUTER, 53, PVS, 4000, answer_of_names(NAME, MAKER, "192.168.1.9")))
    view.frame(2.0, tcp(PVS, 4000, "203.0.113.77", 80, f"POST {PATHS[1]} HTTP/1.1\r\n".encode()))
    view.frame(2.0, udp(ROUTER, 53, PVS, 4000, answer_of_names("www.example.com", "203.0.113.99")))
    assert view.addresses == [MAKER, "203.0.113.77"]
    for number in range(50):
        view.learn(f"203.0.113.{number}")
    assert len(view.addresses) == MAX_ADDRESSES and view.addresses[-1] == "203.0.113.49"


def test_a_connection_counts_only_if_it_is_to_the_collector(view):
    view.frame(1.0, tcp(PVS, 4000, MAKER, 80, flags=SYN))
    assert not view.tries
    view.learn(MAKER)
    view.frame(2.0, tcp(PVS, 4000, MAKER, 80, flags=SYN))
    view.frame(60.0, tcp(PVS, 4000, "198.18.0.1", 80, flags=SYN))
    assert list(view.tries) == [2.0, 60.0]


def test_repeats_within_half_a_minute_are_one_try_and_only_a_few_times_are_kept(view):
    for second in range(300):
        view.frame(float(second), udp(PVS, 4000, ROUTER, 53, query(NAME, second)))
    assert view.unanswered == 10 and len(view.tries) == MAX_TRIES and view.unanswered_since == 0.0


def test_our_own_answer_and_other_servers_answers_are_not_the_makers(view):
    view.learn(MAKER)
    view.frame(1.0, udp(PVS, 4000, ROUTER, 53, query(NAME, 1)))
    view.frame(2.0, tcp(MAKER, 80, PVS, 4000, b"HTTP/1.1 200 OK\r\n\r\n1002\t2026\r\n", mac=OWN))
    view.frame(2.0, tcp("203.0.113.6", 80, PVS, 4000, b"1002\t2026\r\n"))
    view.frame(2.0, tcp(MAKER, 80, PVS, 4000, b"HTTP/1.1 500 Oh\r\n\r\n"))
    assert view.answered is None
    view.frame(3.0, tcp(MAKER, 80, PVS, 4000, b"1002\t20260101000000\r\n"))
    assert view.answered == 3.0 and view.unanswered_since is None


@given(st.binary(max_size=200))
def test_no_frame_is_an_error(data):
    view = WireView(0.0, OWN)
    for frame in (data, OWN + OTHER + b"\x08\0" + data, ip(PVS, MAKER, 6, data), ip(MAKER, PVS, 17, data),
                  udp(ROUTER, 53, PVS, 4000, answer_of_names(NAME, MAKER)[:40] + data),
                  udp(ROUTER, 53, PVS, 4000, data), tcp(PVS, 1, MAKER, 80, b"POST " + data)):
        for cut in (len(frame), len(frame) // 2):
            view.frame(1.0, frame[:cut])


@pytest.mark.parametrize("address, public", [("203.0.113.5", True), ("8.8.8.8", True), ("192.168.1.1", False),
                                             ("10.1.2.3", False), ("172.31.0.1", False), ("127.0.0.1", False),
                                             ("224.0.0.1", False), ("255.255.255.255", False), ("0.0.0.0", False),
                                             ("x", False), ("", False)])
def test_which_addresses_the_maker_can_have(address, public):
    assert is_public(address) is public
