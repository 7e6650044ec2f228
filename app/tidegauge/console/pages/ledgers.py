"""The ledgers: what became of every event, and that nothing is missing."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import asdict

from tidegauge.console.address import Address, of_model
from tidegauge.console.nodes import element
from tidegauge.console.shell import Block, section, waiting
from tidegauge.console.table import table
from tidegauge.core.ledger import UNKNOWN_MODEL
from tidegauge.core.records import FeedbackLedger, LedgerRecord, PredictionLedger
from tidegauge.live import words
from tidegauge.live.listing import Cell, Column, Listing, Row, text_cell
from tidegauge.live.state import State

_OUTSIDE: Final = ("read", "lost")
"""``read`` is the sum of the others, but for what was lost before it could be read."""
_TOTAL: Final = "all models"


def ledgers(state: State, address: Address) -> list[Block]:
    """The blocks of the page."""
    known = [m.ledger for m in state.board.models.values() if m.ledger is not None]
    known.sort(key=lambda ledger: ledger.model)
    unbalanced = [ledger for ledger in known if not _balanced(ledger)]
    if not known:
        said = waiting(state) or "No ledger yet: a worker publishes them when it reads events."
        return [Block("title", element("div", element("h1", said), cls="title"))]
    headline = (
        f"{words.plural(len(unbalanced), 'ledger')} out of balance"
        if unbalanced
        else f"{words.plural(len(known), 'ledger')}, all in balance"
    )
    note = (
        "Every event that was read is in exactly one state, so the states add up to what was read. "
        f"{UNKNOWN_MODEL} are events whose model can't be told."
    )
    title = element("div", element("h1", headline), element("p", note, cls="dim"), cls="title")
    predictions = _listing((ledger.model, ledger.predictions) for ledger in known)
    feedback = _listing((ledger.model, ledger.feedback) for ledger in known)

    def to(name: str) -> Address | None:
        return None if name in {_TOTAL, UNKNOWN_MODEL} else of_model(name)

    first = table(predictions, address, label="Predictions", link=to)
    second = table(feedback, address, label="Feedback", link=to, prefix="f")
    return [
        Block("title", title),
        Block("predictions", section("Predictions", first, key="predictions")),
        Block("feedback", section("Feedback", second, key="feedback")),
    ]


def _balanced(ledger: LedgerRecord) -> bool:
    return not (_gap(asdict(ledger.predictions)) or _gap(asdict(ledger.feedback)))


def _gap(states: dict[str, int]) -> int:
    return states["read"] - sum(n for name, n in states.items() if name not in _OUTSIDE)


def _listing(ledgers_: Iterable[tuple[str, PredictionLedger | FeedbackLedger]]) -> Listing:
    states = [(model, asdict(ledger)) for model, ledger in ledgers_]
    names: Sequence[str] = list(states[0][1])
    if len(states) > 1:
        sums = {name: sum(counts[name] for _, counts in states) for name in names}
        states = [(_TOTAL, sums), *states]
    columns = (
        Column("model", limit=40),
        *(
            Column(name.replace("_", " "), right=True, descending=True, rank=_rank(number, name))
            for number, name in enumerate(names)
        ),
        Column("balance", rank=1),
    )
    rows = tuple(
        Row(
            model,
            (
                text_cell(model, "bold"),
                *(Cell(words.count(n), n, "" if n else "dim") for n in counts.values()),
                _balance(_gap(counts)),
            ),
        )
        for model, counts in states
    )
    return Listing(columns, rows)


def _rank(number: int, name: str) -> int:
    return 0 if name in {"read", "labelled", "joined"} else 2 if number < 5 else 5


def _balance(gap: int) -> Cell:
    return Cell("✓", 0, "green") if not gap else Cell(f"{gap:+,} ✕", abs(gap), "bold red")
