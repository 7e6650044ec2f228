"""Lines over time or over a number, and grouped bars, as SVG."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from tidegauge.dashboards.preview.units import tick_words, ticks

_RIGHT, _TOP, _BOTTOM = 8, 6, 20
_LETTER = 6.6
"""Mean width of a letter of an axis, in pixels."""
_PIXELS_A_TICK = 34
_GAP_STEPS = 4
"""A line is broken where so many points are missing."""


class Line(NamedTuple):
    """One line.

    Attributes:
        name: In the legend.
        color: As a style sheet has it.
        points: By ascending x.
        dashed: Whether it is drawn in dashes.
    """

    name: str
    color: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


class Limit(NamedTuple):
    """A horizontal line."""

    at: float
    color: str


class Mark(NamedTuple):
    """An event at a time."""

    at: float
    color: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What is drawn.

    Attributes:
        width: In pixels.
        height: In pixels.
        unit: Of the values.
        low: Where the axis begins, if not where the data do.
        high: Where it ends.
        limits: Horizontal lines.
        marks: Events.
        stacked: Whether lines lie on top of each other.
        symlog: Whether values beyond 1 are on a logarithmic scale.
        steps: Whether lines are stairs.
        x: Begin and end of the horizontal axis.
        times: Whether that is of times; else of numbers.
        step: Seconds between points of time.
    """

    width: int
    height: int
    unit: str
    low: float | None = None
    high: float | None = None
    limits: Sequence[Limit] = ()
    marks: Sequence[Mark] = ()
    stacked: bool = False
    symlog: bool = False
    steps: bool = False
    x: tuple[float, float] = (0.0, 1.0)
    times: bool = True
    step: float = 1.0

    def svg(self, lines: Sequence[Line]) -> str:
        """The graph of some lines."""
        shown = _stacked(lines) if self.stacked else list(lines)
        values = [y for line in shown for _, y in line.points]
        scale = self._scale(values).beside(self.unit)
        parts = [_open(self.width, self.height), *self._axes(scale)]
        parts += [self._limit(limit, scale) for limit in self.limits]
        # the topmost of a stack is drawn first, so that the others lie over it
        parts += [self._line(line, scale) for line in (shown[::-1] if self.stacked else shown)]
        parts += [self._mark(mark, scale) for mark in self.marks]
        return "".join([*parts, "</svg>"])

    def _scale(self, values: Sequence[float]) -> "_Scale":
        low = min(values, default=0.0) if self.low is None else self.low
        high = max(values, default=1.0) if self.high is None else self.high
        if high <= low:
            low, high = low - (self.low is None) * abs(low or 1.0) / 2, high + abs(high or 1.0) / 2
        room = self.height - _TOP - _BOTTOM
        bottom = float(self.height - _BOTTOM)
        if self.symlog and high > 2:
            return _Scale(low, high, bottom, room, symlog=True)
        marks = ticks(low, high, max(2, room // _PIXELS_A_TICK))
        if self.high is None and len(marks) > 1 and marks[-1] < high:
            high = marks[-1] + marks[1] - marks[0]
        if self.low is None and len(marks) > 1 and marks[0] > low:
            low = marks[0] - (marks[1] - marks[0])
        return _Scale(low, high, bottom, room)

    def _axes(self, scale: "_Scale") -> Sequence[str]:
        parts = []
        marks = scale.ticks()
        for at, text in zip(marks, tick_words(marks, self.unit), strict=True):
            y = scale.place(at)
            parts.append(
                f'<line class="grid" x1="{scale.left:.0f}" x2="{self.width - _RIGHT}" '
                f'y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text class="tick" x="{scale.left - 6:.0f}" y="{y + 4:.1f}" text-anchor="end">'
                f"{html.escape(text)}</text>"
            )
        most = max(2, int((self.width - scale.left) // 90))
        for at, text in x_words(self.x, most, times=self.times):
            x = self._across(at, scale)
            parts.append(
                f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" '
                f'y2="{self.height - _BOTTOM}"/>'
                f'<text class="tick" x="{x:.1f}" y="{self.height - 5}" text-anchor="middle">'
                f"{text}</text>"
            )
        return parts

    def _across(self, at: float, scale: "_Scale") -> float:
        begin, end = self.x
        room = self.width - scale.left - _RIGHT
        return scale.left + (at - begin) / ((end - begin) or 1) * room

    def _line(self, line: Line, scale: "_Scale") -> str:
        path, last = [], None
        for x, y in line.points:
            place = scale.place(min(max(y, scale.low), scale.high))
            broken = last is None or (self.times and x - last > _GAP_STEPS * self.step)
            if self.steps and not broken:
                path.append(f"H{self._across(x, scale):.1f}")
            path.append(f"{'M' if broken else 'L'}{self._across(x, scale):.1f} {place:.1f}")
            last = x
        dash = ' stroke-dasharray="8 8" stroke-width="1"' if line.dashed else ' stroke-width="2"'
        drawn = f'<path d="{"".join(path)}" fill="none" stroke="{line.color}"{dash}/>'
        if not self.stacked or not line.points:
            return drawn
        floor = scale.place(scale.low)
        first, final = (self._across(line.points[at][0], scale) for at in (0, -1))
        area = "L" + "".join(path)[1:].replace("M", "L")
        return (
            f'<path d="M{first:.1f} {floor:.1f}{area}L{final:.1f} {floor:.1f}Z" '
            f'fill="{line.color}" class="area"/>{drawn}'
        )

    def _limit(self, limit: Limit, scale: "_Scale") -> str:
        if limit.color == "transparent" or not scale.low <= limit.at <= scale.high:
            return ""
        y = scale.place(limit.at)
        return (
            f'<line x1="{scale.left:.0f}" x2="{self.width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="{limit.color}" stroke-width="1.5" stroke-dasharray="8 6"/>'
        )

    def _mark(self, mark: Mark, scale: "_Scale") -> str:
        x, foot = self._across(mark.at, scale), self.height - _BOTTOM
        return (
            f'<g><title>{html.escape(mark.text)}</title><line x1="{x:.1f}" x2="{x:.1f}" '
            f'y1="{_TOP}" y2="{foot}" stroke="{mark.color}" stroke-dasharray="2 4"/>'
            f'<path d="M{x - 4:.1f} {foot + 5}h8l-4-5z" fill="{mark.color}"/></g>'
        )


class _Scale(NamedTuple):
    """From values to heights."""

    low: float
    high: float
    bottom: float
    room: int
    symlog: bool = False
    left: float = 0.0
    """Where the graph begins, beside the words of the axis."""

    def beside(self, unit: str) -> "_Scale":
        """The same with room for the words of the axis."""
        longest = max(map(len, tick_words(self.ticks(), unit)), default=0)
        return self._replace(left=longest * _LETTER + 14)

    def place(self, value: float) -> float:
        low, high, at = (self._bent(v) for v in (self.low, self.high, value))
        return self.bottom - (at - low) / ((high - low) or 1) * self.room

    def _bent(self, value: float) -> float:
        """Even up to 1, from there on its logarithm."""
        if not self.symlog or value <= 1:
            return value
        return 1 + math.log10(value)

    def ticks(self) -> list[float]:
        if not self.symlog:
            return ticks(self.low, self.high, max(2, self.room // _PIXELS_A_TICK))
        tens = [10.0**power for power in range(8) if 10.0**power <= self.high]
        return [0.0, 0.5, *tens] if self.low <= 0 else tens


def _stacked(lines: Sequence[Line]) -> list[Line]:
    total: dict[float, float] = {}
    found = []
    for line in lines:
        points = []
        for x, y in line.points:
            total[x] = total.get(x, 0.0) + y
            points.append((x, total[x]))
        found.append(line._replace(points=points))
    return found


def x_words(x: tuple[float, float], most: int, *, times: bool) -> list[tuple[float, str]]:
    """Where the horizontal axis has marks, and their texts."""
    begin, end = x
    if not times:
        marks = ticks(begin, end, most)
        return list(zip(marks, tick_words(marks, "none"), strict=True))
    steps = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
    step = next((s for s in steps if (end - begin) / s <= most), 86400)
    first = -(-begin // step) * step
    marks = [first + at * step for at in range(int((end - first) // step) + 1)]
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    return [(mark, f"{datetime.fromtimestamp(mark, UTC):{form}}") for mark in marks]


class Group(NamedTuple):
    """Bars that stand together."""

    name: str
    values: Sequence[float | None]


def bars(width: int, height: int, unit: str, groups: Sequence[Group], colors: Sequence[str]) -> str:
    """Grouped bars, upright.

    Args:
        width: In pixels.
        height: In pixels.
        unit: Of the values.
        groups: From left to right.
        colors: Of the bars of a group.
    """
    most = max((v for group in groups for v in group.values if v is not None), default=1.0)
    longest = max((len(group.name) for group in groups), default=0)
    scale = _Scale(0.0, most * 1.05 or 1.0, float(height), height).beside(unit)
    slot = (width - scale.left - _RIGHT) / max(len(groups), 1)
    tilted = longest * 7 > slot
    foot = min(longest * 5 + 14, height // 3) if tilted else _BOTTOM
    scale = scale._replace(bottom=float(height - foot), room=height - _TOP - foot)
    parts = [_open(width, height)]
    marks = scale.ticks()
    for at, text in zip(marks, tick_words(marks, unit), strict=True):
        y = scale.place(at)
        parts.append(
            f'<line class="grid" x1="{scale.left:.0f}" x2="{width - _RIGHT}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{scale.left - 6:.0f}" y="{y + 4:.1f}" '
            f'text-anchor="end">{text}</text>'
        )
    thick = slot * 0.8 / max(len(colors), 1)
    for number, group in enumerate(groups):
        left = scale.left + number * slot + slot * 0.1
        for place, value in enumerate(group.values):
            if value is not None:
                top = scale.place(value)
                parts.append(
                    f'<rect x="{left + place * thick:.1f}" y="{top:.1f}" width="{thick * 0.94:.1f}"'
                    f' height="{scale.bottom - top:.1f}" fill="{colors[place]}" '
                    'fill-opacity="0.8"/>'
                )
        middle, base = left + slot * 0.4, height - foot + 14
        turn = f' transform="rotate(-35 {middle:.1f} {base})"' if tilted else ""
        anchor = "end" if tilted else "middle"
        parts.append(
            f'<text class="tick" x="{middle:.1f}" y="{base}" text-anchor="{anchor}"{turn}>'
            f"{html.escape(group.name)}</text>"
        )
    return "".join([*parts, "</svg>"])


def _open(width: int, height: int) -> str:
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
