"""A filter in the kernel, step by step: what it refuses and lets through, tried on datagrams of this machine. On the
ports of a real bridge: tests/capture/test_uplink."""
import socket
from collections.abc import Iterable

import pytest

from appliance.capture.tap import LD_BYTE, LD_HALF, LD_WORD, RETURN, Step, attach, drop_if, listen

WHOLE: Step = (RETURN, 0, 0, 0xFFFF)


def passed(steps: Iterable[Step], frames: Iterable[bytes]) -> list[bytes]:
    """Which datagrams come through a filter of `steps`."""
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        attach(receiver, steps)
        receiver.setblocking(False)
        found = []
        for frame in frames:
            sender.send(frame)
            try:
                found.append(receiver.recv(100))
            except BlockingIOError:
                continue
        return found


@pytest.mark.parametrize(("load", "value"), [(LD_BYTE, 0x11), (LD_HALF, 0x1122), (LD_WORD, 0x11223344)])
def test_a_frame_is_refused_for_what_stands_at_a_place(load: int, value: int) -> None:
    frames = [bytes.fromhex("ff11223344"), bytes.fromhex("ff55223344"), bytes.fromhex("1111223344")]
    assert passed([*drop_if(load, 1, value), WHOLE], frames) == [frames[1]]
    assert passed([*drop_if(load, 1, value, when=False), WHOLE], frames) == [frames[0], frames[2]]


def test_a_mask_hides_what_does_not_matter() -> None:
    frames = [bytes([0x40]), bytes([0x4F]), bytes([0x60])]
    assert passed([*drop_if(LD_BYTE, 0, 0x40, mask=0xF0), WHOLE], frames) == [frames[2]]


def test_several_rules_are_tried_one_after_the_other_and_a_short_frame_is_none() -> None:
    steps = [*drop_if(LD_BYTE, 0, 1), *drop_if(LD_BYTE, 1, 2), WHOLE]
    assert passed(steps, [b"\1\0", b"\0\2", b"\0\0", b"\0"]) == [b"\0\0"]


def test_another_filter_takes_the_place_of_the_one_before() -> None:
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        attach(receiver, [(RETURN, 0, 0, 0)])
        attach(receiver, [WHOLE])
        sender.send(b"x")
        assert receiver.recv(10) == b"x"


def test_a_filter_that_cannot_be_is_an_error() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened, pytest.raises(OSError, match="Invalid"):
        attach(opened, [(0xFFFF, 0, 0, 0)])


def test_a_port_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError):
        listen("nosuch0", [WHOLE])
