"""A partial that is too large for a record is written in pieces."""

from tidegauge.core import partial as partials
from tidegauge.core.ledger import ModelLedger
from tidegauge.core.partial import Partial, Progress, SampleRow
from tidegauge.core.stats.predictionsample import SampledPrediction

PARTIAL = Partial(
    3,
    "model",
    Progress(predictions_time=7),
    ModelLedger(predictions_read=5),
    slots=[(["1", "origin", f"v{n}", 0, 0], [None] * 7) for n in range(100)],
    outcomes=[(["1", "", "", n], [1, 0]) for n in range(100)],
    samples=[SampleRow(n, 0, "1", 0.5, "yes", {"x": "y" * 50}) for n in range(100)],
    versions=[("1", f"c{n}", "", 0) for n in range(100)],
    examples=[(n, [SampledPrediction(n, "r", "", b"", "yes", 0.5, None)]) for n in range(100)],
)


def test_a_partial_that_fits_is_one_piece() -> None:
    (piece,) = partials.pieces(PARTIAL)
    assert partials.decode(piece) == PARTIAL


def test_pieces_hold_everything_once_in_order_and_progress_at_the_end() -> None:
    packed = list(partials.pieces(PARTIAL, max_bytes=1_000))
    assert max(map(len, packed)) <= 1_000
    *first, last = map(partials.decode, packed)
    assert len(first) >= 5
    for piece in first:
        assert (piece.progress, piece.ledger) == (Progress(), None)
    assert (last.progress, last.ledger) == (PARTIAL.progress, PARTIAL.ledger)
    for field in ("slots", "outcomes", "samples", "versions", "examples"):
        together = [item for piece in (*first, last) for item in getattr(piece, field)]
        assert together == getattr(PARTIAL, field)


def test_what_cannot_be_divided_is_a_piece_of_its_own() -> None:
    packed = list(partials.pieces(PARTIAL, max_bytes=1))
    assert len(packed) == 500
