"""Two versions on the requests that both answered: who was right more often, and how sure that is.

A difference counts as told apart when its 95 % interval leaves out zero.
"""

from collections.abc import Callable
from typing import NamedTuple

from rich.text import Text

from tidegauge.core.records import MetricRecord, PairedStats
from tidegauge.live import words
from tidegauge.live.listing import Cell, Column
from tidegauge.wire.plain import plain


class Difference(NamedTuple):
    """One version's figure less the other's, with the ends of its interval."""

    title: str
    value: float | None
    low: float | None
    high: float | None
    higher_is_better: bool
    told: Callable[[float | None], str]

    @property
    def worse(self) -> bool:
        """Whether the version is worse than the other, beyond chance."""
        end, sign = (self.high, -1) if self.higher_is_better else (self.low, 1)
        return end is not None and sign * end > 0

    @property
    def better(self) -> bool:
        """Whether it is better than the other, beyond chance."""
        end, sign = (self.low, 1) if self.higher_is_better else (self.high, -1)
        return end is not None and sign * end > 0

    @property
    def interval(self) -> str:
        """Both ends."""
        if self.low is None or self.high is None:
            return words.NONE
        return f"{self.told(self.low)} to {self.told(self.high)}"


def difference_of(stats: PairedStats) -> Difference:
    """What tells two versions apart: of classes accuracy, of numbers the mean absolute error."""
    if stats.accuracy_difference is not None:
        return Difference(
            "accuracy",
            stats.accuracy_difference,
            stats.accuracy_difference_low,
            stats.accuracy_difference_high,
            higher_is_better=True,
            told=words.points,
        )
    return Difference(
        "MAE",
        stats.error_difference,
        stats.error_difference_low,
        stats.error_difference_high,
        higher_is_better=False,
        told=words.signed_number,
    )


def paired_columns(version: str) -> list[Column]:
    """The columns that compare each version with one."""
    return [
        Column(f"paired with {version}", right=True, rank=1, descending=True),
        Column("Δ paired", right=True),
        Column("95 %", right=True, rank=1),
    ]


def paired_cells(window: MetricRecord | None, other: str) -> list[Cell]:
    """How the version of a window compares with another one."""
    stats = window.paired.get(other) if window is not None else None
    if stats is None:
        return [Cell(words.NONE)] * 3
    difference = difference_of(stats)
    style = "bold red" if difference.worse else "bold green" if difference.better else ""
    return [
        Cell(words.count(stats.pairs), stats.pairs),
        Cell(difference.told(difference.value), difference.value, style),
        Cell(difference.interval, difference.low),
    ]


def paired_text(window: MetricRecord) -> Text | None:
    """A sentence on the version that shares most requests with this one; None without any."""
    shared = sorted(window.paired.items(), key=lambda item: (-item[1].pairs, item[0]))
    if not shared:
        return None
    other, stats = shared[0]
    difference = difference_of(stats)
    style = "bold red" if difference.worse else "bold green" if difference.better else "bold"
    told = Text(f"{difference.title} ")
    told.append(difference.told(difference.value), style)
    told.append(f" (95 %: {difference.interval}) to version {plain(other)}")
    told.append(f" on {words.plural(stats.pairs, 'request')} that both answered")
    more = len(shared) - 1
    return told.append(f"; {words.plural(more, 'more version')}" if more else "")
