"""Dead letters: how many for each reason, and the newest of the chosen one."""

from datetime import timedelta
from typing import Final

from tidegauge.console.address import Address
from tidegauge.console.nodes import Element, element
from tidegauge.console.shell import Block, facts, section, waiting
from tidegauge.console.table import table
from tidegauge.core.deadletters import DeadLetterRecord
from tidegauge.core.reasons import Reason
from tidegauge.live import words
from tidegauge.live.listing import Cell, Column, Listing, Row, text_cell
from tidegauge.live.refusals import Refused
from tidegauge.live.state import State
from tidegauge.settings.duration import text
from tidegauge.wire.plain import plain

_SHOWN_SAMPLES: Final = 5
_SHOWN_BYTES: Final = 600
_COLUMNS: Final = (
    Column("reason"),
    Column("refused", right=True, descending=True),
    Column("newest", descending=True),
    Column("for instance", limit=100),
    Column("not copied", right=True, rank=2, descending=True),
)


def dead_letters(state: State, address: Address, retention: timedelta) -> list[Block]:
    """The blocks of the page.

    Args:
        state: What is known.
        address: Of the page.
        retention: How long the topic keeps them.
    """
    refusals = state.board.refusals
    known = refusals.by_reason()
    count = refusals.count
    headline = f"{words.plural(count, 'event')} refused" if count else "No event was refused"
    note = waiting(state) or (
        f"Events that can't be used are kept as dead letters for {text(retention)}, with the "
        "reason; the model's figures leave them out, its ledger counts them."
    )
    title = element("div", element("h1", headline), element("p", note, cls="dim"), cls="title")
    found = [Block("title", title)]
    if not known:
        return found
    chosen = next((r for r in known if r == address.option("reason")), next(iter(known)))
    rows = tuple(Row(reason, _cells(reason, refused)) for reason, refused in known.items())
    listing = Listing(_COLUMNS, rows)
    reasons = table(
        listing,
        address,
        label="Dead letters by reason",
        link=lambda reason: address.having(reason=reason),
        filtered=False,
    )
    samples = [_sample(letter) for letter in known[chosen].samples()[:_SHOWN_SAMPLES]]
    some = section(
        f"The newest {chosen}", *samples, key="samples", note="as they were published, cut short"
    )
    return [*found, Block("reasons", reasons), Block("samples", some)]


def _cells(reason: Reason, refused: Refused) -> tuple[Cell, ...]:
    samples = refused.samples()
    message = samples[0].message if samples else ""
    newest = refused.newest_ms or None
    return (
        text_cell(reason, "bold"),
        Cell(words.count(refused.count), refused.count),
        Cell(words.moment(newest), newest),
        text_cell(message),
        Cell(words.count(refused.uncopied), refused.uncopied),
    )


def _sample(letter: DeadLetterRecord) -> Element:
    place = f"{letter.topic}[{letter.partition}]@{letter.offset}"
    return element(
        "article",
        element("p", plain(letter.message)),
        facts(
            [
                ("read", f"{words.moment(letter.timestamp_ms)} UTC"),
                ("at", element("code", plain(place))),
                ("model", plain(letter.model) if letter.model is not None else None),
                ("key", element("code", _text(letter.key)) if letter.key is not None else None),
            ]
        ),
        element("pre", _value(letter)),
        cls="panel sample",
        key=place,
    )


def _value(letter: DeadLetterRecord) -> str:
    if letter.value is None:
        return "no value"
    shown = letter.value[:_SHOWN_BYTES]
    rest = (letter.value_length or 0) - len(shown)
    return _text(shown) + (f" … and {words.count(rest)} bytes" if rest > 0 else "")


def _text(value: bytes) -> str:
    return plain(value.decode(errors="backslashreplace"))
