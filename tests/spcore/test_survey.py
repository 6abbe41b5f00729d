"""Which conversations a capture holds: who is the server, how many packets, and a bound on the pairs that are told."""
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.simulate.packets import ACK, SYN, Direction, Host, Wire
from spcore.engine import Engine

PLACES = 1024


def segment(source: Host, destination: Host, flags: int = ACK) -> bytes:
    direction = Direction(source, destination, Wire())
    (frame,) = direction.frames(direction.segment(1, 1, flags, 1000, b"x"))
    return frame


def listed(frames: list[bytes], port: int = 9) -> list[tuple]:
    """The conversations, where no packet is of the wanted port."""
    engine = Engine(ports=(port,))
    engine.feed([(number, frame) for number, frame in enumerate(frames)])
    return list(engine.survey())


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(100, 104)), max_size=60))
def test_a_pair_is_counted_under_the_port_that_answers(sent: list[tuple[int, int, int]]) -> None:
    """The twin: a Counter by the lower port's host and the other one."""
    frames, expected = [], Counter()
    for client, server, port in sent:
        here, there = Host(f"192.0.2.{client}", 40_000 + client), Host(f"203.0.113.{server}", port)
        frames += [segment(here, there), segment(there, here)]
        expected[port, there.address, here.address] += 2
    assert {talk[:3]: talk[3] for talk in listed(frames)} == dict(expected)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 2, 255]), st.sampled_from([0, 80, 1000, 50_000]),
                          st.sampled_from([0, 1, 2, 255]), st.sampled_from([0, 80, 1000, 50_000]),
                          st.sampled_from([SYN, SYN | ACK, ACK, ACK])), max_size=80))
def test_a_direction_that_comes_again_counts_as_it_did_unless_a_syn_says_otherwise(sent: list[tuple]) -> None:
    """The twin: the rule itself, packet by packet. Few hosts and ports, so that most directions come again."""
    frames, expected = [], Counter()
    for here, port, there, other, flags in sent:
        source, destination = Host(f"0.0.0.{here}", port), Host(f"0.0.0.{there}", other)
        frames.append(segment(source, destination, flags))
        to_server = not flags & ACK if flags & SYN else other <= port
        server, client = (destination, source) if to_server else (source, destination)
        expected[server.port, server.address, client.address] += 1
    assert {talk[:3]: talk[3] for talk in listed(frames, port=9)} == dict(expected)


@pytest.mark.parametrize(("flags", "server"), [(SYN, "192.0.2.1"), (SYN | ACK, "192.0.2.2"), (ACK, "192.0.2.1")])
def test_who_answers_a_syn_is_the_server_whatever_the_ports(flags: int, server: str) -> None:
    """The one that is called sits at the higher port in the first two, at the lower in the last."""
    low, high = Host("192.0.2.2", 1000), Host("192.0.2.1", 50_000)
    frame = segment(low, high, flags) if flags != ACK else segment(Host("192.0.2.2", 50_000), Host("192.0.2.1", 1000))
    ((_, found, _, count),) = listed([frame])
    assert (found, count) == (server, 1)


def test_most_packets_come_first_and_ipv6_is_written_as_host_takes_it() -> None:
    one, other = Host("2001:db8::1", 40_000), Host("2001:db8::2", 443)
    four = segment(Host("192.0.2.1", 40_000), Host("192.0.2.2", 8080))
    assert listed([four, segment(one, other), segment(one, other)]) == [
        (443, "2001:db8::2", "2001:db8::1", 2), (8080, "192.0.2.2", "192.0.2.1", 1)]


def test_a_flood_of_pairs_is_listed_up_to_the_bound_and_no_further() -> None:
    frames = [segment(Host(f"198.51.{number >> 8}.{number & 255}", 40_000), Host("203.0.113.1", 443))
              for number in range(3 * PLACES)]
    found = listed(frames)
    assert PLACES // 2 < len(found) <= PLACES and sum(talk[3] for talk in found) <= len(frames)


def test_once_a_wanted_packet_came_nobody_asks_any_more() -> None:
    wanted = segment(Host("192.0.2.1", 40_000), Host("192.0.2.2", 9))
    assert listed([wanted, segment(Host("192.0.2.1", 40_000), Host("192.0.2.2", 443))]) == []
