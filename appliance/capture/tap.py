"""Listens at one port of the bridge for the heads of a few frames: a packet socket behind a filter in the kernel.

A port's socket gets a frame before the bridge does (packet(7)), so whatever the capture has seen, the tap has seen too.
Filters are classic BPF, `Step` by step: (operation, steps to skip when true, when false, operand), linux/filter.h.
"""
import socket
import struct
from array import array
from collections.abc import Iterable

LD_WORD, LD_HALF, LD_BYTE, AND, EQUAL, RETURN = 0x20, 0x28, 0x30, 0x54, 0x15, 0x06
AD_PROTOCOL, AD_PKTTYPE = 0xFFFFF000, 0xFFFFF004             # SKF_AD_OFF + ..., linux/filter.h
PACKET_OUTGOING = 4                                          # linux/if_packet.h
ETH_P_ALL = 0x0003                                           # linux/if_ether.h
SO_ATTACH_FILTER = 26                                        # asm-generic/socket.h
SOL_PACKET, PACKET_STATISTICS = 263, 6                       # linux/socket.h, linux/if_packet.h

Step = tuple[int, int, int, int]


def drop_if(load: int, at: int, value: int, mask: int = 0, when: bool = True) -> list[Step]:
    """Refuse a frame when what `load` finds at `at` is `value`, or with `when` False, when it is not."""
    masked = [(AND, 0, 0, mask)] if mask else []
    return [(load, 0, 0, at), *masked, (EQUAL, *((0, 1) if when else (1, 0)), value), (RETURN, 0, 0, 0)]


def enters() -> list[Step]:
    """Refuse a frame that leaves by the port."""
    return drop_if(LD_WORD, AD_PKTTYPE, PACKET_OUTGOING)


def listen(port: str, steps: Iterable[Step]) -> socket.socket:
    """A socket that does not block and gets what `steps` let through. Raises OSError."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)    # 0: nothing before the filter
    try:
        attach(made, steps)
        made.bind((port, ETH_P_ALL))
    except OSError:
        made.close()
        raise
    return made


def attach(opened: socket.socket, steps: Iterable[Step]) -> None:
    """Make `steps` the filter, in place of the one before. Raises OSError."""
    code = array("B", b"".join(struct.pack("=HBBI", *step) for step in steps))
    address, length = code.buffer_info()
    opened.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", length // 8, address))


def dropped(opened: socket.socket) -> int:
    """Frames since the last call for which the socket had no room. Raises OSError."""
    return int(struct.unpack("=II", opened.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1])
