"""Names for the simulated PVS: a resolver that asks one name server, and a name server that fails when told to.

Just enough of DNS (RFC 1035): one question of type A, answers of one name, no compression when sending.
"""
import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum

TRIES, TIMEOUT_S = 2, 2.0       # queries for one resolution, seconds each
TYPE_A, CLASS_IN = 1, 1
NXDOMAIN, SERVFAIL = 3, 2


class Unresolved(OSError):
    """The name could not be resolved."""


class Resolver:
    """Asks `server` (address, port) by UDP and keeps an answer as long as its TTL says; `clock` counts seconds."""

    def __init__(self, server: tuple[str, int], *, source: str = "", timeout_s: float = TIMEOUT_S, seed: int = 1,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.server, self.source, self.timeout_s = server, source, timeout_s
        self._clock = clock
        self._rng = random.Random(f"resolver {seed}")
        self._known: dict[str, tuple[str, float]] = {}

    def __call__(self, name: str) -> str:
        """The IPv4 address of `name`. Raises OSError: no such name, refused, or no answer."""
        address, until = self._known.get(name, ("", 0.0))
        if self._clock() < until:
            return address
        for _ in range(TRIES):
            with contextlib.suppress(TimeoutError):
                address, ttl = self._ask(name)
                self._known[name] = address, self._clock() + ttl
                return address
        raise Unresolved(f"{name}: no answer from {self.server[0]}")

    def _ask(self, name: str) -> tuple[str, int]:
        number = self._rng.randrange(1 << 16)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.settimeout(self.timeout_s)
            if self.source:
                channel.bind((self.source, 0))
            channel.connect(self.server)
            channel.send(query(name, number))
            while True:
                answer = channel.recv(4096)
                if struct.unpack_from("!H", answer)[0] == number:
                    return parse_answer(answer, name)


def query(name: str, number: int) -> bytes:
    """A question for the A records of `name`, recursion desired."""
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + encode(name) + struct.pack("!2H", TYPE_A, CLASS_IN)


def encode(name: str) -> bytes:
    """A name as labels."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def parse_answer(answer: bytes, name: str) -> tuple[str, int]:
    """(address, TTL) of the first A record. Raises OSError when there is none."""
    code = answer[3] & 15
    records = struct.unpack_from("!H", answer, 6)[0]
    at = _skip_name(answer, 12) + 4
    for _ in range(records):
        at = _skip_name(answer, at)
        kind, _, ttl, size = struct.unpack_from("!HHIH", answer, at)
        at += 10
        if kind == TYPE_A and size == 4:
            return socket.inet_ntoa(answer[at:at + 4]), ttl
        at += size
    raise Unresolved(f"{name}: no address (code {code})")


def _skip_name(data: bytes, at: int) -> int:
    while data[at]:
        if data[at] >= 0xC0:
            return at + 2
        at += data[at] + 1
    return at + 1


class Answer(Enum):
    """What a name server says about the collector's name."""

    ADDRESS = "address"
    NO_NAME = "nxdomain"
    FAILURE = "servfail"
    SILENCE = "silence"


class NameServer:
    """Answers every question with `address`, or fails as `answer` says. Set both at any time."""

    def __init__(self, address: str, host: str = "127.0.0.1", port: int = 0, ttl: int = 60) -> None:
        self.target, self.ttl, self.answer = address, ttl, Answer.ADDRESS
        self.asked: list[bytes] = []
        self._stopped = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self.address: tuple[str, int] = self._socket.getsockname()

    @contextlib.contextmanager
    def running(self) -> Iterator["NameServer"]:
        """Serve in a thread while the block runs."""
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopped = True
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
                channel.sendto(b"", self.address)   # ends its wait
            thread.join(5)
            self._socket.close()

    def _serve(self) -> None:
        while not self._stopped:
            question, sender = self._socket.recvfrom(4096)
            if len(question) < 17:
                continue
            self.asked.append(question)
            if self.answer is not Answer.SILENCE:
                self._socket.sendto(self._reply(question), sender)

    def _reply(self, question: bytes) -> bytes:
        code = {Answer.NO_NAME: NXDOMAIN, Answer.FAILURE: SERVFAIL}.get(self.answer, 0)
        asked = question[12:_skip_name(question, 12) + 4]
        head = struct.pack("!6H", struct.unpack_from("!H", question)[0], 0x8180 | code, 1, int(not code), 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", TYPE_A, CLASS_IN, self.ttl, 4) + socket.inet_aton(self.target)
        return head + asked + (b"" if code else record)
