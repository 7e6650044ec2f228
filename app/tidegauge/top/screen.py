"""What the screens have in common: the line on top, a table with its filter, the keys."""

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Static

from tidegauge.live import words
from tidegauge.live.state import State
from tidegauge.top.table import ListingTable
from tidegauge.wire.plain import plain

_CLUSTER_WIDTH: Final = 24


class ListScreen(Screen[None]):
    """A screen around one table; subclasses say what is in it.

    Args:
        state: What is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("slash", "filter", "filter"),
        Binding("w", "size(1)", "window"),
        Binding("W", "size(-1)", show=False),
    ]

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def compose(self) -> ComposeResult:
        """The line on top, what the subclass adds, the table and the keys."""
        yield Static(id="head")
        yield Static(id="notice")
        yield Static(id="about")
        yield Static(id="tabs")
        yield Static(id="empty")
        yield ListingTable(id="table")
        yield Input(id="filter", placeholder="show rows with…", compact=True)
        yield Static(id="why")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Give the table the keys."""
        self.table.focus()
        for part in ("#about", "#tabs", "#why"):
            self.query_one(part).display = False

    def on_screen_resume(self) -> None:
        """It is in front again: show the present."""
        self.renew()

    @property
    def table(self) -> ListingTable:
        """The table."""
        return self.query_one(ListingTable)

    def renew(self) -> None:
        """Show the present, but for a screen that is not built yet or being taken down."""
        if self.query(ListingTable):
            self.show()

    def show(self) -> None:
        """Show the present; subclasses show their own first and end with this."""
        self.query_one("#head", Static).update(self._head())
        self._say("#notice", self._notice())
        rows = self.table.listing.rows
        filtered = rows and not self.table.row_count
        empty = "no row has all these words; esc shows all" if filtered else self._empty()
        self._say("#empty", Text(empty if filtered or not rows else ""))
        self.table.set_class(not self.table.row_count, "hidden")

    def tell(self, part: str, lines: list[Text]) -> None:
        """Show lines in a part of the screen; no line: no part."""
        widget = self.query_one(part, Static)
        widget.display = bool(lines)
        widget.update(Text("\n").join(lines))

    # ---------------------------------------------------------------- keys

    def action_back(self) -> None:
        """Drop the filter; without one, go back to the screen before."""
        field = self.query_one("#filter", Input)
        if field.has_class("open") or field.value:
            self.clear_filter()
        elif len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def clear_filter(self) -> None:
        """Show all rows again."""
        self.query_one("#filter", Input).value = ""
        self.table.filter("")
        self._close_filter()

    def action_filter(self) -> None:
        """Ask which rows to show."""
        field = self.query_one("#filter", Input)
        field.add_class("open")
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self.table.filter(event.value)
        self.show()

    def on_input_submitted(self) -> None:
        """Keep the filter and go back to the table."""
        self._close_filter()

    def action_size(self, step: int) -> None:
        """Show larger or smaller windows."""
        self.state.other_size(step)
        self.show()

    def _close_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.set_class(bool(field.value), "open")
        self.table.focus()

    def action_turn(self, step: int) -> None:
        """Look from another side; most screens have one."""

    # ---------------------------------------------------------------- what it says

    def on_listing_table_changed(self) -> None:
        """Another row is chosen, or there are other rows."""
        if self.query(ListingTable):
            self.explain()

    def explain(self) -> None:
        """Say more about the chosen row."""

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter, or a click on the chosen row."""
        if event.row_key.value is not None:
            self.opened(event.row_key.value)

    def opened(self, key: str) -> None:
        """Go down to what a row is about."""

    def _empty(self) -> str:
        return self.table.listing.empty

    def _head(self) -> Text:
        state = self.state
        firing = state.board.firing()
        troubled = len({alert.model for alert in firing})
        parts = [] if state.lag is None else [f"lag {words.count(state.lag)}"]
        parts.append(f"windows {words.size(state.size_ms)}")
        if state.connected and state.loading:
            parts.append("reading the past…")
        if state.unreadable:
            parts.append(f"{words.count(state.unreadable)} unreadable")
        if state.board.left_out:
            parts.append("too many series: some left out")
        parts.append(f"{words.second(state.clock())} UTC")
        cluster = words.shortened(plain(state.cluster), _CLUSTER_WIDTH)
        head = Text.assemble(("tidegauge top", "bold"), f" {cluster}  ")
        models = len(state.board.names())
        of = words.plural(models, "model")
        if not models:
            head.append("no model")
        elif firing:
            alerts = words.plural(len(firing), "alert")
            head.append(f"{alerts} in {troubled} of {of}", "bold red")
        else:
            head.append(f"no alert in {of}", "green")
        return head.append(f" · {' · '.join(parts)}")

    def _notice(self) -> Text:
        trouble = self.state.trouble
        if trouble is None:
            return Text("")
        return Text.assemble((" NOT CONNECTED ", "bold reverse red"), f" {plain(trouble)} ↻")

    def _say(self, part: str, text: Text) -> None:
        widget = self.query_one(part, Static)
        widget.set_class(bool(text), "said")
        widget.update(text)
