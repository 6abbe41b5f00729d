"""What 20 browsers cost: capture and ingest of real packets on one machine, with nobody and with 20 pages open.

    sudo python -m tests.bench.page [--seconds 20] [--browsers 20] [--every 1.0]

Everything runs in a network namespace made for it: a simulated PVS's day (24 inverters, two meters) is sent as frames
into one end of a veth pair at a steady rate, thousands of times a PVS's; `suntap run capture` listens at the other end,
the supervisor and web process work on the same data directory, and each browser opens the dashboard and then asks as
its script does, but every second in place of every ten. Two runs, alike but for the browsers: frames the kernel
dropped, uploads that arrived, seconds from inbox to derived, and how long the page took to answer.
"""
import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from appliance import settings, store
from appliance.demo.surroundings import Recorder
from appliance.ledger.intake import cursor
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import Roof
from appliance.simulate.traffic import Frames
from appliance.store import inbox
from tests.cli.processes import beat, running, wait_for

STARTED = ("capture", "supervisor", "web")
PORT, SENDER, LISTENER = 18080, "sends", "hears"
INVERTERS, DAY_S = 24, 86400
SAMPLE_S = 0.05         # between two looks at how far the ledger is
SETTLE_S = 4.0          # after the last frame: heartbeats are written every three seconds
INSIDE = "--inside"


def day() -> Frames:
    """A PVS's day as frames."""
    roof = Roof(9, INVERTERS, meters="both", start=int(time.time()) // 300 * 300 - DAY_S)
    recorder = Recorder(roof.start)
    pvs, now = Pvs(roof, recorder.exchange, roof.start), float(roof.start)
    while now < roof.start + DAY_S:
        recorder.now = now
        now = max(pvs.step(now), now + 1)
    return recorder.take()


def send(frames: Frames, seconds: float) -> None:
    """All frames at a steady rate."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((SENDER, 0))
        begin = time.monotonic()
        for number, (_, frame) in enumerate(frames):
            wire.send(frame)
            while (early := begin + number * seconds / len(frames) - time.monotonic()) > 0:
                time.sleep(min(early, 0.01))


class Delays(threading.Thread):
    """Seconds from an upload's arrival in the inbox to its readings in the history, by looking again and again."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(daemon=True)
        self.data_dir, self.stop, self.found = data_dir, threading.Event(), [0.0]

    def run(self) -> None:
        waiting: dict[int, float] = {}
        with (closing(inbox.connect(self.data_dir, readonly=True)) as received,
              closing(store.connect(self.data_dir, readonly=True)) as derived):
            newest = 0
            while not self.stop.wait(SAMPLE_S):
                now, last, done = time.monotonic(), inbox.last_id(received), cursor(derived)
                waiting |= dict.fromkeys(range(newest + 1, last + 1), now)
                newest = last
                for number in [number for number in waiting if number <= done]:
                    self.found.append(now - waiting.pop(number))


class Pages(threading.Thread):
    """One browser: the dashboard, then its live part and now and then the day."""

    def __init__(self, every_s: float, number: int) -> None:
        super().__init__(daemon=True)
        self.every_s, self.number = every_s, number
        self.stop, self.answers, self.failures = threading.Event(), [0.0], 0

    def run(self) -> None:
        self.stop.wait(self.number * self.every_s / 20)
        rounds = 0
        while not self.stop.wait(self.every_s):
            begin = time.monotonic()
            try:
                connection = HTTPConnection("127.0.0.1", PORT, timeout=30)
                connection.request("GET", "/live" if rounds % 6 else "/")
                answer = connection.getresponse()
                self.failures += len(answer.read()) < 100 or answer.status != 200
                connection.close()
            except (OSError, HTTPException):
                self.failures += 1
            self.answers.append(time.monotonic() - begin)
            rounds += 1


def measure(frames: Frames, browsers: int, every_s: float, seconds: float) -> dict[str, Any]:
    """One run of everything with an empty data directory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, data_dir, log = folder / "suntap.toml", folder / "data", folder / "log"
        settings.update(config, {"capture.interface": LISTENER, "store.data_dir": data_dir, "web.host": "127.0.0.1",
                                 "web.port": PORT})
        data_dir.mkdir()
        (data_dir / "web-auth.json").write_text('{"secret": "bench", "password": "none opens it", "login": "x"}')
        with (running("run", "capture", "--config", config, log=log),
              running("run", "supervisor", "--config", config, log=log),
              running("run", "web", "--config", config, log=log)):
            wait_for(lambda: all(beat(process, data_dir) for process in STARTED))
            delays, pages = Delays(data_dir), [Pages(every_s, number) for number in range(browsers)]
            threads: list[Delays | Pages] = [delays, *pages]
            for thread in threads:
                thread.start()
            send(frames, seconds)
            time.sleep(SETTLE_S)
            for thread in threads:
                thread.stop.set()
                thread.join(60)
            counters = (beat("capture", data_dir) or {})["counters"]
        found = sorted(answer for page in pages for answer in page.answers[1:])
        return {
            "browsers": browsers, "frames": len(frames), "seconds": seconds,
            "uploads": len(delays.found) - 1,
            "drops": {key: count for key, count in counters.items() if "drop" in key},
            "holes": {key: count for key, count in counters.items() if "hole" in key or "gap" in key},
            "packets": counters.get("packets"),
            "ingest_s": spread(delays.found),
            "page_s": spread(found or [0.0]), "requests": len(found), "failed": sum(page.failures for page in pages)}


def spread(found: list[float]) -> dict[str, float]:
    """Median, 99th percentile and maximum."""
    ordered = sorted(found)
    return {"median": round(statistics.median(ordered), 3), "p99": round(ordered[len(ordered) * 99 // 100 - 1], 3),
            "max": round(ordered[-1], 3)}


def main() -> int:
    """Both runs; one JSON object each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--browsers", type=int, default=20)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.inside:
        return subprocess.run(["unshare", "--net", sys.executable, "-m", "tests.bench.page", *sys.argv[1:], INSIDE],
                              check=False, cwd=os.getcwd()).returncode
    for command in (f"link add {SENDER} type veth peer name {LISTENER}", "link set lo up", f"link set {SENDER} up",
                    f"link set {LISTENER} up"):
        subprocess.run(["ip", *command.split()], check=True)
    frames = day()
    for browsers in (0, args.browsers):
        print(json.dumps(measure(frames, browsers, args.every, args.seconds)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
