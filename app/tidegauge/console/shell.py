"""What all pages have: the line on top with its links, what is wrong with the connection, help."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from tidegauge.console.address import Address
from tidegauge.console.nodes import Element, Node, element, joined
from tidegauge.live import words
from tidegauge.live.state import State
from tidegauge.wire.plain import plain


class Block(NamedTuple):
    """A part of a page that is sent when it has changed.

    Attributes:
        key: Its name on the page.
        node: What is in it.
    """

    key: str
    node: Node


READING: Final = "Reading what is known so far."
"""While the past is read."""
_PAGES: Final = (
    ("", "Models", "m"),
    ("alerts", "Alerts", "a"),
    ("dead-letters", "Dead letters", "d"),
    ("ledgers", "Ledgers", "l"),
    ("request", "Request", "r"),
)
_KEYS: Final = (
    ("↑ ↓  j k", "go through the rows of a table"),
    ("Enter", "open the row"),
    ("Esc", "clear the filter, or go up"),
    ("/", "filter"),
    ("w  W", "larger, smaller windows"),
    ("1 … 9", "the sides of a model"),
    ("[  ]", "previous, next page of a table"),
    ("m a d l r", "models, alerts, dead letters, ledgers, request"),
    ("t", "light, dark, or as the system is"),
    ("?", "this help"),
)
_FIGURES: Final = """\
Quality is that of the newest closed window in which at least half of the predictions have their \
label. It is compared with the median of the windows before or, while an alert fires, of those \
before the first alert began.
Drift is the population stability index against the reference: from 0.1 it is marked, from 0.25 it \
is commonly said to have changed.
Times are UTC, and of the events rather than of the clock on the wall.
"""


def size_of(state: State, address: Address) -> int:
    """The size of the windows that an address asks for, or the usual one, in ms."""
    wanted = address.option("window")
    sizes = state.board.sizes()
    return next((size for size in sizes if words.size(size) == wanted), state.size_ms)


def shell(state: State, address: Address) -> list[Block]:
    """The blocks that come before those of any page, and the help."""
    found = [Block("head", _head(state, address))]
    notice = _notice(state)
    if notice is not None:
        found.append(Block("notice", notice))
    return found


def help_block() -> Block:
    """What is shown for a question mark."""
    keys = [
        part
        for key, meaning in _KEYS
        for part in (element("dt", element("kbd", key)), element("dd", meaning))
    ]
    return Block(
        "help",
        element(
            "dialog",
            element("h2", "Keys and figures"),
            element("dl", *keys, cls="keys"),
            *(element("p", text) for text in _FIGURES.splitlines()),
            element("button", "Close", type="button", data_act="close", cls="button"),
            id="help",
            aria_label="Help",
        ),
    )


def crumbs(*parts: tuple[str, Address | None]) -> Element:
    """The way to this page; Escape goes one up."""
    found: list[Node] = []
    above = max((n for n, (_, target) in enumerate(parts) if target is not None), default=-1)
    for number, (text, target) in enumerate(parts):
        if target is None:
            found.append(element("span", plain(text)))
            continue
        up = "1" if number == above else None
        found.append(element("a", plain(text), href=str(target), data_up=up))
    return element("nav", *joined(found, " / "), cls="crumbs", aria_label="Breadcrumb")


def waiting(state: State) -> str | None:
    """What is said where nothing was read yet; None once the past is known."""
    if not state.connected:
        return f"Waiting for Kafka at {plain(state.cluster)}."
    return READING if state.loading else None


def facts(pairs: Iterable[tuple[str, Node | None]]) -> Element:
    """Names and what there is to say of them; what is None is left out."""
    parts = [
        element("div", element("dt", name), element("dd", said), key=name)
        for name, said in pairs
        if said is not None
    ]
    return element("dl", *parts, cls="facts")


def section(title: str, *content: Node | None, key: str, note: str = "") -> Element:
    """A part of a page with its heading."""
    heading = element("h2", title, element("small", note) if note else None)
    return element("section", heading, *content, key=key)


def _head(state: State, address: Address) -> Element:
    here = {"model": "", "alert": "alerts"}.get(address.page, address.page)
    firing = len(state.board.firing())
    counts = {
        "alerts": (firing, "count crit" if firing else "count"),
        "dead-letters": (state.board.refusals.count, "count"),
    }
    window = address.option("window")
    links = []
    for page, title, key in _PAGES:
        count, cls = counts.get(page, (0, ""))
        links.append(
            element(
                "a",
                title,
                element("span", words.count(count), cls=cls) if count else None,
                href=str(Address(page).having(window=window)),
                aria_current="page" if page == here else None,
                data_key=key,
                key=page,
            )
        )
    return element(
        "header",
        element("a", "Skip to content", href="#content", cls="skip"),
        element("a", "tidegauge", href=str(Address().having(window=window)), cls="brand"),
        element("nav", *links, cls="main", aria_label="Pages of the console"),
        element("div", *_status(state, address), cls="status"),
        cls="top",
    )


def _status(state: State, address: Address) -> list[Node]:
    parts: list[Node] = [
        element(
            "span",
            element("i", cls=f"lamp {'on' if state.connected else 'off'}", aria_hidden="true"),
            words.shortened(plain(state.cluster), 32) if state.connected else "not connected",
            cls="cluster",
            title=plain(state.cluster),
            key="cluster",
        )
    ]
    if state.lag is not None:
        title = "Events that the workers have not read yet"
        parts.append(element("span", f"lag {words.count(state.lag)}", title=title, key="lag"))
    if state.unreadable:
        parts.append(element("span", f"{words.count(state.unreadable)} unreadable", key="bad"))
    if state.board.left_out:
        parts.append(element("span", "too many series: some left out", key="left"))
    sizes = state.board.sizes()
    if sizes and address.page in {"", "model"}:
        parts.append(_windows(sizes, size_of(state, address), address))
    parts += [
        element("button", type="button", cls="button theme", data_act="theme", data_key="t",
                aria_label="Light or dark", title="Light, dark, or as the system is (t)"),
        element("button", "?", type="button", cls="button", data_act="help", data_key="?",
                aria_label="Help", title="Keys and figures (?)"),
    ]  # fmt: skip
    return parts


def _windows(sizes: list[int], chosen: int, address: Address) -> Element:
    place = sizes.index(chosen) if chosen in sizes else 0
    keys = {(place + 1) % len(sizes): "w", (place - 1) % len(sizes): "W"}
    links = [
        element(
            "a",
            words.size(size),
            href=str(address.having(window=words.size(size), page=None)),
            data_soft="1",
            data_key=keys.get(number) if number != place else None,
            aria_current="true" if size == chosen else None,
            key=str(size),
        )
        for number, size in enumerate(sizes)
    ]
    label = "Size of the windows"
    return element("span", *links, cls="switch", role="group", aria_label=label, key="windows")


def _notice(state: State) -> Element | None:
    if state.trouble is None:
        return None
    read = state.board.names()
    rest = "What is shown is what was read before." if read else ""
    return element(
        "div",
        element("strong", "Not connected. "),
        f"{plain(state.trouble).rstrip('.')}. It is tried again every few seconds. {rest}",
        cls="notice",
        role="status",
    )
