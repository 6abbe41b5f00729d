"""Geometry of the small charts that need no script: bars of a month or year, curves of single inverters.

Only numbers and texts come out; the templates draw. Heights are integers or short decimals, since they are pixels,
not energy.
"""
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 440, 150   # close to what a card measures, so that the labels keep their size
LEFT, TOP, BOTTOM = 30, 8, 20


@dataclass(frozen=True)
class Value:
    """One bar to draw: 0.1 Wh, None where nothing is known."""

    label: str
    title: str
    production: int | None
    consumption: int | None = None
    href: str = ""
    chosen: bool = False
    ghost: int | None = None        # production a year before
    earlier: int | None = None      # production that another program counted, never part of `production`


@dataclass(frozen=True)
class Bar:
    """One bar as drawn: pixels."""

    value: Value
    x: float
    width: float
    y: float
    height: float
    use_y: float | None
    zone_x: float
    zone_width: float
    labelled: bool
    ghost_y: float | None = None
    earlier_y: float | None = None
    earlier_height: float = 0


@dataclass(frozen=True)
class Bars:
    """A bar chart: `grid` is (pixels from the top, label in kWh)."""

    bars: list[Bar]
    grid: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM


def bars(values: Sequence[Value], label_every: int = 1) -> Bars:
    """Bars side by side over one scale that begins at zero."""
    top = max((number or 0 for value in values for number in (
        (value.production or 0) + (value.earlier or 0), value.consumption, value.ghost)), default=0)
    step, decimals = nice_step(top)
    lines = max(1, -(-top // step)) if top else 1
    room = HEIGHT - TOP - BOTTOM
    scale = room / (lines * step)
    slot = (WIDTH - LEFT) / max(1, len(values))
    width = min(22.0, slot * .68)
    drawn = []
    for index, value in enumerate(values):
        height, more = max(0, value.production or 0) * scale, (value.earlier or 0) * scale
        use = None if value.consumption is None else round(HEIGHT - BOTTOM - max(0, value.consumption) * scale, 1)
        drawn.append(Bar(value, round(LEFT + slot * (index + .5) - width / 2, 1), round(width, 1),
                         round(HEIGHT - BOTTOM - height, 1), round(height, 1), use,
                         round(LEFT + slot * index, 1), round(slot, 1), index % label_every == 0,
                         None if value.ghost is None else round(HEIGHT - BOTTOM - max(0, value.ghost) * scale, 1),
                         None if value.earlier is None else round(HEIGHT - BOTTOM - height - more, 1), round(more, 1)))
    grid = [(round(HEIGHT - BOTTOM - line * step * scale, 1), f"{line * step / 10**4:.{decimals}f}")
            for line in range(lines + 1)]
    return Bars(drawn, grid)


def nice_step(top: int) -> tuple[int, int]:
    """A round distance of grid lines that gives at most four up to `top` (0.1 Wh), and its decimals in kWh."""
    step = 1000
    while True:
        for factor in (1, 2, 5):
            if step * factor * 4 >= top:
                return step * factor, 0 if step * factor >= 10**4 else 1
        step *= 10


def spark(points: Sequence[tuple[float, int | None]], peak: int, width: int = 120, height: int = 36) -> str:
    """SVG path of an area: (0..1 along the day, value) in order; None breaks it. `peak` is the scale's top."""
    path: list[str] = []
    begun: float | None = None
    last = 0.0
    for place, number in points:
        x = round(place * width, 1)
        if number is None:
            if begun is not None:
                path.append(f"V{height}H{begun}Z")
            begun = None
            continue
        y = round(height - min(1.0, max(0, number) / peak if peak else 0) * (height - 2), 1)
        if begun is None:
            begun = x
            path.append(f"M{x} {height}V{y}")
        else:
            path.append(f"L{x} {y}")
        last = x
    if begun is not None:
        path.append(f"H{last}V{height}H{begun}Z")
    return "".join(path)
