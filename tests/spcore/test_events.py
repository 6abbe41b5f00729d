"""Streams mode: what happened to each direction, in order, with its bytes."""
import random

from spcore.engine import Engine
from tests.spcore.tcp import Talk


def events(*talks: Talk) -> list[tuple]:
    engine = Engine(ports=None, digest=True)
    engine.feed([frame for talk in talks for frame in talk.frames])
    engine.end()
    return engine.take_events()


def test_a_direction_opens_gives_bytes_and_holes_and_ends():
    talk = Talk().open().data(0, b"abc").data(6, b"ghi").ack(9)
    assert [event for event in events(talk) if event[1] == 0] == [
        ("open", 0, "192.168.1.50:40001", "203.0.113.10:80"), ("data", 0, b"abc"), ("hole", 0, 3, 3),
        ("data", 0, b"ghi"), ("end", 0)]


def test_directions_are_numbered_in_the_order_in_which_they_are_first_seen():
    one, two = Talk(port=1).open(), Talk(port=2).open()
    opened = [event[1:] for event in events(one, two) if event[0] == "open"]
    assert opened == [(0, "192.168.1.50:1", "203.0.113.10:80"), (1, "203.0.113.10:80", "192.168.1.50:1"),
                      (2, "192.168.1.50:2", "203.0.113.10:80"), (3, "203.0.113.10:80", "192.168.1.50:2")]


def test_the_bytes_of_many_events_stay_with_their_events():
    rng = random.Random(5)
    talks = [Talk(port=2000 + number).open() for number in range(20)]
    sent = {talk.up: rng.randbytes(3000) for talk in talks}
    for at in range(0, 3000, 100):
        for talk in rng.sample(talks, len(talks)):
            talk.data(at, sent[talk.up][at:at + 100])
    seen: dict[int, bytes] = {}
    for kind, number, *values in events(*talks):
        if kind == "data":
            seen[number] = seen.get(number, b"") + values[0]
    assert sorted(seen.values()) == sorted(sent.values())


def test_events_are_taken_once():
    engine = Engine(ports=None, digest=True)
    engine.feed(Talk().open().data(0, b"abc").frames)
    assert engine.pending()
    assert len(engine.take_events()) == 3
    assert engine.take_events() == [] and not engine.pending()
