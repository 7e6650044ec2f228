"""How tables are sorted, filtered and fitted."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tidegauge.live.listing import (
    PADDING,
    Arrangement,
    Cell,
    Column,
    Listing,
    Row,
    arranged,
    layout,
    text_cell,
)

COLUMNS = (Column("name"), Column("size", right=True, descending=True))
VALUES = {"Ann": 3.0, "bob": None, "Cid": 12.0, "dan": 3.0}
LISTING = Listing(
    COLUMNS,
    tuple(Row(n, (text_cell(n), Cell(str(v), v))) for n, v in VALUES.items()),
)


def names(wish):
    return [row.key for row in arranged(LISTING, wish)]


def test_unsorted_rows_keep_the_order_of_the_listing():
    assert names(Arrangement()) == ["Ann", "bob", "Cid", "dan"]
    assert names(Arrangement("gone")) == ["Ann", "bob", "Cid", "dan"]


def test_numbers_come_largest_first_and_unknown_ones_last_in_either_direction():
    assert names(Arrangement("size")) == ["Cid", "Ann", "dan", "bob"]
    assert names(Arrangement("size", reverse=True)) == ["Ann", "dan", "Cid", "bob"]


def test_names_are_sorted_whatever_their_case():
    assert names(Arrangement("name")) == ["Ann", "bob", "Cid", "dan"]
    assert names(Arrangement("name", reverse=True)) == ["dan", "Cid", "bob", "Ann"]


def test_a_row_must_have_every_word_somewhere():
    assert names(Arrangement(words=("an",))) == ["Ann", "dan"]
    assert names(Arrangement(words=("an", "3.0", "d"))) == ["dan"]
    assert names(Arrangement(words=("an", "12"))) == []


def test_control_characters_are_shown_not_sent():
    cell = text_cell("a\x1b[2J\nb\u202e")
    assert cell.text == "a\\x1b[2J\\nb\\u202e"


def test_columns_give_way_by_rank():
    columns = (Column("a"), Column("b", rank=2), Column("c", rank=1), Column("d", rank=2))
    listing = Listing(columns, (Row("r", tuple(Cell("xxxx") for _ in columns)),))
    each = 4 + PADDING
    assert list(layout(listing, listing.rows, 4 * each)) == [0, 1, 2, 3]
    assert list(layout(listing, listing.rows, 4 * each - 1)) == [0, 1, 2]
    assert list(layout(listing, listing.rows, 3 * each - 1)) == [0, 2]
    assert list(layout(listing, listing.rows, 1)) == [0]


def test_a_column_may_be_cut_instead():
    listing = Listing(
        (Column("a"), Column("b", least=5)), (Row("r", (Cell("xxxx"), Cell("y" * 20))),)
    )
    assert layout(listing, listing.rows, 30) == {0: 4, 1: 20}
    assert layout(listing, listing.rows, 15) == {0: 4, 1: 7}
    assert layout(listing, listing.rows, 13) == {0: 4, 1: 5}
    assert layout(listing, listing.rows, 12) == {0: 4}


COLUMN = st.builds(
    Column,
    st.text(max_size=8),
    rank=st.integers(0, 3),
    limit=st.integers(1, 50),
    least=st.none() | st.integers(1, 20),
)


@given(
    columns=st.tuples(COLUMN, COLUMN, COLUMN),
    texts=st.lists(st.lists(st.text(max_size=60), min_size=3, max_size=3), max_size=5),
    width=st.integers(1, 200),
)
def test_what_is_shown_fits(columns, texts, width):
    rows = tuple(Row(str(n), tuple(text_cell(t) for t in row)) for n, row in enumerate(texts))
    widths = layout(Listing(columns, rows), rows, width)
    assert list(widths) == sorted(widths)
    assert 0 in widths
    assert len(widths) == 1 or sum(wide + PADDING for wide in widths.values()) <= width
    for number, wide in widths.items():
        assert wide > cell_len(columns[number].title), "there is room for the sort mark"
