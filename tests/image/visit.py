"""The owner and the PVS of the boot test: a browser's requests without a browser, mDNS, and a day of uploads."""
import contextlib
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from appliance.simulate.pvs import Pvs, Wire
from appliance.simulate.roof import INTERVAL, Roof
from tests.image.conftest import COLLECTOR, PVS, Home
from tests.image.namespaces import Namespace

TIMEOUT_S, PIECE = 300, 1 << 16
ETH_P_ALL, ETH_8021Q, ETH_EXPERIMENTAL = 0x0003, 0x8100, 0x88B5
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 1, 1, 8, 0x10


class Browser:
    """Requests to the page from one side of the bridge, with cookies; one connection each."""

    def __init__(self, side: Namespace, address: str) -> None:
        self.side, self.address, self.cookies = side, address, SimpleCookie()

    def exchange(self, method: str, path: str, body: bytes = b"",
                 kind: str = "application/x-www-form-urlencoded") -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case), content."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        lines = [f"{method} {path} HTTP/1.0", f"Host: {host}", f"Content-Length: {len(body)}",
                 f"Content-Type: {kind}", f"Origin: http://{host}",
                 "Cookie: " + "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())]
        wire = "\r\n".join([*lines, "", ""]).encode() + body

        def talk() -> bytes:
            with socket.create_connection((self.address, 80), timeout=TIMEOUT_S) as connection:
                for place in range(0, len(wire), PIECE):    # else the timeout is one for all of a large body
                    connection.sendall(wire[place:place + PIECE])
                return b"".join(iter(lambda: connection.recv(65536), b""))

        head, _, content = self.side.inside(talk).partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        headers = {}
        for name, _, value in (line.partition(": ") for line in fields):
            headers[name.lower()] = value
            if name.lower() == "set-cookie":
                self.cookies.load(value)
        return int(status.split()[1]), headers, content

    def request(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        """Status, headers (lower case), text."""
        status, headers, content = self.exchange(method, path, urlencode(form or {}).encode())
        return status, headers, content.decode()

    def token(self, path: str) -> str:
        """The secret in the forms of the page at `path`, without which none is taken."""
        return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(path))[1]

    def upload(self, page: str, path: str, file: bytes) -> None:
        """Choose a file in the form at `page` that leads to `path`."""
        mark = "a-line-that-no-file-holds"
        fields = {'name="csrf_token"': self.token(page).encode(), 'name="file"; filename="file"': file}
        body = b"".join(f"--{mark}\r\nContent-Disposition: form-data; {name}\r\n\r\n".encode() + value + b"\r\n"
                        for name, value in fields.items()) + f"--{mark}--\r\n".encode()
        status, _, content = self.exchange("POST", path, body, f"multipart/form-data; boundary={mark}")
        assert status in (302, 303), f"POST {path}: {status} {content[:500]!r}"

    def get(self, path: str) -> str:
        """The page at `path`, redirects followed. Raises AssertionError for anything but 200."""
        for _ in range(5):
            status, headers, text = self.request("GET", path)
            if status not in (301, 302, 303, 308):
                break
            path = re.sub(r"^http://[^/]+", "", headers["location"])
        assert status == 200, f"GET {path}: {status} {text[:500]}"
        return text

    def submit(self, page: str, path: str = "", **form: str) -> str:
        """Fill in the form at `page`, which is sent to `path` where it is another; where it leads."""
        status, headers, text = self.request("POST", path or page, {"csrf_token": self.token(page), **form})
        assert status in (302, 303), f"POST {path or page}: {status} {re.sub('<[^>]*>', ' ', text)[:800]}"
        return headers["location"]


