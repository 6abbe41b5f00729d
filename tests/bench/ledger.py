"""How fast a large backlog becomes slots, in how much memory, and how large the databases of a year are.

    python -m tests.bench.ledger [--points 1000000] [--days 28] [--json]

Backlog: a PVS that was cut off for years sends everything at once: 24 inverters and a meter, uploads of 12 to 60
intervals in random order. Size: the same site in daily life for some weeks, heartbeats included, times 365 days; its
inverters report day and night (as with a consumption meter), which is the larger figure. Each part runs in a process
of its own, so that its peak memory is its own.
"""
import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from appliance import ledger, store
from appliance.history import views
from appliance.settings import Site
from appliance.store import inbox
from spcore.uploads import Upload

START = 1_700_006_400
INVERTERS = 24
PVS = "ZT160000000441C0001"
DATA, COMMAND = "/Data/SMS2DataCollector.aspx", "/Command/SMS2DataCollector.aspx"


def stamp(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%d%H%M%S")


def lines(moment: int, rng: random.Random, counters: list[int]) -> list[str]:
    """The lines of one interval: 120, 24 of 130, two meters with 140 and 141."""
    at, number = stamp(moment), (moment - START) // 300
    sunny, made = 50 < number % 288 < 200, 0
    found = [f"120\t{at}\t{PVS}\t0\t{rng.randrange(400)}\t0\t{rng.randint(20, 40)}\t0\t{86400 + number * 300}"
             f"\t0.{rng.randrange(100):02}\t{23000 + rng.randrange(400)}\t12580"]
    for index in range(INVERTERS):
        energy = rng.randint(20, 260) if sunny else 0
        counters[index] += energy
        made += energy
        watts = energy * 12
        volts, dc = rng.uniform(240, 250), rng.uniform(50, 58)
        found.append(f"130\t{at}\t4140500000{index:05}\tAC_Module_Type_C\t\t{counters[index] // 10000}."
                     f"{counters[index] % 10000:04}\t{watts / 10000:.4f}\t{volts:.4f}\t{watts / 10 / volts:.4f}"
                     f"\t{watts / 9600:.4f}\t{dc:.4f}\t{watts / 10 / dc:.4f}\t{rng.uniform(10, 60):.2f}"
                     f"\t{rng.gauss(60, .01):.4f}\t0")
    counters[-1] += rng.randint(200, 900) - made
    net = f"{'-' if counters[-1] < 0 else ''}{abs(counters[-1]) // 10000}.{abs(counters[-1]) // 100 % 100:02}"
    power = [f"{rng.uniform(-3, 3):.4f}" for _ in range(8)]
    found.append(f"140\t{at}\tPVS5M000001c\tPVS5M0400c\t100\t{net}\t" + "\t".join(power[:4]) + "\t60.001\t0")
    found.append(f"141\t{at}\tPVS5M000001c\tPVS5M0400c\t1\t" + "\t".join(power[:6]) + "\t6.693")
    found.append(f"140\t{at}\tPVS5M000001p\tPVS5M0400p\t50\t0\t0\t0\t0\t1\t60.001\t0")
    return found


def upload(content: list[str], captured: int, path: str, rng: random.Random) -> Upload:
    body = [f"100\tSPMS\t10\t{PVS}\t{stamp(captured)}", *content, f"102\t{rng.randbytes(10).hex()}"]
    return Upload(captured * 1_000_000, "192.0.2.20:49152", "198.51.100.7:80", path,
                  ("\n".join(body) + "\n").encode(), True)


def backlog(points: int) -> Iterator[Upload]:
    """Uploads that carry `points` points in random order."""
    rng = random.Random(1)
    counters = [10_000_000 + 1000 * index for index in range(INVERTERS + 1)]
    pieces, made, moment = [], 0, START
    while made < points:
        content: list[str] = []
        for _ in range(rng.randint(12, 60)):
            content += lines(moment, rng, counters)
            moment += 300
        made += len(content)
        pieces.append(content)
    rng.shuffle(pieces)
    for number, piece in enumerate(pieces):
        yield upload(piece, moment + 600 + number, DATA, rng)


def daily_life(days: int) -> Iterator[Upload]:
    """Uploads of every interval, and heartbeats between them."""
    rng = random.Random(2)
    counters = [10_000_000 + 1000 * index for index in range(INVERTERS + 1)]
    for moment in range(START, START + days * 86400, 300):
        yield upload(lines(moment, rng, counters), moment + 400, DATA, rng)
        for beat in range(moment, moment + 300, 120):
            yield upload([], beat, COMMAND, rng)


def fill(data_dir: Path, uploads: Iterator[Upload]) -> None:
    conn = inbox.connect(data_dir)
    batch = []
    for one in uploads:
        batch.append(one)
        if len(batch) == 500:
            inbox.append(conn, batch)
            batch = []
    inbox.append(conn, batch)
    conn.close()


def ingest(data_dir: Path) -> dict[str, float]:
    """Measured in this process: nothing else may run in it."""
    told: list[tuple[int, int]] = []
    conn, uploads = store.connect(data_dir), inbox.connect(data_dir, readonly=True)
    began, busy = time.perf_counter(), time.process_time()
    done = ledger.ingest(uploads, conn, Site(), progress=lambda now, total: told.append((now, total)))
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    days = [row.day for row in views.days(conn)]
    began = time.perf_counter()
    shown = days[-2:][0]    # a whole day where there is one
    views.day(conn, shown), views.devices(conn, shown), views.latest(conn)
    page = time.perf_counter() - began
    return {"uploads": done.uploads, "readings": done.readings, "days": len(done.days), "seconds": round(seconds, 2),
            "cpu_seconds": round(busy, 2), "readings_per_second": round(done.readings / seconds),
            "readings_per_cpu_second": round(done.readings / busy), "progress_calls": len(told),
            "page_ms": round(1000 * page, 1), "peak_mib": peak_mib()}


def peak_mib() -> int:
    """Most memory this program ever had resident. (ru_maxrss would include the parent it was forked from.)"""
    status = Path("/proc/self/status").read_text().split("VmHWM:")[1]
    return int(status.split()[0]) // 1024


def sizes(data_dir: Path, days: int) -> dict[str, int]:
    """Bytes of a year, from the files of `days` days."""
    found = {}
    for name, connect in ((inbox.FILE, inbox.connect), (store.FILE, store.connect)):
        conn = connect(data_dir)
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.close()
        found[f"{name} MB/year"] = round((data_dir / name).stat().st_size * 365 / days / 1e6)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ingest", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.ingest:
        print(json.dumps(ingest(args.ingest)))
        return
    report = {}
    for name, uploads in (("backlog", backlog(args.points)), ("daily life", daily_life(args.days))):
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), uploads)
            child = subprocess.run([sys.executable, "-m", "tests.bench.ledger", "--ingest", folder], check=True,
                                   capture_output=True, text=True)
            report[name] = json.loads(child.stdout)
            if name == "daily life":
                report[name] |= sizes(Path(folder), args.days)
    if args.json:
        print(json.dumps(report))
        return
    for name, figures in report.items():
        print(name)
        for what, figure in figures.items():
            print(f"  {what:24} {figure:>12,}")


if __name__ == "__main__":
    main()
