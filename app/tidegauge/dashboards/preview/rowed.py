"""States over time, one row for each series, as SVG."""

import html
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tidegauge.dashboards.preview.graph import x_words
from tidegauge.dashboards.preview.looks import by_threshold, mapped
from tidegauge.dashboards.preview.prometheus import Series

_RIGHT, _FOOT = 8, 20
_LETTER = 7.0
"""Mean width of a letter of a row's name, in pixels."""


def rows(
    found: Sequence[tuple[str, Series]],
    field: Mapping[str, Any],
    size: tuple[int, int],
    x: tuple[float, float],
    step: float,
    *,
    merged: bool,
) -> str:
    """The states of series.

    Args:
        found: Names and series.
        field: The field's configuration: thresholds and mappings.
        size: Width and height in pixels.
        x: The range of time.
        step: Seconds between points.
        merged: Whether equal neighbours are one bar.
    """
    width, height = size
    longest = max((len(name) for name, _ in found), default=0)
    left = min(longest * _LETTER + 14, width * 0.35)
    fits = int((left - 14) / _LETTER + 0.01)
    slot = (height - _FOOT) / max(len(found), 1)
    scale = (width - left - _RIGHT) / ((x[1] - x[0]) or 1)
    parts = [f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">']
    for number, (name, series) in enumerate(found):
        top, thick = number * slot + slot * 0.06, slot * 0.88
        shown = name if len(name) <= fits else f"{name[: fits - 1]}…"
        parts.append(
            f'<text class="tick" x="{left - 8:.0f}" y="{top + thick / 2 + 4:.1f}" '
            f'text-anchor="end">{html.escape(shown)}<title>{html.escape(name)}</title></text>'
        )
        for begin, end, shade, text in _bars(series, field, step, merged=merged):
            at = left + (max(begin, x[0]) - x[0]) * scale
            wide = max((min(end, x[1]) - max(begin, x[0])) * scale, 0)
            parts.append(
                f'<rect x="{at:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{thick:.1f}" '
                f'fill="{shade}" class="state"><title>{html.escape(f"{name}: {text}")}</title>'
                "</rect>"
            )
    for mark, text in x_words(x, max(2, int((width - left) // 90)), times=True):
        parts.append(
            f'<text class="tick" x="{left + (mark - x[0]) * scale:.1f}" y="{height - 4}" '
            f'text-anchor="middle">{text}</text>'
        )
    return "".join([*parts, "</svg>"])


def _bars(
    series: Series, field: Mapping[str, Any], step: float, *, merged: bool
) -> Sequence[tuple[float, float, str, str]]:
    """Begin, end, colour and text of each bar."""
    found: list[tuple[float, float, str, str]] = []
    points = [*series.points, (series.points[-1][0] + step, 0.0)] if series.points else []
    for (begin, value), (after, _) in pairwise(points):
        text, shade = mapped(value, field)
        its = shade or by_threshold(value, field)
        end = min(after, begin + 4 * step)
        last = found[-1] if found else None
        if merged and last is not None and last[2] == its and last[1] >= begin:
            found[-1] = (last[0], end, its, last[3])
        else:
            found.append((begin, end if merged else begin + step * 0.94, its, text or f"{value:g}"))
    return found
