"""Listings as tables of a page: sorted, filtered and paged by what the address says."""

from collections.abc import Callable, Sequence
from typing import Final

from tidegauge.console.address import Address
from tidegauge.console.nodes import Element, element
from tidegauge.live import words
from tidegauge.live.listing import Arrangement, Cell, Column, Listing, Row, arranged

PAGE_ROWS: Final = 50
_TONES: Final = {
    "bold": "name",
    "bold red": "much",
    "bold yellow": "some",
    "bold green": "good",
    "green": "good",
    "dim": "dim",
}
"""Classes for the styles of cells."""
_STATES: Final = {
    "bold red": "mark crit",
    "bold yellow": "mark warn",
    "green": "mark good",
    "blue": "mark",
    "": "mark",
}
"""Likewise in a column of states: red is for alerts alone."""
_STATE: Final = "state"
_LONG: Final = 24
"""Characters from which on a text may be cut off, so that it is a tip as well."""
_RANKS: Final = (1, 4, 8, 16)
"""Columns of a higher rank need a wider screen."""


def arrangement(address: Address, prefix: str = "") -> Arrangement:
    """How an address wants a table sorted and filtered."""
    sort = address.option(f"{prefix}sort")
    reverse = sort.startswith("-")
    words_ = tuple(address.option(f"{prefix}q").casefold().split())
    return Arrangement(sort.removeprefix("-") or None, reverse, words_)


def table(
    listing: Listing,
    address: Address,
    *,
    label: str,
    link: Callable[[str], Address | None] = lambda _: None,
    prefix: str = "",
    filtered: bool = True,
) -> Element:
    """A table with its filter and its pages.

    Args:
        listing: What is in it.
        address: Of the page.
        label: What it is, for somebody who can't see it.
        link: Where a row leads, by its key.
        prefix: Of its options in the address, where a page has several tables.
        filtered: Whether it can be filtered.
    """
    wish = arrangement(address, prefix)
    rows = arranged(listing, wish)
    last = max(0, (len(rows) - 1) // PAGE_ROWS)
    page = min(address.number(f"{prefix}page"), last)
    shown = rows[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    if not listing.rows:
        return element("p", listing.empty, cls="empty", key=f"{prefix}table")
    return element(
        "div",
        _filter(address, label, prefix, len(rows), len(listing.rows)) if filtered else None,
        element(
            "div",
            element(
                "table",
                element("caption", label, cls="unseen"),
                _head(listing.columns, address, wish, prefix),
                element("tbody", *(_row(listing.columns, row, link) for row in shown)),
            ),
            cls="scroll",
            tabindex=-1,
        ),
        element("p", "No row has all these words.", cls="empty") if not rows else None,
        _pages(address, prefix, page, last) if last else None,
        cls="tablebox",
        key=f"{prefix}table",
    )


def filter_form(address: Address, label: str, *, prefix: str = "", counted: str = "") -> Element:
    """A field that filters while somebody types."""
    name = f"{prefix}q"
    return element(
        "form",
        element(
            "input",
            key="field",
            type="search",
            name=name,
            id=f"{prefix}filter",
            value=address.option(name),
            placeholder="filter",
            autocomplete="off",
            maxlength=200,
            aria_label=f"Filter: {label}",
            data_live=str(address.having(**{name: None, f"{prefix}page": None})),
            data_key="/",
        ),
        element("span", counted, cls="dim count", role="status") if counted else None,
        cls="filter",
        key=f"{prefix}filter",
    )


def _filter(address: Address, label: str, prefix: str, shown: int, all_: int) -> Element:
    counted = words.count(all_) if shown == all_ else f"{words.count(shown)} of {words.count(all_)}"
    return filter_form(address, label, prefix=prefix, counted=counted)


def _head(columns: Sequence[Column], address: Address, wish: Arrangement, prefix: str) -> Element:
    cells = []
    for column in columns:
        again = column.title == wish.sort
        sort = f"-{column.title}" if again and not wish.reverse else column.title
        descending = column.descending is not wish.reverse
        name = f"{prefix}sort"
        target = address.having(**{name: sort, f"{prefix}page": None})
        mark = ("▼" if descending else "▲") if again else None
        cells.append(
            element(
                "th",
                element(
                    "a",
                    column.title,
                    None if mark is None else element("span", mark, cls="sort", aria_hidden="true"),
                    href=str(target),
                    data_soft="1",
                ),
                scope="col",
                cls=_classes(column),
                key=column.title,
                aria_sort=("descending" if descending else "ascending") if again else None,
            )
        )
    return element("thead", element("tr", *cells))


def _row(columns: Sequence[Column], row: Row, link: Callable[[str], Address | None]) -> Element:
    target = link(row.key)
    linked = next((n for n, c in enumerate(columns) if c.title != _STATE), 0)
    cells = [
        _cell(column, cell, target if number == linked else None)
        for number, (column, cell) in enumerate(zip(columns, row.cells, strict=True))
    ]
    return element("tr", *cells, key=row.key, cls="linked" if target is not None else "")


def _cell(column: Column, cell: Cell, target: Address | None) -> Element:
    state = column.title == _STATE
    tone = _STATES.get(cell.style, "mark") if state else _TONES.get(cell.style, "")
    text = cell.text if target is None else element("a", cell.text, cls="row", href=str(target))
    inner = element("span", text, cls=tone) if state else text
    flexible, trend = column.least is not None, column.title == "trend"
    classes = (_classes(column), "" if state else tone, "long" * flexible, "trend" * trend)
    return element(
        "td",
        inner,
        cls=" ".join(filter(None, classes)),
        title=cell.text if flexible or len(cell.text) > _LONG else None,
    )


def _classes(column: Column) -> str:
    rank = sum(column.rank > bound for bound in _RANKS)
    return " ".join(filter(None, ("right" * column.right, f"rank{rank}" if rank else "")))


def _pages(address: Address, prefix: str, page: int, last: int) -> Element:
    def to(number: int, text: str, key: str) -> Element:
        if not 0 <= number <= last:
            return element("span", text, cls="off", key=key)
        target = address.having(**{f"{prefix}page": number})
        return element("a", text, key=key, href=str(target), data_soft="1", data_key=key)

    return element(
        "nav",
        to(page - 1, "← previous", "["),
        element("span", f"page {page + 1} of {last + 1}"),
        to(page + 1, "next →", "]"),
        cls="pages",
        aria_label="Pages",
    )