def resolve(side: Namespace, name: str) -> str:
    """The IPv4 address of NAME.local by mDNS, asked from one side; empty when nobody answers."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    question = struct.pack(">6H", 0, 0, 1, 0, 0, 0) + labels + struct.pack(">2H", 1, 0x8001)  # A, IN, unicast reply

    def ask() -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.bind((side.addresses[0].partition("/")[0], 0))
            channel.settimeout(3)
            channel.sendto(question, ("224.0.0.251", 5353))
            try:
                answer = channel.recv(4096)
            except TimeoutError:
                return ""
            at = answer.find(struct.pack(">H", 4), len(labels))
            found = re.search(rb"\x00\x01[\x00\x80]\x01....\x00\x04(....)", answer, re.S)
            return socket.inet_ntoa(found[1]) if found and at else ""

    return side.inside(ask)


def frame(to: str, vlan: int | None) -> bytes:
    """An Ethernet frame of full size: 1500 bytes of payload of an experimental type, behind a VLAN tag if asked for."""
    tag = b"" if vlan is None else struct.pack(">2H", ETH_8021Q, vlan)
    addresses = bytes.fromhex(to.replace(":", "") + "02005e005399")
    head = addresses + tag + struct.pack(">H", ETH_EXPERIMENTAL)
    return head + random.Random(to).randbytes(1500)


def listen() -> socket.socket:
    """A packet socket on the namespace's port, which sees all frames."""
    channel = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    channel.bind(("port", ETH_P_ALL))
    channel.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    channel.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP,
                       struct.pack("iHH8s", socket.if_nametoindex("port"), PACKET_MR_PROMISC, 0, b""))
    return channel


def received(channel: socket.socket, seconds: float) -> list[bytes]:
    """The frames that arrive within `seconds`, with the VLAN tag that the kernel took off put back."""
    found, until = [], time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        channel.settimeout(left)
        try:
            data, extra, _, address = channel.recvmsg(4096, 128)
        except TimeoutError:
            break
        if address[2] == socket.PACKET_OUTGOING:
            continue
        for level, kind, content in extra:
            status, _, _, _, _, tci, kind_of_tag = struct.unpack("IIIHHHH", content[:20])
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and status & TP_STATUS_VLAN_VALID:
                data = data[:12] + struct.pack(">2H", kind_of_tag or ETH_8021Q, tci) + data[12:]
        found.append(data)
    return found


class Day:
    """A PVS that sends what its roof measured since yesterday morning, as quickly as it is answered."""

    def __init__(self, home: Home) -> None:
        now = int(time.time()) // INTERVAL * INTERVAL
        self.home, self.time = home, now - 26 * 3600
        self.roof = Roof(start=self.time - 2 * INTERVAL)
        self.pvs = Pvs(self.roof, Wire((COLLECTOR, 80), source=PVS, timeout_s=30), self.time, give_up_s=10**9,
                       sent=lambda _: time.time())

    def send(self, hours: float, stop: threading.Event | None = None) -> None:
        """Let `hours` of the PVS's time pass, or less if `stop` is set meanwhile."""
        until = self.time + hours * 3600

        def work() -> None:
            while self.time < until and not (stop and stop.is_set()):
                self.time = max(self.pvs.step(self.time), self.time + 1)

        self.home.pvs.inside(work)

    @contextlib.contextmanager
    def sending(self, hours: float) -> Iterator[None]:
        """Send while the block runs; afterwards the upload under way is waited for, answered or not."""
        stop = threading.Event()
        thread = threading.Thread(target=self.send, args=(hours, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def sent(self) -> int:
        """Uploads with measurements that the collector has."""
        return sum(b"\n130\t" in item.body or b"\n140\t" in item.body for item in self.home.collector.received)

    def rows(self, day: date, since: float) -> dict[str, float]:
        """PVOutput's slots of a day that began at `since` or later: HH:MM and the day's energy in Wh."""
        curve = self.home.pvoutput.site.curve(day)
        first = datetime.fromtimestamp(since, self.roof.zone)
        return {at: float(row["v1"]) for at, row in curve.items() if f"{day} {at}" >= f"{first:%Y-%m-%d %H:%M}"}

    def posted(self, since: float) -> int:
        return sum(len(self.rows(day, since)) for day in self.days())

    def wrong(self, day: date, since: float = 0) -> list[str]:
        """Where PVOutput's curve of a day, from `since` on, differs from the truth by more than the wire's resolution.

        A day of which the beginning was not captured has the right differences, and a total that lacks the beginning.
        """
        truth = self.roof.curve(day, "America/Los_Angeles")
        rows = {at: (got, truth[at][0] / 10) for at, got in self.rows(day, since).items() if at in truth}
        began = datetime.fromtimestamp(max(since, self.roof.start), self.roof.zone).date()
        offset = min((right - got for got, right in rows.values()), default=0.0) if day == began else 0.0
        return [f"{at}: v1 {got} instead of {right - offset}" for at, (got, right) in rows.items()
                if abs(right - offset - got) > 2]

    def days(self) -> list[date]:
        today = date.today()
        return [today - timedelta(days=back) for back in (2, 1, 0)]
