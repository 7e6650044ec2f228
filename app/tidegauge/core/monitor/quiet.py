"""How many predictions and labels come, pane by pane, silence included.

A pane in which nothing came has no figures, so nothing else would notice that a model has stopped.
Event time moves on through silence (`tidegauge.core.monitor.watermark`), and the panes that it
passes are counted as empty, for a day after the last that held anything: then the loss is told, and
what comes later is another life of the model.
"""

from collections.abc import Iterator

from tidegauge.core.config import DAY
from tidegauge.core.detect.verdict import PaneInput

REMEMBERED_MS = DAY


def counted(start: int, end: int, number: int) -> PaneInput:
    """A pane in which so many came."""
    return PaneInput(start, end, 1, number)


def empty_panes(fed_ms: int | None, busy_ms: int, until: int, width: int) -> Iterator[PaneInput]:
    """The panes without anything that have closed.

    Args:
        fed_ms: end of the last pane that was counted; None: none yet, so none is missed.
        busy_ms: end of the last pane that held anything.
        until: end of the last pane that is closed, or start of the next that holds something.
        width: length of a pane.
    """
    if fed_ms is None:
        return
    last = min(until, busy_ms + REMEMBERED_MS)
    for start in range(fed_ms, last - width + 1, width):
        yield counted(start, start + width, 0)
