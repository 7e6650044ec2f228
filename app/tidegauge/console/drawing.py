"""Small drawings: a line of figures over time, a bar for a share."""

from collections.abc import Sequence
from typing import Final

from tidegauge.console.nodes import Element, element
from tidegauge.live import words

WIDTH: Final = 240
HEIGHT: Final = 48
_MARGIN: Final = 4


def sparkline(
    points: Sequence[tuple[int, float | None]], label: str, *, since_ms: int | None = None
) -> Element:
    """A line over time.

    Args:
        points: Times in ms, ascending, and figures; None is a gap.
        label: What it shows.
        since_ms: From here on it is trouble.
    """
    known = [value for _, value in points if value is not None]
    if len(known) < 2:
        return element("span", cls="nospark")
    low, high = min(known), max(known)
    begin, end = points[0][0], points[-1][0]

    def at(time_ms: int) -> float:
        return _MARGIN + (time_ms - begin) / max(1, end - begin) * (WIDTH - 2 * _MARGIN)

    def up(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return HEIGHT - _MARGIN - share * (HEIGHT - 2 * _MARGIN)

    path, pen = [], "M"
    for time_ms, value in points:
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{at(time_ms):.1f} {up(value):.1f}")
        pen = "L"
    begun = None
    if since_ms is not None and since_ms < end:
        x = f"{at(max(begin, since_ms)):.1f}"
        begun = element("line", x1=x, x2=x, y1="0", y2=str(HEIGHT), cls="begun")
    last_ms, last = next((t, v) for t, v in reversed(points) if v is not None)
    return element(
        "svg",
        begun,
        element("path", d="".join(path)),
        element("circle", cx=f"{at(last_ms):.1f}", cy=f"{up(last):.1f}", r="3"),
        cls="spark",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=label,
    )


def share_bar(share: float | None) -> Element:
    """A share as a bar with its figure; a dash where it is not known."""
    if share is None:
        return element("span", words.NONE, cls="share dim")
    return element(
        "span",
        element("i", cls="bar", share=share),
        element("span", words.whole_share(max(0.0, share) if share > -0.005 else share)),
        cls="share",
    )
