"""Many boxes write their whole history into one VictoriaMetrics, as a co-operative's would: `python -m
tests.bench.fleet BOXES DAYS`. Says rows a second, and what one box-year costs there in bytes and memory; fails
where a sum differs.

Each box is a store of its own with its own output; the histories come from a few seeds, every slot of the day
filled, as of a site with a net meter and two inverters.
"""
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from shutil import copyfile

import requests

from appliance import store
from appliance.outputs import lines
from appliance.outputs.lines import LinesOutput
from tests.outputs.engines import Server, victoria_metrics
from tests.outputs.support import House, renamed

SEEDS, WORKERS, SLOTS = 3, 2, 288
FIRST = date(2024, 4, 1)    # a year from here has passed: VictoriaMetrics takes nothing of the future


@dataclass(frozen=True)
class Figures:
    """What was measured."""

    boxes: int
    days: int
    rows: int
    seconds: float
    disk_bytes: int
    memory_bytes: int

    def __str__(self) -> str:
        years = self.boxes * self.days / 365
        speed = f"{self.rows} rows in {self.seconds:.0f} s, {self.rows / self.seconds:.0f} a second"
        cost = f"{self.disk_bytes / years / 1e6:.2f} MB on disk a box-year, {self.memory_bytes / 1e6:.0f} MB of memory"
        return f"{self.boxes} boxes, {self.days} days: {speed}; VictoriaMetrics: {cost}"


def run(folder: Path, boxes: int, days: int, slots: int = SLOTS) -> Figures:
    """Fill, write, compare. Raises AssertionError where VictoriaMetrics holds something else."""
    truths = []
    for seed in range(min(SEEDS, boxes)):
        house = House(folder / f"seed{seed}")
        house.random.seed(seed)
        for number in range(days):
            house.put_day(FIRST + timedelta(number), slots, 86_400 // SLOTS)
        truths.append(house.store.execute(
            "SELECT count(*), sum(production_dwh), sum(consumption_dwh) FROM slot").fetchone())
        house.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        house.store.close()
    server = victoria_metrics(folder)
    with server.running():
        begun = time.monotonic()
        with ThreadPoolExecutor(WORKERS) as pool:
            rows = sum(pool.map(lambda number: _box(folder, number, server.url), range(boxes)))
        seconds = time.monotonic() - begun
        requests.get(f"{server.url}/internal/force_flush", timeout=60)
        _compare(server, boxes, days, truths)
        memory = _resident(server)
    disk = sum(path.stat().st_size for path in (folder / "vm").rglob("*") if path.is_file())
    return Figures(boxes, days, rows, seconds, disk, memory)


def _box(folder: Path, number: int, url: str) -> int:
    """One box's whole history to the engine; rows written."""
    place = folder / f"box{number}"
    place.mkdir()
    copyfile(folder / f"seed{number % SEEDS}" / store.FILE, place / store.FILE)
    house = House(place)
    house.clock.pass_(3650 * 86_400)
    with closing(house.store):
        context = house.context(renamed(house.settings(url), f"box{number}"))
        output = LinesOutput(context)
        while output.step() != lines.POLL_S:
            pass
    for path in place.iterdir():
        path.unlink()
    return int(context.status["rows"])


def _compare(server: Server, boxes: int, days: int, truths: list[tuple[int, int, int]]) -> None:
    """Every box's number of slots and sums of energy."""
    end = int(time.mktime((FIRST + timedelta(days + 2)).timetuple()))
    for column, query in enumerate(("count_over_time(suntap_slot_production_wh[{0}d])",
                                    "sum_over_time(suntap_slot_production_wh[{0}d])",
                                    "sum_over_time(suntap_slot_consumption_wh[{0}d])")):
        answer = requests.get(f"{server.url}/api/v1/query", timeout=300,
                              params={"query": query.format(days + 4), "time": str(end)}).json()
        found = {series["metric"]["site"]: float(series["value"][1]) for series in answer["data"]["result"]}
        scale = 1 if column == 0 else 10
        for number in range(boxes):
            held, truth = round(found[f"box{number}"] * scale), truths[number % SEEDS][column]
            assert held == truth, (number, query, held, truth)


def _resident(server: Server) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(run(Path(name), int(sys.argv[1]), int(sys.argv[2])))
