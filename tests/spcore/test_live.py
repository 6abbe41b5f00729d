"""Live capture in network namespaces of its own: silence, bursts, and interfaces that come and go."""
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.spcore.tcp import Talk, post

pytestmark = [pytest.mark.root, pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]
ROOT = Path(__file__).parents[2]
SPACE = f"suntap-live-{os.getpid()}"
COLLECTOR = """
import socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.readline():
            size = 0
            while (line := self.rfile.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            self.rfile.read(size)
            self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128
Server(("10.9.0.2", 80), Handler).serve_forever()
"""
SENDER = """
import socket, sys, time
count, end = 0, time.monotonic() + float(sys.argv[1])
upload = sys.stdin.buffer.read()
while time.monotonic() < end:
    with socket.create_connection(("10.9.0.2", 80)) as link:
        for _ in range(20):
            link.sendall(upload.replace(b"NUMBER", b"%06d" % count))
            link.recv(1000)
            count += 1
print(count)
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def cable() -> Iterator[None]:
    """Two namespaces and a veth cable: a (10.9.0.1, captured) and b (10.9.0.2, the collector)."""
    for side in "ab":
        ip("netns", "add", f"{SPACE}-{side}")
    try:
        connect()
        yield
    finally:
        for side in "ab":
            ip("netns", "delete", f"{SPACE}-{side}")


def connect() -> None:
    ip("-n", f"{SPACE}-a", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", f"{SPACE}-b")
    for side, address in (("a", "10.9.0.1/24"), ("b", "10.9.0.2/24")):
        ip("-n", f"{SPACE}-{side}", "addr", "add", address, "dev", "eth0")
        ip("-n", f"{SPACE}-{side}", "link", "set", "eth0", "up")


def start(side: str, *command: str, **options: object) -> subprocess.Popen:
    return subprocess.Popen(["ip", "netns", "exec", f"{SPACE}-{side}", *command], cwd=ROOT, **options)  # type: ignore


def records(*options: str) -> subprocess.Popen:
    """`suntap records -i eth0`, once it captures."""
    child = start("a", sys.executable, "-m", "appliance.cli", "records", "-i", "eth0", "--stats", *options,
                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_until_it_captures()
    return child


def wait_until_it_captures() -> None:
    wait_for(captures)
    time.sleep(1)       # the socket is there before its ring and its filter are


def captures() -> bool:
    """Whether a packet socket is open on eth0 as it is now (packet(7): the column Iface of /proc/net/packet)."""
    def inside(*command: str) -> str:
        return subprocess.run(["ip", "netns", "exec", f"{SPACE}-a", *command], check=False,
                              capture_output=True, text=True).stdout
    index = inside("cat", "/sys/class/net/eth0/ifindex").strip()
    sockets = inside("cat", "/proc/net/packet").splitlines()[1:]
    return bool(index) and index in [line.split()[4] for line in sockets]


def wait_for(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def send(seconds: float) -> int:
    """Uploads one after the other for so long; how many."""
    body = b"130\tNUMBER\n" + b"131\tx\n" * 500
    with start("b", sys.executable, "-c", COLLECTOR) as collector:
        try:
            wait_for(lambda: b":80 " in subprocess.run(["ip", "netns", "exec", f"{SPACE}-b", "ss", "-ltn"],
                                                       capture_output=True, check=True).stdout)
            with start("a", sys.executable, "-c", SENDER, str(seconds), stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE) as sender:
                count, _ = sender.communicate(post(body))
        finally:
            collector.kill()
    return int(count)


def stop(child: subprocess.Popen) -> dict[str, int]:
    """Ends a capture as systemd does; its counters. A hang fails here."""
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 0, err
    counters: dict[str, int] = json.loads(err.splitlines()[-1])
    return counters


def test_sigterm_ends_a_silent_capture(cable):
    counters = stop(records())
    assert (counters["uploads_complete"], counters["dropped"]) == (0, 0)


def test_a_burst_of_uploads_is_captured_without_a_drop(cable):
    child = records()
    sent = send(10)
    time.sleep(1)
    counters = stop(child)
    assert sent > 100
    assert (counters["dropped"], counters["uploads_complete"], counters["uploads_incomplete"]) == (0, sent, 0)
    assert counters["lines"] == sent * 501


def test_an_interface_that_goes_down_and_comes_back_is_captured_again(cable):
    child = records()
    ip("-n", f"{SPACE}-a", "link", "set", "eth0", "down")
    wait_for(lambda: not captures())
    ip("-n", f"{SPACE}-a", "link", "set", "eth0", "up")
    wait_until_it_captures()
    sent = send(0.3)
    time.sleep(1)
    assert stop(child)["uploads_complete"] == sent > 0


def test_an_interface_that_is_removed_and_made_again_is_captured_again(cable):
    child = records()
    ip("-n", f"{SPACE}-a", "link", "delete", "eth0")
    time.sleep(1)
    connect()
    wait_until_it_captures()
    sent = send(0.3)
    time.sleep(1)
    counters = stop(child)
    assert counters["uploads_complete"] == sent > 0
    assert counters["reopened"] >= 1


def test_a_capture_that_starts_before_there_is_a_carrier_takes_what_comes_later(cable):
    ip("-n", f"{SPACE}-b", "link", "set", "eth0", "down")
    child = records()
    time.sleep(1)
    ip("-n", f"{SPACE}-b", "link", "set", "eth0", "up")
    sent = send(0.3)
    time.sleep(1)
    counters = stop(child)
    assert counters["uploads_complete"] == sent > 0
    assert counters["reopened"] == 0


def test_the_ring_is_as_large_as_asked_for(cable):
    """Looked up twice: in what the source says, and in what the kernel counts as mapped."""
    def mapped(mib: int) -> tuple[int, int]:
        code = ("from spcore.live import open_live\nimport re\n"
                f"with open_live('eth0', {mib}) as source:\n    text = open('/proc/self/smaps').read()\n"
                "sizes = re.findall(r'socket:.*\\nSize: *(\\d+)', text)\n"
                "print(sum(map(int, sizes)) // 1024, source.counters()['ring_bytes'] >> 20, source.short_ring())")
        with start("a", sys.executable, "-c", code, stdout=subprocess.PIPE) as child:
            kernel, said = child.communicate(timeout=20)[0].split()
            return int(kernel), int(said)
    assert mapped(8) == (8, 8)
    assert mapped(64) == (64, 64)


MIRROR = """
import socket, sys
port, head = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
udp, gre = (socket.SOCK_DGRAM, 0), (socket.SOCK_RAW, 47)
link = socket.socket(socket.AF_INET, *(udp if port else gre))
for line in sys.stdin:
    link.sendto(head + bytes.fromhex(line), ("10.9.0.1", port))
