"""The pane pyramid: which slot an event's effect goes to.

A pane is a small fixed slice of event time; a level of the pyramid has panes of one width and
takes labels up to ``span`` after their prediction. The level follows from the label's delay alone,
so it is the same for every order of reading, and the levels *add up*: the figures of a window are
the sum over the slots of all levels that it holds. A correction whose delay belongs to a coarser
level takes the old label back at that level (`tidegauge.core.collect.labelling`).
"""

from typing import NamedTuple

from tidegauge.core.config import PaneLevel

WHOLE = ("", "")
"""The segment that is the whole version."""


class SlotKey(NamedTuple):
    """One slot of a model: a version, a segment of it, and a pane at a level of the pyramid."""

    version: str
    field: str
    value: str
    level: int
    start: int


class OutcomeKey(NamedTuple):
    """One slot of first labels on the axis of label time, at the finest level."""

    version: str
    field: str
    value: str
    start: int


def pane_start(time_ms: int, width_ms: int) -> int:
    """The start of the pane of ``width_ms`` that holds ``time_ms``."""
    return time_ms - time_ms % width_ms


def level_of(delay_ms: int, levels: tuple[PaneLevel, ...]) -> int:
    """The index of the level that takes a label ``delay_ms`` after its prediction."""
    for index, level in enumerate(levels):
        if delay_ms <= level.span_ms:
            return index
    return len(levels) - 1
