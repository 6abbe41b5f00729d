"""Reading alone: `suntap records` beside C's empty libpcap loop over the same packets as pcap and as pcapng, its start
on a small file, and its peak. Goals: below 0.8 of the loop, 45 ms, 24 MiB.
"""
import statistics
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from appliance.simulate import pcapfile
from tests.bench.measure import Run, duel, peak, run
from tests.bench.programs import Program, compiled

SMALL = Path(__file__).parents[1] / "captures/plain_day.pcap"
STARTS = 15


def packets(path: Path) -> Iterator[tuple[int, bytes]]:
    """Of a little-endian pcap file with microseconds, as the reference's generator writes it."""
    with path.open("rb") as file:
        file.seek(24)
        while head := file.read(16):
            seconds, fraction, caplen, _ = struct.unpack("<IIII", head)
            yield seconds * 1_000_000 + fraction, file.read(caplen)


def as_pcapng(capture: Path) -> Path:
    """The same packets as pcapng, made when it is missing."""
    path = capture.with_suffix(".pcapng")
    if not path.exists():
        print(f"making {path} ...", flush=True)
        unfinished = path.with_suffix(".part")
        pcapfile.write_pcapng(unfinished, packets(capture))
        unfinished.rename(path)
    return path


def wall(of: Run) -> float:
    return of.wall


def cpu(of: Run) -> float:
    return of.cpu


def show(capture: Path, build: Path, rounds: int) -> None:
    """Print the table. Raises BenchError."""
    script = str(Path(sys.executable).with_name("suntap"))
    print(f"\nsuntap records, whole process, beside C libpcap's empty loop; median of {rounds}\n"
          f"{'':<12}{'suntap s':>10}{'loop s':>10}{'ratio':>8}{'cpu ratio':>11}{'peak MiB':>10}", flush=True)
    for path in (capture, as_pcapng(capture)):
        ours = Program("suntap", (script, "records", str(path)))
        used = peak(ours, build / "output") / (1 << 20)
        (build / "output").unlink()
        if not compiled("floor", build / "peers"):
            print(f"{path.suffix[1:]:<12}{run(ours).wall:10.3f}{'libpcap-dev and a compiler are needed':>39}")
            continue
        pairs = duel(ours, Program("floor", (str(build / "peers/floor"), str(path)), None), rounds)
        print(f"{path.suffix[1:]:<12}{pairs.median(0, wall):10.3f}{pairs.median(1, wall):10.3f}{pairs.ratio(wall):8.2f}"
              f"{pairs.ratio(cpu):11.2f}{used:10.1f}", flush=True)
    small = Program("suntap", (script, "records", str(SMALL)))
    starts = [run(small).wall for _ in range(STARTS)]
    print(f"start-up: {statistics.median(starts) * 1000:.0f} ms on {SMALL.name}", flush=True)
