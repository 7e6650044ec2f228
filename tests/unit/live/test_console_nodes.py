"""What a page is made of, its addresses, and tables by what the address says."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.console import nodes
from tidegauge.console.address import Address, of_alert, of_model, of_request
from tidegauge.console.nodes import Element, element, encode, texts
from tidegauge.console.table import PAGE_ROWS, table
from tidegauge.live.listing import Cell, Column, Listing, Row, text_cell

HOSTILE = "<img src=x onerror=alert(1)>"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize("tag", ["script", "img", "iframe", "style", "SCRIPT", "x-y", ""])
def test_there_is_no_element_that_runs_or_loads_anything(tag: str):
    with pytest.raises(ValueError, match="draws no"):
        element(tag)


@pytest.mark.parametrize("name", ["onclick", "onerror", "style", "src", "srcdoc", "innerHTML"])
def test_there_is_no_attribute_that_is_code(name: str):
    with pytest.raises(ValueError, match="sets no attribute"):
        element("p", **{name: "1"})


@pytest.mark.parametrize("address", ["https://x", "//x/y", "javascript:alert(1)", "", "data:,x"])
def test_no_link_leads_out_of_the_console(address: str):
    with pytest.raises(ValueError, match="leads out"):
        element("a", href=address)


def test_the_browsers_part_draws_the_same_tags():
    script = Path(nodes.__file__).with_name("console.js").read_text(encoding="utf-8")
    listed = re.search(r"TAGS = new Set\((.*?)\);", script, re.DOTALL)
    assert listed is not None
    found = set(" ".join(re.findall(r'"([a-z0-9 ]+)"', listed[1])).split())
    assert found == nodes.TAGS
    assert "innerHTML" not in script
    assert "v-html" not in script


def test_text_stays_text_on_its_way():
    node = element("p", HOSTILE, element("a", HOSTILE, href=str(of_model(HOSTILE))))
    assert texts(node) == [HOSTILE, HOSTILE]
    assert b"<img" in encode(node)  # JSON, of which the browser makes text nodes
    link = node.n[1]
    assert isinstance(link, Element)
    assert "<" not in link.a["href"]


@given(TEXT, TEXT, st.dictionaries(TEXT.filter(bool), TEXT.filter(bool), max_size=3))
def test_an_address_says_all_that_it_was_made_of(page: str, name: str, options: dict[str, str]):
    page = page.replace("/", "").replace("?", "") or "model"
    if re.fullmatch(r"[a-z-]+", page) and name:
        address = Address(page, name, options)
        assert Address.parse(str(address)) == address


def test_addresses_that_mean_nothing_are_read_all_the_same():
    assert Address.parse("") == Address()
    assert Address.parse("http://[") == Address()
    assert Address.parse("/alerts?page=x&sort=").number("page") == 0
    assert Address.parse("/" + "x" * 100_000).page == "x" * 3_999
    assert str(of_alert("ab").having(window="1d")) == "/alert/ab?window=1d"
    assert str(of_request("a/b?c&d")) == "/request?id=a%2Fb%3Fc%26d"
    assert str(Address("alerts", "", {"page": "2"}).having(page=None)) == "/alerts"


def listing(rows: int) -> Listing:
    columns = (Column("state"), Column("name"), Column("count", right=True, descending=True))
    return Listing(
        columns,
        tuple(
            Row(f"k{n}", (Cell("ok"), text_cell(f"name {n:03}"), Cell(str(n), n)))
            for n in range(rows)
        ),
        empty="nothing here",
    )


def shown(address: str, rows: int = 120) -> list[str]:
    said = texts(table(listing(rows), Address.parse(address), label="Things"))
    return [text for text in said if text.startswith("name ")]


def test_a_table_is_paged_sorted_and_filtered_by_its_address():
    assert len(shown("/")) == PAGE_ROWS
    assert shown("/?page=2")[-1] == "name 119"
    assert shown("/?page=99")[-1] == "name 119"
    assert shown("/?sort=count")[0] == "name 119"
    assert shown("/?sort=-count")[0] == "name 000"
    assert shown("/?q=NAME+11") == ["name 011", *(f"name 11{n}" for n in range(10))]
    assert shown("/?sort=other")[0] == "name 000"


def test_a_table_says_why_it_is_empty():
    assert texts(table(listing(0), Address(), label="Things")) == ["nothing here"]
    none = texts(table(listing(3), Address.parse("/?q=zebra"), label="Things"))
    assert "No row has all these words." in none
    assert "0 of 3" in none
