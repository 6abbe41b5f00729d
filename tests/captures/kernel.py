"""kernel.pcap: real TCP of two kernels, recorded by libpcap on a bridge. Needs root, iproute2 and nftables.

    pvs 192.168.1.50 ── router, next link's MTU 400 ──▶ bridge (recorded here) ──▶ collector 203.0.113.10

The PVS does not set DF (as its old kernel does not), so the router cuts segments of 540 to 600 bytes into
fragments. nftables rules drop packets on the router (a hole that is filled later) and, fragment by
fragment, on arrival at the collector (everything comes twice on the bridge). Kernels differ, so this one is
not the same byte for byte when made again; .records and .truth.json are what the collector received, in its
order.
"""
import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pcapy

from appliance.simulate import pcapfile, truth, uploads
from appliance.simulate.collector import Collector
from appliance.simulate.pvs import Wire
from appliance.simulate.roof import INTERVAL, PVS_SERIAL, START, Roof

PVS, ROUTER, TAP, COLLECTOR = (f"suntap-{role}-{os.getpid()}" for role in ("pvs", "router", "tap", "collector"))
MTU = 400
UPLOADS, PER_CONNECTION = 40, 2
LOSS_BEFORE, LOSS_AFTER = 4, 6           # percent
BRIDGE = "br0"


def run(*words: str, stdin: str | None = None) -> None:
    subprocess.run(words, input=stdin, text=True, check=True)


def inside(namespace: str, *words: str, stdin: str | None = None) -> None:
    run("ip", "netns", "exec", namespace, *words, stdin=stdin)


def link(left: str, left_name: str, right: str, right_name: str) -> None:
    run("ip", "link", "add", left_name, "netns", left, "type", "veth", "peer", "name", right_name, "netns", right)
    inside(left, "ip", "link", "set", left_name, "up")
    inside(right, "ip", "link", "set", right_name, "up")


def drop(namespace: str, hook: str, percent: int) -> None:
    inside(namespace, "nft", "-f", "-", stdin=f"""
        table ip loss {{
            chain loss {{
                type filter hook {hook} priority raw
                meta l4proto tcp numgen random mod 100 < {percent} drop
            }}
        }}""")


@contextlib.contextmanager
def network() -> Iterator[None]:
    """Four namespaces joined as in the picture; gone afterwards."""
    names = (PVS, ROUTER, TAP, COLLECTOR)
    try:
        for name in names:
            run("ip", "netns", "add", name)
            inside(name, "ip", "link", "set", "lo", "up")
        link(PVS, "eth0", ROUTER, "lan")
        link(ROUTER, "wan", TAP, "port0")
        link(TAP, "port1", COLLECTOR, "eth0")
        inside(TAP, "ip", "link", "add", BRIDGE, "type", "bridge")
        for port in ("port0", "port1"):
            inside(TAP, "ip", "link", "set", port, "master", BRIDGE)
        inside(TAP, "ip", "link", "set", BRIDGE, "up")
        for name, device, address in ((PVS, "eth0", "192.168.1.50/24"), (ROUTER, "lan", "192.168.1.1/24"),
                                      (ROUTER, "wan", "203.0.113.1/24"), (COLLECTOR, "eth0", "203.0.113.10/24")):
            inside(name, "ip", "address", "add", address, "dev", device)
        inside(PVS, "ip", "route", "add", "default", "via", "192.168.1.1")
        inside(COLLECTOR, "ip", "route", "add", "default", "via", "203.0.113.1")
        inside(ROUTER, "ip", "link", "set", "wan", "mtu", str(MTU))
        inside(ROUTER, "sysctl", "-q", "net.ipv4.ip_forward=1")
        inside(PVS, "sysctl", "-q", "net.ipv4.ip_no_pmtu_disc=1")
        drop(ROUTER, "prerouting", LOSS_BEFORE)
        drop(COLLECTOR, "prerouting", LOSS_AFTER)
        yield
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def role(namespace: str, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """This file again, as one of the roles below, inside a namespace; ends when its standard input closes."""
    process = subprocess.Popen(["ip", "netns", "exec", namespace, sys.executable, __file__, name, *arguments],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout and process.stdin
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{name} did not start")
        yield process
        process.stdin.close()
        process.wait(60)
    finally:
        process.kill()
        process.wait()


def record(path: str) -> None:
    """Role: record the bridge to a file."""
    device = pcapy.open_live(BRIDGE, 65535, 1, 50)
    packets = []
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    print("ready", flush=True)
    while not stop.is_set():
        header, data = device.next()
        if header is not None and data[12:14] == b"\x08\x00":
            seconds, micros = header.getts()
            packets.append((seconds * 1_000_000 + micros, data))
    pcapfile.write(path, packets)


def collect(path: str) -> None:
    """Role: the collector; writes what it received when it ends."""
    with Collector(host="203.0.113.10", port=80) as collector:
        print("ready", flush=True)
        sys.stdin.read()
        received = [[upload.path, upload.body.decode()] for upload in collector.received]
    Path(path).write_text(json.dumps(received))


def send(count: str) -> None:
    """Role: the PVS, in a hurry."""
    roof, rng = Roof(2, 24), random.Random("kernel")
    wire = Wire(("203.0.113.10", 80), timeout_s=60)
    first = START + 18 * 3600
    for at in range(0, int(count), PER_CONNECTION):
        times = [first + number * INTERVAL for number in range(at, at + PER_CONNECTION)]
        posts = [uploads.post(uploads.body(roof.records(time), PVS_SERIAL, time + 400, rng)) for time in times]
        while posts:
            posts = posts[wire(posts):]
    print("ready", flush=True)


def make(folder: Path, count: int = UPLOADS) -> None:
    """Record `count` uploads into `folder`."""
    received = folder / "kernel.received"
    with network(), role(TAP, "record", str(folder / "kernel.pcap")):
        with role(COLLECTOR, "collect", str(received)), role(PVS, "send", str(count)):
            pass
        time.sleep(0.5)                  # the last acknowledgements
    posts = json.loads(received.read_text())
    received.unlink()
    lines = ["\t".join(line) + "\n" for _, body in posts for line in truth.lines(body.encode())]
    (folder / "kernel.records").write_text("".join(lines))
    entries = [{"path": path, "exact": True, "required": True, "sha256": sha256(body.encode()).hexdigest()}
               for path, body in posts]
    (folder / "kernel.truth.json").write_text("[\n" + ",\n".join(map(json.dumps, entries)) + "\n]\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"record": record, "collect": collect, "send": send}[sys.argv[1]](*sys.argv[2:])
    else:
        make(Path(__file__).parent)
