"""What a page is made of: elements of a few kinds, whose text can only ever be text.

Text from events ends up in text nodes and in attributes that are not code. There is no way to say
markup: `element` takes the tags and attributes it knows, addresses only within the console, and the
browser's part (`console.js`) makes text nodes of all text.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

_TAGS = """
a article aside b button caption code dd details dialog div dl dt em figcaption figure footer form
h1 h2 h3 header hr i input kbd label li main nav ol option p pre section select small span strong
summary svg path line circle table tbody td th thead time tr ul
"""
_ATTRIBUTES = """
href title id role scope colspan tabindex type name value placeholder autocomplete selected open d
viewBox preserveAspectRatio x1 x2 y1 y2 cx cy r for maxlength data-act data-key data-live data-up
data-soft
"""
TAGS: Final = frozenset(_TAGS.split())
ATTRIBUTES: Final = frozenset(_ATTRIBUTES.split())


class Element(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One element.

    Attributes:
        t: Its tag.
        c: Its classes.
        k: Tells it from its siblings and stays the same while its content changes.
        a: Its attributes.
        v: A share from 0 to 1 that its style reads, for bars.
        n: What is in it.
    """

    t: str
    c: str = ""
    k: str = ""
    a: dict[str, str] = {}
    v: float | None = None
    n: "tuple[Element | Chart | str, ...]" = ()


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart of ECharts.

    Attributes:
        k: See `Element`.
        label: What it shows, for somebody who can't see it.
        height: In pixels.
        chart: The options. Text from events may be a value in them, never a key.
    """

    k: str
    label: str
    height: int
    chart: dict[str, Any]


Node: TypeAlias = Element | Chart | str


def element(
    tag: str,
    *content: "Node | None",
    cls: str = "",
    key: str = "",
    share: float | None = None,
    **attributes: str | int | None,
) -> Element:
    """Make an element; what is None is left out.

    Args:
        tag: One of `TAGS`.
        content: What is in it.
        cls: Its classes.
        key: See `Element.k`.
        share: See `Element.v`; cut to its range.
        attributes: Those of `ATTRIBUTES` and ``aria-...``; an underscore stands for a hyphen, and
            one at the end is dropped.

    Raises:
        ValueError: A tag, attribute or address is not among those allowed.
    """
    if tag not in TAGS:
        raise ValueError(f"the console draws no {tag!r}")
    known = {}
    for name, value in attributes.items():
        attribute = name.rstrip("_").replace("_", "-")
        if attribute not in ATTRIBUTES and not attribute.startswith("aria-"):
            raise ValueError(f"the console sets no attribute {attribute!r}")
        if value is not None:
            known[attribute] = str(value)
    address = known.get("href", "/")
    if not address.startswith(("/", "#")) or address.startswith("//"):
        raise ValueError(f"{address!r} leads out of the console")
    return Element(
        t=tag,
        c=cls,
        k=key,
        a=known,
        v=None if share is None else max(0.0, min(1.0, share)),
        n=tuple(part for part in content if part is not None),
    )


def joined(parts: Sequence[Node], separator: str) -> list[Node]:
    """The parts with a separator between them."""
    found: list[Node] = []
    for part in parts:
        found += [separator, part] if found else [part]
    return found


def texts(node: Node) -> list[str]:
    """All text of a node in order, and what its charts show."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, Chart):
        return [node.label]
    return [text for part in node.n for text in texts(part)]


encode: Final = msgspec.json.Encoder().encode
"""The JSON of nodes, as the browser's part reads it."""
