"""A time server for the boot test (RFC 5905, client/server mode): tells the host's time."""
import socket
import struct
import threading
import time

PORT = 123
EPOCH = 2_208_988_800       # 1970 in NTP's era, which began in 1900
LEAP_NONE_VERSION_4_SERVER = 0b00_100_100
STRATUM, POLL, PRECISION = 2, 6, -20


def _stamp(seconds: float) -> bytes:
    return struct.pack(">Q", int((seconds + EPOCH) * (1 << 32)))


def answer(question: bytes) -> bytes:
    """The reply to a client's 48 bytes: its transmit time comes back as origin."""
    now = _stamp(time.time())
    head = struct.pack(">BBbbII4s", LEAP_NONE_VERSION_4_SERVER, STRATUM, POLL, PRECISION, 0, 0, b"\xc0\x00\x02\x01")
    return head + now + question[40:48] + now + now


class Ntp:
    """Answers on `host` while the block runs; its socket is made, and so is in the namespace, where it is created."""

    def __init__(self, host: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, PORT))
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            question, client = self.socket.recvfrom(1024)
            if not question:        # __exit__'s
                return
            if len(question) >= 48:
                self.socket.sendto(answer(question), client)

    def __enter__(self) -> "Ntp":
        self.thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
