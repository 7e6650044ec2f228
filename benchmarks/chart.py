"""Line charts as SVG files, the same bytes for the same figures.

A chart is small and plain: a frame, ticks on both axes, lines with points and their names. Colours
are told apart on light and dark pages.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 130, 34, 46
TICKS = 6
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's, which people with any colour vision tell apart."""
GREY = "#808080"

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """What is drawn.

    Attributes:
        title: above the frame.
        x: name of the horizontal axis.
        y: name of the vertical axis, which begins at 0.
        lines: by name, the points from left to right.
        logarithmic: whether the horizontal axis is; values of 0 are then drawn at its left end.
        label: how a value of the horizontal axis is written.
    """

    title: str
    x: str
    y: str
    lines: Mapping[str, Points]
    logarithmic: bool = False
    label: Callable[[float], str] = "{:g}".format


def svg(chart: Chart) -> str:
    """The chart as an SVG document."""
    xs = sorted({x for points in chart.lines.values() for x, _ in points})
    top = _ceiling(max(y for points in chart.lines.values() for _, y in points))
    at_x = _horizontal(xs, logarithmic=chart.logarithmic)

    def at_y(y: float) -> float:
        return HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    parts: list[str] = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="12" fill="{GREY}">'
        ),
        f'<text x="{LEFT}" y="18" font-size="14">{escape(chart.title)}</text>',
        *_axes(chart, top, at_y),
        *(
            _text(at_x(x), HEIGHT - BOTTOM + 17, chart.label(x), "middle")
            for x in _labelled(xs, at_x)
        ),
    ]
    # names stand at the right ends of their lines, as far apart as a line of text is high
    ends = sorted((at_y(points[-1][1]), name) for name, points in chart.lines.items())
    heights: dict[str, float] = {}
    for height, name in ends:
        heights[name] = max(height, max(heights.values(), default=0.0) + 14)
    for (name, points), colour in zip(chart.lines.items(), COLOURS, strict=False):
        where = [(at_x(x), at_y(y)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in where)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in where]
        parts.append(
            f'<text x="{WIDTH - RIGHT + 10}" y="{heights[name] + 4:.1f}" fill="{colour}">'
            f"{escape(name)}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _axes(chart: Chart, top: float, at_y: Callable[[float], float]) -> list[str]:
    parts = []
    for number in range(TICKS):
        y = top * number / (TICKS - 1)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at_y(y):.1f}" y2="{at_y(y):.1f}" '
            f'stroke="{GREY}" stroke-opacity="0.3"/>'
        )
        parts.append(_text(LEFT - 8, at_y(y) + 4, f"{y:,g}", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 10, chart.x, "middle"))
    height = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text x="14" y="{height}" text-anchor="middle" '
        f'transform="rotate(-90 14 {height})">{escape(chart.y)}</text>'
    )
    return parts


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _horizontal(xs: Sequence[float], *, logarithmic: bool) -> Callable[[float], float]:
    def scale(x: float) -> float:
        return math.log(max(x, smallest)) if logarithmic else x

    smallest = min(x for x in xs if x > 0) / 2 if xs[0] <= 0 else xs[0]
    low, high = scale(xs[0]), scale(xs[-1])
    room = WIDTH - LEFT - RIGHT - 24
    return lambda x: LEFT + 12 + (scale(x) - low) / ((high - low) or 1) * room


def _labelled(xs: Sequence[float], at_x: Callable[[float], float]) -> list[float]:
    """The values that have room for a label."""
    kept: list[float] = []
    for x in xs:
        if not kept or at_x(x) - at_x(kept[-1]) >= 34:
            kept.append(x)
    return kept


def _ceiling(value: float) -> float:
    """The least round number that is not less, so that ticks are round as well."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(
        step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10) if step * power >= value
    )
