"""The picture of a day, to keep or to send: an SVG of its own with title, scale and units, in light colours."""
from dataclasses import dataclass
from datetime import date
from typing import Any

from webui.present import localtime, svg
from webui.present.units import watts

WIDTH, HEIGHT = 960, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 104, 44
STEPS_W = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000)
MOST_LINES = 5


@dataclass(frozen=True)
class Picture:
    """What the template draws: paths in a box of `wide` x `high` pixels that begins at (`left`, `top`); `grid` is (y,
    label), `marks` (x, label); holes are (x, width)."""

    title: str
    production: str
    consumption: str
    grid: list[tuple[float, str]]
    marks: list[tuple[float, str]]
    holes: list[tuple[float, float]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    wide: int = WIDTH - LEFT - RIGHT
    high: int = HEIGHT - TOP - BOTTOM


def of_day(day: date, chart: dict[str, Any]) -> Picture:
    """The picture of a day's curve (present.day.curve)."""
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    start, length = chart["start"], chart["end"] - chart["start"]
    series = [chart["production_w"], chart["consumption_w"] or []]
    top = max((power for powers in series for power in powers if power is not None), default=0)
    step = next((step for step in STEPS_W if step * MOST_LINES >= top), STEPS_W[-1])
    scale = max(1, -(-top // step)) * step

    def path(powers: list[int | None]) -> str:
        points = [((time - start) / length, power) for time, power in zip(chart["times"], powers, strict=False)]
        return svg.spark(points, scale, wide, high)
    return Picture(
        localtime.long_date(day), path(series[0]), path(series[1]),
        [(round(high - level * (high - 2) / scale, 1), watts(level)) for level in range(0, scale + 1, step)],
        [(round((time - start) * wide / length, 1), label) for time, label in chart["ticks"]],
        [(round((begin - start) * wide / length, 1), round((end - begin) * wide / length, 1))
         for begin, end in chart["holes"]])
