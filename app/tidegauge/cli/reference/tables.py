"""How figures of profiles look in a terminal."""

from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tidegauge.cli import console
from tidegauge.core.stats.compare import Bin
from tidegauge.wire.plain import plain

_PSI_STYLES: Final = ((0.25, "bold red"), (0.1, "yellow"))
"""The usual reading of a PSI: from 0.1 a change, from 0.25 a large one."""
_TEXTS: Final = frozenset({"type", "version", "origin", "in effect from", "of", "most frequent"})
"""Columns of text; the others are numbers."""


def table(first: str, *columns: str) -> Table:
    """An empty table; columns of numbers are aligned to the right."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    made.add_column(first)
    for name in columns:
        made.add_column(name, justify="left" if name in _TEXTS else "right")
    return made


def print_bins(name: str, bins: Sequence[Bin], *columns: str) -> None:
    """Print the shares of bins, those before alone or those after beside them."""
    made = table(plain(name), *columns)
    for b in bins:
        cells = (b.before, b.after)[: len(columns)]
        made.add_row(plain(b.label), *(figure(share, ".1%") for share in cells))
    console.output().print(made)


def psi_text(value: float | None) -> Text:
    """A population stability index, coloured as it is usually read."""
    style = next((style for limit, style in _PSI_STYLES if (value or 0) >= limit), "")
    return Text(figure(value, ".3f"), style=style)


def figure(value: float | None, form: str) -> str:
    """A number in a format; nothing for None."""
    return "" if value is None else format(value, form)
