"""A stand-in on a free port of loopback, as the redirection would reach it, and requests to it byte by byte."""
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.collector.deposit import Deposit
from appliance.collector.dns import query
from appliance.collector.listener import Listener
from appliance.collector.wsgi_app import StandIn
from appliance.simulate import uploads
from appliance.simulate.pvs import Wire
from appliance.store import inbox
from appliance.system.clock import Clock
from appliance.system.files import short_path

MEANT_FOR = "203.0.113.5:80"


@dataclass
class Served:
    """A stand-in that listens."""

    app: StandIn
    listener: Listener
    data_dir: Path

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.listener.port

    def send(self, *bodies: bytes, path: str = uploads.DATA) -> int:
        """Upload as a PVS does; how many were answered with 1002."""
        return Wire(self.address)([uploads.post(body, path) for body in bodies])

    def stored(self) -> list[bytes]:
        with closing(inbox.connect(self.data_dir, readonly=True)) as connection:
            return [upload.body for _, upload in inbox.after(connection, 0, 1_000_000)]

    def raw(self, request: bytes) -> bytes:
        """What is answered to `request`, until the other side closes or nothing more comes."""
        with socket.create_connection(self.address, 5) as connection:
            connection.sendall(request)
            return answer_on(connection)


def answer_on(connection: socket.socket) -> bytes:
    """Head and body of one answer; b"" when the other side just closes."""
    found = b""
    while b"\r\n\r\n" not in found:
        try:
            more = connection.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            return found
        found += more
    return found


def on_page_socket(path: Path, request: bytes) -> bytes:
    """What is answered to a request that comes as the page hands it over."""
    with socket.socket(socket.AF_UNIX) as connection, short_path(path) as name:
        connection.settimeout(10)
        connection.connect(name)
        connection.sendall(request)
        return answer_on(connection)


@contextmanager
def serving(data_dir: Path, clock: Clock | None = None, original=lambda connection: MEANT_FOR,
            **more) -> Iterator[Served]:
    """A stand-in that writes into `data_dir`."""
    data_dir.mkdir(exist_ok=True)
    app = StandIn(Deposit(data_dir), clock or Clock(), **more)
    listener = Listener(app, data_dir, data_dir / "collector.sock", 0, "127.0.0.1", original)
    try:
        yield Served(app, listener, data_dir)
    finally:
        listener.close()
        app.deposit.close()


def answer_of_names(name: str, *found: str) -> bytes:
    """A name server's answer with these addresses."""
    records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(one) for one in found)
    return struct.pack("!6H", 7, 0x8180, 1, len(found), 0, 0) + query(name, 7)[12:] + records
