"""Just enough of DNS (RFC 1035) to ask for one name, to tell who else asks for it, and to read the addresses answered.

Whatever comes from a wire is read with checked lengths: what is not understood is None or no address, never an error of
another kind than ValueError.
"""
import socket
import struct

from appliance.collector import NAME

PORT = 53
TYPE_A, CLASS_IN = 1, 1
HEAD = 12               # bytes of a message before the question
MAX_RECORDS = 32        # of an answer that are looked at


def query(name: str, number: int) -> bytes:
    """A question for the A records of `name`, recursion desired; `number`: 0 to 65535, comes back in the answer."""
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + encode(name) + struct.pack("!2H", TYPE_A, CLASS_IN)


def encode(name: str) -> bytes:
    """A name as labels."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


COLLECTOR = encode(NAME)


def asks_for_collector(message: bytes) -> bool:
    """Whether the first question of a query or answer is for the collector's name, in whatever case."""
    return message[HEAD:HEAD + len(COLLECTOR)].lower() == COLLECTOR and message[4:6] == b"\0\1"


def addresses(message: bytes) -> list[tuple[str, int]]:
    """The IPv4 addresses in an answer with their TTLs. Raises ValueError: cut off or no DNS."""
    try:
        questions, records = struct.unpack_from("!2H", message, 4)
        at = HEAD
        for _ in range(min(questions, MAX_RECORDS)):
            at = _skip_name(message, at) + 4
        found = []
        for _ in range(min(records, MAX_RECORDS)):
            at = _skip_name(message, at)
            kind, _, ttl, size = struct.unpack_from("!HHIH", message, at)
            at += 10
            if kind == TYPE_A and size == 4 and at + 4 <= len(message):
                found.append((socket.inet_ntoa(message[at:at + 4]), ttl))
            at += size
        return found
    except (struct.error, IndexError) as error:
        raise ValueError("not a DNS answer") from error


def _skip_name(message: bytes, at: int) -> int:
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += message[at] + 1
    return at + 1
