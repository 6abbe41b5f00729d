"""The core's time per packet beside the floor: the same reader with an empty loop, in turn, in one run."""
import os
import statistics
import time
from typing import Any

from spcore.engine import Engine
from spcore.lines import LineFormat
from spcore.source import open_file


def _warm(path: str) -> None:
    """Puts the file into the page cache, so that no run pays for the disk."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def _floor(path: str) -> float:
    source = open_file(path)
    with source:
        start = time.perf_counter()
        source.count()
        return time.perf_counter() - start


def _core(path: str, ports: tuple[int, ...], host: str | None) -> tuple[float, dict[str, int]]:
    with open_file(path) as source:
        engine, lines = Engine(ports=ports, host=host), LineFormat()
        start = time.perf_counter()
        for _ in source.run(engine, lambda: engine.take_lines(lines)):
            pass
        engine.end()
        while engine.pending():
            engine.take_lines(lines)
        return time.perf_counter() - start, engine.counters() | lines.counters()


def bench(path: str, repeat: int = 5, ports: tuple[int, ...] = (80,), host: str | None = None) -> dict[str, Any]:
    """Medians over `repeat` runs: packets, bytes, uploads, records, seconds, ns_per_packet, floor_ns_per_packet and
    ratio_to_floor (of paired runs). Raises CaptureError, OSError."""
    open_file(path).close()  # a file that is no capture is said so before anything is measured
    _warm(path)
    floors, cores = [], []
    counters: dict[str, int] = {}
    for _ in range(repeat):
        floors.append(_floor(path))
        seconds, counters = _core(path, ports, host)
        cores.append(seconds)
    packets = max(counters["packets"], 1)
    return {
        "packets": counters["packets"],
        "bytes": os.path.getsize(path),
        "uploads": counters["uploads_complete"] + counters["uploads_incomplete"],
        "records": counters["lines"],
        "seconds": round(statistics.median(cores), 6),
        "ns_per_packet": round(statistics.median(cores) * 1e9 / packets, 1),
        "floor_ns_per_packet": round(statistics.median(floors) * 1e9 / packets, 1),
        "ratio_to_floor": round(statistics.median(c / f for c, f in zip(cores, floors, strict=True)), 3),
    }
