"""The table of every screen: shows a listing as a person wants it, and keeps the row chosen."""

from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable

from tidegauge.live.listing import (
    PADDING,
    SORT_MARKS,
    Arrangement,
    Cell,
    Column,
    Listing,
    Row,
    arranged,
    layout,
)

_SCROLLBAR: Final = 1


class ListingTable(DataTable[Text]):
    """Shows one listing at a time, as many of its columns as fit.

    Attributes:
        listing: What is shown.
        arrangement: How it is sorted and filtered.
        openable: Whether there is something below a row.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "open"),
        Binding("s", "sort", "sort"),
        Binding("S", "reverse", "reverse", show=False),
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("left", "screen.turn(-1)", show=False),
        Binding("right", "screen.turn(1)", show=False),
    ]

    class Changed(Message):
        """Other rows are shown, or another one is chosen."""

        def __init__(self, table: "ListingTable") -> None:
            super().__init__()
            self.table = table

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, cursor_type="row", cell_padding=PADDING // 2)
        self.cursor_foreground_priority = "css"
        self.listing = Listing((Column(""),), ())
        self.arrangement = Arrangement()
        self.openable = True
        self._rows: list[Row] = []
        self._drawn: tuple[object, ...] = ()

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return self._rows[self.cursor_row].key if 0 <= self.cursor_row < len(self._rows) else None

    def present(self, listing: Listing, *, arrangement: Arrangement | None = None) -> None:
        """Show a listing; the cursor stays on its row."""
        self.listing = listing
        self.arrangement = arrangement or self.arrangement
        self._draw()

    def filter(self, text: str) -> None:
        """Show only the rows that have every word of a text."""
        old = self.arrangement
        self.arrangement = Arrangement(old.sort, old.reverse, tuple(text.casefold().split()))
        self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open a row only where that leads somewhere."""
        if action == "select_cursor":
            return self.openable
        return super().check_action(action, parameters)

    def action_sort(self) -> None:
        """Sort by the next column that is shown; after the last one by none."""
        titles: list[str | None] = [self.listing.columns[n].title for n in self._layout()]
        order = [None, *titles]
        old = self.arrangement
        place = order.index(old.sort) if old.sort in order else 0
        self._sort(order[(place + 1) % len(order)], reverse=False)

    def action_reverse(self) -> None:
        """Turn the order around."""
        self._sort(self.arrangement.sort, reverse=not self.arrangement.reverse)

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Sort by the column that was clicked; the second click turns the order around."""
        title = event.column_key.value
        again = title == self.arrangement.sort
        self._sort(title, reverse=again and not self.arrangement.reverse)

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002 - Textual's protocol
        """Other columns may fit now."""
        self._draw()

    def on_data_table_row_highlighted(self) -> None:
        """Say that another row is chosen."""
        self.post_message(self.Changed(self))

    def _sort(self, title: str | None, *, reverse: bool) -> None:
        self.arrangement = Arrangement(title, reverse, self.arrangement.words)
        self._draw()

    def _layout(self) -> dict[int, int]:
        return layout(self.listing, self._rows, self.size.width - _SCROLLBAR)

    def _draw(self) -> None:
        key, place = self.chosen, self.cursor_row
        self._rows = arranged(self.listing, self.arrangement)
        widths = self._layout()
        columns = {number: self.listing.columns[number] for number in widths}
        drawn = (widths, columns, self._rows, self.arrangement)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        offset = self.scroll_offset
        self.clear(columns=True)
        for number, column in columns.items():
            self.add_column(self._head(column), width=widths[number], key=column.title)
        for row in self._rows:
            cells = (_drawn_cell(row.cells[n], c, widths[n]) for n, c in columns.items())
            self.add_row(*cells, key=row.key)
        keys = [row.key for row in self._rows]
        at = keys.index(key) if key in keys else min(max(place, 0), max(len(keys) - 1, 0))
        self.move_cursor(row=at, animate=False, scroll=False)
        self.scroll_to(y=offset.y, animate=False)
        self.post_message(self.Changed(self))

    def _head(self, column: Column) -> Text:
        mark = ""
        if column.title == self.arrangement.sort:
            mark = SORT_MARKS[column.descending is not self.arrangement.reverse]
        return Text(column.title + mark, justify="right" if column.right else "left")


def _drawn_cell(cell: Cell, column: Column, width: int) -> Text:
    text = Text(cell.text, style=cell.style, justify="right" if column.right else "left")
    text.truncate(width, overflow="ellipsis")
    return text