"""


def capture_on(interface: str, waiting: Callable[[], bool]) -> subprocess.Popen:
    child = start("a", sys.executable, "-m", "appliance.cli", "records", "-i", interface, "--stats",
                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for(waiting)
    time.sleep(1)
    return child


def any_captures() -> bool:
    table = subprocess.run(["ip", "netns", "exec", f"{SPACE}-a", "cat", "/proc/net/packet"], check=False,
                           capture_output=True, text=True).stdout
    return len(table.splitlines()) > 1


def test_any_interface_is_captured(cable):
    child = capture_on("any", any_captures)
    sent = send(0.5)
    time.sleep(1)
    assert stop(child)["uploads_complete"] == sent > 0


@pytest.mark.parametrize("interface, port, head", [
    ("eth0", 37008, "0100000101"), ("any", 37008, "0100000101"), ("eth0", 4789, "0800000000002a00"),
    ("any", 4789, "0800000000002a00"), ("any", 0, "2000655800000007"), ("any", 0, "100088be000000071005000500000003"),
    ("eth0", 0, "100022eb00000007200500050000000100000001" + "00" * 8)],
    ids=["tzsp", "tzsp any", "vxlan", "vxlan any", "gre any", "erspan II any", "erspan III"])
def test_what_a_mirror_port_sends_to_the_box_is_captured(cable, interface, port, head):
    """The copy comes from a real socket, UDP or GRE; frames larger than the way come in the kernel's own fragments."""
    stream = post(b"130\t1\n" * 800)
    frames = Talk(port=4001).open().whole(stream, 1460).fin(len(stream)).frames
    child = capture_on(interface, any_captures)
    with start("b", sys.executable, "-c", MIRROR, str(port), head, stdin=subprocess.PIPE, text=True) as mirror:
        mirror.communicate("".join(frame.hex() + "\n" for _, frame in frames), timeout=20)
    time.sleep(1)
    counters = stop(child)
    assert (counters["uploads_complete"], counters["lines"]) == (1, 800)
    assert counters["packets_tunnelled"] >= len(frames)
    assert counters["fragments"] > 0


@pytest.mark.parametrize("name", ["nosuch0", "dbus-system", "usbmon1", "bluetooth0"])
def test_what_cannot_be_captured_here_is_said_in_one_line(cable, name):
    """libpcap captures from more than network interfaces."""
    with start("a", sys.executable, "-m", "appliance.cli", "records", "-i", name, stdout=subprocess.PIPE,
               stderr=subprocess.PIPE) as child:
        _, err = child.communicate(timeout=30)
    assert child.returncode == 2
    assert err.startswith(f"suntap: {name}: ".encode()) and err.count(b"\n") == 1
