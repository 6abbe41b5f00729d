"""Names for the simulated PVS: a resolver that asks one name server, and a name server that fails on request."""
import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum

from appliance.collector.dns import CLASS_IN, HEAD, TYPE_A, addresses, query

TRIES, TIMEOUT_S = 2, 2.0       # queries for one resolution, seconds each
NXDOMAIN, SERVFAIL = 3, 2


class Unresolved(OSError):
    """The name could not be resolved."""


class Resolver:
    """Asks `server` (address, port) by UDP and caches an answer for its TTL; `clock` counts seconds."""

    def __init__(self, server: tuple[str, int], *, source: str = "", timeout_s: float = TIMEOUT_S, seed: int = 1,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.server, self.source, self.timeout_s = server, source, timeout_s
        self._clock = clock
        self._rng = random.Random(f"resolver {seed}")
        self._known: dict[str, tuple[str, float]] = {}

    def __call__(self, name: str) -> str:
        """Return the IPv4 address of `name`. Raises OSError if there is no such name, a refusal, or no answer."""
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
                    return _first(answer, name)


def _first(answer: bytes, name: str) -> tuple[str, int]:
    """Return (address, TTL in seconds) of the first A record. Raises OSError if there is none."""
    try:
        return addresses(answer)[0]
    except (ValueError, IndexError) as error:
        raise Unresolved(f"{name}: no address (code {answer[3] & 15})") from error


class Answer(Enum):
    """A name server's answer about the collector's name."""

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
            with contextlib.suppress(OSError):      # "not connected", but it ends the wait
                self._socket.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            self._socket.close()

    def _serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(4096)
            if self._stopped:
                return
            if len(question) < 17:
                continue
            self.asked.append(question)
            if self.answer is not Answer.SILENCE:
                self._socket.sendto(self._reply(question), sender)

    def _reply(self, question: bytes) -> bytes:
        code = {Answer.NO_NAME: NXDOMAIN, Answer.FAILURE: SERVFAIL}.get(self.answer, 0)
        asked = question[HEAD:question.index(0, HEAD) + 5]
        head = struct.pack("!6H", struct.unpack_from("!H", question)[0], 0x8180 | code, 1, int(not code), 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", TYPE_A, CLASS_IN, self.ttl, 4) + socket.inet_aton(self.target)
        return head + asked + (b"" if code else record)
