"""A table before it is drawn: rows, how they are sorted and filtered, and what fits in a width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from rich.cells import cell_len

from tidegauge.wire.plain import plain

Value: TypeAlias = float | str | None

PADDING: Final = 2
"""Cells between two columns."""
SORT_MARKS: Final = {False: "▲", True: "▼"}
"""Ascending and descending, after the head of a column."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; its text is harmless on a terminal.

    Attributes:
        text: What is shown.
        value: What is sorted by; None comes last in either direction.
        style: A Rich style.
    """

    text: str
    value: Value = None
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: Its head.
        right: Aligned to the right.
        rank: What gives way first where not all fits: the column of the highest rank.
        limit: Greatest width; what is longer is cut off, and said to be.
        least: To what width it may be cut rather than give way; None: it is not.
        descending: Sorted by it, the largest comes first.
    """

    title: str
    right: bool = False
    rank: int = 0
    limit: int = 40
    least: int | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        key: Tells it from the others and stays the same while its figures change.
        cells: As many as there are columns.
    """

    key: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A table.

    Attributes:
        columns: At least one.
        rows: In the order that they have unsorted.
        empty: What is said where there is no row.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str = "nothing yet"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a person wants to see a table.

    Attributes:
        sort: The title of the column to sort by; None: the order of the listing.
        reverse: Against the column's own direction.
        words: Only rows that have each of these somewhere, in any case.
    """

    sort: str | None = None
    reverse: bool = False
    words: tuple[str, ...] = field(default=())


def text_cell(text: str, style: str = "") -> Cell:
    """A cell with a name or other text from anywhere."""
    return Cell(plain(text), text.casefold(), style)


def arranged(listing: Listing, wish: Arrangement) -> list[Row]:
    """The rows that are to be seen, in order; equal ones keep the order of the listing."""
    rows = [row for row in listing.rows if _matches(row, wish.words)]
    numbers = {column.title: number for number, column in enumerate(listing.columns)}
    number = numbers.get(wish.sort) if wish.sort is not None else None
    if number is None:
        return rows
    known = [row for row in rows if row.cells[number].value is not None]
    unknown = [row for row in rows if row.cells[number].value is None]
    descending = listing.columns[number].descending is not wish.reverse
    known.sort(key=lambda row: _sort_key(row.cells[number].value), reverse=descending)
    return known + unknown


def layout(listing: Listing, rows: Sequence[Row], width: int) -> dict[int, int]:
    """Which columns fit in a width, and how wide they are; the first one always stays.

    Returns:
        Widths by number of the column, in cells of the terminal.
    """
    natural = [_natural(column, number, rows) for number, column in enumerate(listing.columns)]
    least = [
        wide if column.least is None else min(wide, max(column.least, _head(column)))
        for column, wide in zip(listing.columns, natural, strict=True)
    ]
    shown = list(range(len(natural)))
    while len(shown) > 1 and _total(least, shown) > width:
        shown.remove(max(shown[1:], key=lambda number: (listing.columns[number].rank, number)))
    widths = {number: least[number] for number in shown}
    for number in shown:
        spare = max(0, width - _total(widths, shown))
        widths[number] += min(spare, natural[number] - least[number])
    return widths


def _total(widths: Sequence[int] | Mapping[int, int], shown: Sequence[int]) -> int:
    return sum(widths[number] + PADDING for number in shown)


def _natural(column: Column, number: int, rows: Sequence[Row]) -> int:
    widest = max((cell_len(row.cells[number].text) for row in rows), default=0)
    return max(_head(column), min(column.limit, widest))


def _head(column: Column) -> int:
    return cell_len(column.title) + len(SORT_MARKS[True])


def _matches(row: Row, words: Sequence[str]) -> bool:
    if not words:
        return True
    texts = [cell.text.casefold() for cell in row.cells]
    return all(any(word in text for text in texts) for word in words)


def _sort_key(value: Value) -> tuple[bool, Value]:
    return isinstance(value, str), value
