"""Fifty boxes at once into one VictoriaMetrics: each ends with its own sums. A year: `python -m tests.bench.fleet`."""
from pathlib import Path

from tests.bench import fleet


def test_fifty_boxes_end_with_fifty_sums(tmp_path: Path) -> None:
    figures = fleet.run(tmp_path, boxes=50, days=2, slots=24)
    assert figures.rows == 50 * (2 * 24 + 2 + 2 * 2)
